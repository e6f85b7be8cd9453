"""Spans of event handling, so that one trace runs from the request through every stream.

Semantic conventions for messaging: `process {event type}`, kind CONSUMER, child of the span that said the event. In a
batch each event keeps its own span, because each belongs to somebody else's trace.
"""

from contextvars import Token
from types import TracebackType

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from common.telemetry.tracing import context_from, span_context_from, tracer

_LENGTH = 55
"""Of a traceparent of version 00."""


class ProcessSpan:
    """The span of one event being handled. Costs next to nothing where the trace is not sampled."""

    def __init__(self, event_type: str, group: str, traceparent: str | None, batch_size: int) -> None:
        self._event_type = event_type
        self._group = group
        self._traceparent = traceparent
        self._batch_size = batch_size
        self._span: Span | None = None
        self._token: Token[Context] | None = None

    def open(self) -> str | None:
        """Start the span without making it current; answers the `traceparent` for what the event causes."""
        if self._traceparent is None or not _is_sampled(self._traceparent):
            return self._traceparent
        self._span = tracer().start_span(
            f"process {self._event_type}",
            context=context_from(self._traceparent),
            kind=SpanKind.CONSUMER,
            attributes={
                "messaging.system": "redis",
                "messaging.operation.type": "process",
                "messaging.destination.name": self._event_type,
                "messaging.consumer.group.name": self._group,
                "messaging.batch.message_count": self._batch_size,
            },
        )
        return _traceparent_of(self._span)

    def close(self, error: BaseException | None = None) -> None:
        """End the span."""
        if self._span is None:
            return
        if error is not None:
            self._span.record_exception(error)
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()

    def __enter__(self) -> "ProcessSpan":
        self.open()
        if self._span is not None:
            self._token = otel_context.attach(trace.set_span_in_context(self._span))
        elif self._traceparent is not None:
            self._token = otel_context.attach(context_from(self._traceparent))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._token is not None:
            otel_context.detach(self._token)
        self.close(error)


def _is_sampled(traceparent: str) -> bool:
    if traceparent.endswith("-00") and len(traceparent) == _LENGTH:
        return False
    remote = span_context_from(traceparent)
    return remote is not None and remote.trace_flags.sampled


def _traceparent_of(span: Span) -> str:
    context = span.get_span_context()
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
