"""Artefacts after they were made: signed again for their owners, kept as long as plans say, deleted at the vendor."""
