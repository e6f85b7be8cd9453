"""What is counted of automatic top-ups."""

from prometheus_client import Counter

top_up_steps = Counter(
    "top_up_steps_total", "Steps of automatic top-ups by how the attempt stood after them.", ("state",)
)
