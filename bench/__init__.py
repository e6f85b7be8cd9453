"""Benchmarks: what the studio does in a second, beside what the same libraries do at their barest."""
