"""Owns the process's Prometheus registry: requests by route, event-loop lag, and the page that shows them."""

import asyncio
from typing import Any

from prometheus_client import REGISTRY, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import Response

LATENCY_BUCKETS_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 2.5, 5, 10)
_LAG_INTERVAL_SECONDS = 0.25

http_requests = Histogram(
    "http_server_request_duration_seconds",
    "Duration of HTTP requests, streams left out; names by OpenTelemetry semantic conventions.",
    ("service", "http_route", "http_request_method", "http_response_status_code"),
    buckets=LATENCY_BUCKETS_SECONDS,
)
http_streams = Gauge("http_server_open_streams", "Event streams being served.", ("service", "http_route"))
loop_lag = Histogram(
    "event_loop_lag_seconds",
    "How late the event loop ran a timer.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
loop_lag_last = Gauge("event_loop_lag_last_seconds", "The latest measure of the event loop's lag.")


class RequestDurations:
    """Observes request durations of one service, keeping the labelled children at hand.

    Cardinality is bounded: routes are templates, unmatched paths and unknown methods share one label each.
    """

    def __init__(self, service: str) -> None:
        self._service = service
        self._children: dict[tuple[str, str, int], Any] = {}

    def observe(self, route: str, method: str, status: int, seconds: float, trace_id: str | None = None) -> None:
        """Record one finished request; `trace_id`, given for sampled requests, becomes the exemplar."""
        key = (route, method, status)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = http_requests.labels(self._service, route, method, str(status))
        child.observe(seconds, {"trace_id": trace_id} if trace_id else None)


async def watch_event_loop() -> None:
    """Measure the event loop's lag for ever; run it as a task of each process."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + _LAG_INTERVAL_SECONDS
        await asyncio.sleep(_LAG_INTERVAL_SECONDS)
        late = max(0.0, loop.time() - due)
        loop_lag.observe(late)
        loop_lag_last.set(late)


async def metrics_page(request: Request) -> Response:
    """`GET /metrics`: Prometheus text, or OpenMetrics with exemplars where the scraper asks for it."""
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(REGISTRY), headers={"content-type": content_type})
