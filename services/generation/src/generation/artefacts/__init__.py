"""Artefacts of deleted accounts: found in what runs have stored, deleted at the vendor, each answer on record."""
