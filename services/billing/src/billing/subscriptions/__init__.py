"""Subscriptions to plans: from the checkout to each month's credits and the plan an account has."""
