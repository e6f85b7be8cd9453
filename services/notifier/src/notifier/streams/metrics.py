"""What the operator sees of the event streams."""

from prometheus_client import Counter, Gauge, Histogram

connections_active = Gauge("sse_connections_active", "Event streams open in this process.")
resumes = Counter("sse_resumes", "Streams that went on from a resume point.")
dropped = Counter("sse_dropped", "Streams ended by this side before their time.", ["reason"])
refused = Counter("sse_refused", "Streams refused because a limit was reached.", ["limit"])
resets = Counter("sse_resets", "Resume points that were not in the log any more.")
delay = Histogram(
    "sse_event_delay_seconds",
    "From a fact happening in its service to it being written to a live stream.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
