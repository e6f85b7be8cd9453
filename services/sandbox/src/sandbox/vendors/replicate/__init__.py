"""Replicate's API under `/replicate/v1`, and the files its predictions leave."""
