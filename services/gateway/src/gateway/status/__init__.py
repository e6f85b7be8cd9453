"""The public status: what works, what waits, what is switched off, and until when."""
