"""Jobs as the public sees them: admission, the wait for billing's word, and the read model."""
