"""The log of what the vendors were really asked: tests count paid calls with it."""
