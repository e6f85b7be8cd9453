"""Credits given or taken by hand, with who did it and why."""
