"""Finished products for people without an account: ordered here, kept by billing, read with the order's own token."""
