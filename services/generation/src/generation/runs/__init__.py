"""Runs: the execution of a paid job, its place in the fair order, its lease, its remembered steps."""
