"""Providers of capabilities: vendors' calls, their errors, and the one loop that retries and fails over."""
