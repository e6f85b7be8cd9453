"""OpenAI's API under `/openai/v1`: images and text."""
