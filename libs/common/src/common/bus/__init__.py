"""The stream bus: outbox to stream to inbox, at least once in between, exactly once in effect."""
