"""Tells people what happens: the event log of each account, its live streams, and e-mail."""
