"""OpenAI's API under `/openai/v1`: images now, text in a module beside them."""
