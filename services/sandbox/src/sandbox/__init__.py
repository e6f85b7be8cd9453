"""Stands in for OpenAI, Replicate, Cloudinary, Stripe, a mail server and a trace collector, over the wire."""
