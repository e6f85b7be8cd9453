"""Stripe against the ledger: what was missed is fed to the inbox, what then differs is reported."""
