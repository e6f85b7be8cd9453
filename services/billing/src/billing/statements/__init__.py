"""Statements: what moved an account's credits, line by line, and what became of one job's price."""
