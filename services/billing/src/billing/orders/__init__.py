"""Finished products for people without an account: ordered, paid, worked on, and refunded when the work fails."""
