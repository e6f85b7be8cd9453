"""The mail server and what it received."""
