"""The engine: claims runs under a lease and carries them out step by step."""
