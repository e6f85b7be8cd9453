"""Plans: how much an account may do. Data, changed without a deploy."""
