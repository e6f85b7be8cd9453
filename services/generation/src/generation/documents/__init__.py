"""Documents for customers: what they add up to, how they are laid out."""
