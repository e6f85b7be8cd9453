"""Looking at pictures: what is measured in one, and what a critic makes of it."""
