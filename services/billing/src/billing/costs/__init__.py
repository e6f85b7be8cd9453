"""What providers cost us, job by job, and how much of it nobody was charged for."""
