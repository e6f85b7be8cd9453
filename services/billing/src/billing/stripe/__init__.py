"""Stripe: our calls to it, and its events on their way in."""
