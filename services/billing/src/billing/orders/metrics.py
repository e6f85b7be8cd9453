"""What is counted about orders."""

from prometheus_client import Counter, Gauge

refund_steps = Counter("order_refund_steps_total", "Steps of refunds by how they ended", ["state"])
refunds_failed = Gauge("order_refunds_failed", "Orders whose money could not be given back; must be 0")
