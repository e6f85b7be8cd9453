"""Kinds of work. Each module here declares one kind; nothing else needs to know of it."""
