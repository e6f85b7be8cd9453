"""Deleting an account: at once for its user, then wherever something of it is kept, each answer on record."""
