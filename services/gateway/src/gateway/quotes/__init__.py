"""Estimates, and binding quotes: what a job will cost at most."""
