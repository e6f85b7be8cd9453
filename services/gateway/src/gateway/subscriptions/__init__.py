"""The plan of each account, as billing says it."""
