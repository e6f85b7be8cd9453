"""Stripe's API under `/stripe/v1`, its hosted payment page, its events and its webhooks."""
