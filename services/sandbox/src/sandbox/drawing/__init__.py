"""Draws pictures worth looking at from a prompt, always the same for the same prompt, seed and size."""
