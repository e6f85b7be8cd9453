"""Billing: the credit ledger, the catalogue and Stripe. The only service that decides about money."""
