"""Faults on request: what can go wrong, which rule applies, and how it is done to an answer."""
