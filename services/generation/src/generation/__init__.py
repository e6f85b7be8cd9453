"""Generation: kinds of work, their runs in fair order, the workers that carry them out and the providers they use."""
