"""Owns spans: one tracer a process, W3C trace context in and out of text, nothing instrumented by itself.

    with span("send job.submitted", kind=SpanKind.PRODUCER) as current:
        row.traceparent = traceparent()
    ...
    with span("process job.submitted", kind=SpanKind.CONSUMER, parent=row.traceparent):
        ...

The tracer is held here and not registered globally, so that no library starts to trace by itself: an idle arq
worker with automatic Redis spans makes two root traces a second.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    Tracer,
)
from opentelemetry.util.types import AttributeValue

if TYPE_CHECKING:
    from common.settings import CommonSettings

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_EXPORT_DELAY_MS = 500
_EXPORT_TIMEOUT_SECONDS = 5
_QUEUE_SPANS_MAX = 4096
_BATCH_SPANS_MAX = 512
_FLUSH_TIMEOUT_MS = 2000

_tracer: Tracer = trace.NoOpTracer()
_enabled = False


def configure_tracing(service: str, settings: "CommonSettings") -> Callable[[], None]:
    """Export spans to `<endpoint>/v1/traces`; without an endpoint nothing starts, spans cost near nothing.

    Call it in the process that makes the spans, after a fork: the exporter runs a thread.

    Returns:
        A blocking function that flushes and stops the exporter (within some seconds).
    """
    global _tracer, _enabled
    if not settings.otlp_endpoint:
        _tracer, _enabled = trace.NoOpTracer(), False
        return lambda: None
    # Imported late: the exporter costs 5 MB that a process without traces need not pay.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio

    provider = TracerProvider(
        sampler=ParentBasedTraceIdRatio(settings.trace_sample_ratio),
        resource=Resource.create(
            {
                "service.name": service,
                "service.namespace": "atelier",
                "deployment.environment.name": settings.environment,
            }
        ),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(
        BatchSpanProcessor(
            OTLPSpanExporter(endpoint=f"{settings.otlp_endpoint}/v1/traces", timeout=_EXPORT_TIMEOUT_SECONDS),
            max_queue_size=_QUEUE_SPANS_MAX,
            schedule_delay_millis=_EXPORT_DELAY_MS,
            max_export_batch_size=_BATCH_SPANS_MAX,
        )
    )
    _tracer, _enabled = provider.get_tracer("atelier"), True

    def shutdown() -> None:
        global _tracer, _enabled
        _tracer, _enabled = trace.NoOpTracer(), False
        provider.force_flush(_FLUSH_TIMEOUT_MS)
        provider.shutdown()

    return shutdown


def enabled() -> bool:
    """Whether this process exports spans at all."""
    return _enabled


def tracer() -> Tracer:
    """The process's tracer; a no-op one before `configure_tracing` and after its shutdown."""
    return _tracer


def traceparent() -> str | None:
    """The current span as a W3C `traceparent`, or None outside any trace."""
    current = trace.get_current_span().get_span_context()
    if not current.is_valid:
        return None
    return f"00-{current.trace_id:032x}-{current.span_id:016x}-{current.trace_flags:02x}"


def trace_id() -> str | None:
    """The current trace's id in hex, or None outside any trace."""
    current = trace.get_current_span().get_span_context()
    return f"{current.trace_id:032x}" if current.is_valid else None


def span_context_from(text: str | None) -> SpanContext | None:
    """The remote span named by a `traceparent`; None when absent or malformed (W3C Trace Context §3.2.2)."""
    match = _TRACEPARENT.fullmatch(text) if text else None
    if match is None:
        return None
    trace_hex, span_hex, flags_hex = match.groups()
    remote = SpanContext(
        int(trace_hex, 16), int(span_hex, 16), is_remote=True, trace_flags=TraceFlags(int(flags_hex, 16) & 3)
    )
    return remote if remote.is_valid else None


def context_from(traceparent: str | None) -> Context:
    """A context whose current span is the remote one named by `traceparent`; an empty one without it."""
    remote = span_context_from(traceparent)
    empty = Context()
    return empty if remote is None else trace.set_span_in_context(NonRecordingSpan(remote), empty)


@contextmanager
def span(
    name: str,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    parent: str | None = None,
    links: Sequence[str | None] = (),
    attributes: Mapping[str, AttributeValue] | None = None,
) -> Iterator[Span]:
    """Run a block in a span; an exception is recorded on it, turns it to ERROR and goes on.

    Args:
        name: low in cardinality (`process job.submitted`, not an id).
        kind: `SpanKind.CLIENT` for calls out, `PRODUCER`/`CONSUMER` for events, `SERVER` for what we answer.
        parent: a `traceparent` to continue; by default the current span.
        links: `traceparent`s of what led here without being the parent (batches, replays).
        attributes: by OpenTelemetry semantic conventions.
    """
    context = context_from(parent) if parent is not None else None
    causes = [Link(cause) for cause in map(span_context_from, links) if cause is not None] if links else None
    current = _tracer.start_span(name, context=context, kind=kind, links=causes, attributes=attributes)
    token = otel_context.attach(trace.set_span_in_context(current, context))
    try:
        yield current
    except Exception as error:
        if current.is_recording():
            current.record_exception(error)
            current.set_attribute("error.type", type(error).__qualname__)
            current.set_status(StatusCode.ERROR, type(error).__qualname__)
        raise
    finally:
        otel_context.detach(token)
        current.end()
