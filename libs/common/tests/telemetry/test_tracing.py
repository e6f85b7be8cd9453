import http.server
import os
import threading
import time

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.trace import SpanKind, StatusCode

from common.settings import CommonSettings
from common.telemetry import tracing

PARENT = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
UNSAMPLED_PARENT = PARENT[:-2] + "00"


@pytest.fixture
def collector():
    """A real OTLP/HTTP endpoint; gives its address and the spans it received."""
    spans = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            request = ExportTraceServiceRequest.FromString(body)
            for resource in request.resource_spans:
                service = next(a.value.string_value for a in resource.resource.attributes if a.key == "service.name")
                spans.extend((service, self.path, span) for scope in resource.scope_spans for span in scope.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", spans
        server.shutdown()
        thread.join()


def configured(endpoint, ratio=1.0, service="billing"):
    return tracing.configure_tracing(
        service, CommonSettings(redis_url="redis://x/0", otlp_endpoint=endpoint, trace_sample_ratio=ratio)
    )


def test_spans_reach_the_collector_within_a_second_with_parent_link_and_error(collector):
    endpoint, spans = collector
    stop = configured(endpoint)
    with (
        pytest.raises(ValueError, match="boom"),
        tracing.span("process job.submitted", kind=SpanKind.CONSUMER, parent=PARENT, links=[PARENT, None, "junk"]),
    ):
        raise ValueError("boom")
    deadline = time.monotonic() + 3
    while not spans and time.monotonic() < deadline:
        time.sleep(0.02)
    assert time.monotonic() - deadline < -1.5
    ((service, path, span),) = spans
    stop()
    assert (service, path, span.name) == ("billing", "/v1/traces", "process job.submitted")
    assert span.trace_id.hex() == "a" * 32
    assert span.parent_span_id.hex() == "b" * 16
    assert len(span.links) == 1
    assert span.status.code == StatusCode.ERROR.value
    assert span.events[0].name == "exception"


def test_shutdown_flushes_and_then_nothing_is_made(collector):
    endpoint, spans = collector
    stop = configured(endpoint)
    with tracing.span("last"):
        pass
    stop()
    assert [span.name for _, _, span in spans] == ["last"]
    assert not tracing.enabled()
    with tracing.span("after"):
        assert tracing.traceparent() is None


def test_sampling_follows_the_parent_then_the_ratio(collector):
    endpoint, spans = collector
    stop = configured(endpoint, ratio=0.0)
    with tracing.span("root"):
        assert int(tracing.traceparent()[-2:], 16) & 1 == 0  # the second bit only says that the id is random
    with tracing.span("child of sampled", parent=PARENT):
        assert tracing.traceparent().startswith("00-" + "a" * 32)
        assert int(tracing.traceparent()[-2:], 16) & 1 == 1
    with tracing.span("child of unsampled", parent=UNSAMPLED_PARENT):
        pass
    stop()
    assert [span.name for _, _, span in spans] == ["child of sampled"]


def test_without_an_endpoint_the_context_is_still_passed_on():
    tracing.configure_tracing("x", CommonSettings(redis_url="redis://x/0"))()
    with tracing.span("nothing"):
        assert tracing.traceparent() is None
    with tracing.span("nothing", parent=PARENT):
        assert tracing.traceparent() == PARENT


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "junk",
        PARENT[:-1],
        PARENT.upper(),
        "ff" + PARENT[2:],
        "00-" + "0" * 32 + "-" + "b" * 16 + "-01",
    ],
)
def test_a_malformed_traceparent_starts_a_new_trace(text):
    assert tracing.span_context_from(text) is None


def test_a_forked_child_exports_its_own_spans(collector):
    endpoint, spans = collector
    stop = configured(endpoint, service="parent")
    child = os.fork()
    if child == 0:
        stop_child = configured(endpoint, service="child")
        with tracing.span("in child"):
            pass
        stop_child()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    stop()
    assert [(service, span.name) for service, _, span in spans] == [("child", "in child")]


def test_an_absent_collector_costs_the_caller_nothing():
    stop = configured("http://127.0.0.1:9")
    started = time.monotonic()
    for _ in range(200):
        with tracing.span("lost"):
            pass
    assert time.monotonic() - started < 0.5
    thread = threading.Thread(target=stop, daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
