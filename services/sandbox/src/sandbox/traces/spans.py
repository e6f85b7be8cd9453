"""Received spans as plain JSON, grouped by trace and bounded."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

SpanJson = dict[str, Any]

_KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
_STATUSES = ("unset", "ok", "error")


class UnreadableExportError(Exception):
    """The body is no OTLP export."""


def read_export(body: bytes) -> list[SpanJson]:
    """The spans of an `ExportTraceServiceRequest`.

    Raises:
        UnreadableExportError: the body is none.
    """
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    try:
        request = ExportTraceServiceRequest.FromString(body)
    except DecodeError as error:
        raise UnreadableExportError(str(error)) from error
    found = []
    for resource_spans in request.resource_spans:
        service = _attributes(resource_spans.resource.attributes).get("service.name", "")
        for scope_spans in resource_spans.scope_spans:
            found += [_span(span, service) for span in scope_spans.spans]
    return found


def _span(span: "Span", service: str) -> SpanJson:
    return {
        "trace_id": span.trace_id.hex(),
        "span_id": span.span_id.hex(),
        "parent_span_id": span.parent_span_id.hex() or None,
        "name": span.name,
        "kind": _KINDS[span.kind],
        "service": service,
        "start_unix_nano": span.start_time_unix_nano,
        "end_unix_nano": span.end_time_unix_nano,
        "status": _STATUSES[span.status.code],
        "status_message": span.status.message,
        "attributes": _attributes(span.attributes),
        "links": [{"trace_id": link.trace_id.hex(), "span_id": link.span_id.hex()} for link in span.links],
        "events": [
            {
                "name": event.name,
                "unix_nano": event.time_unix_nano,
                "attributes": _attributes(event.attributes),
            }
            for event in span.events
        ],
    }


def _attributes(pairs: Iterable["KeyValue"]) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: "AnyValue") -> Any:
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return _attributes(value.kvlist_value.values)
    if kind == "bytes_value":
        return value.bytes_value.hex()
    return getattr(value, kind)


class SpanStore:
    """The last spans by trace; when there are too many, the trace that began first leaves as a whole."""

    def __init__(self, kept_max: int) -> None:
        self._kept_max = kept_max
        self._traces: OrderedDict[str, list[SpanJson]] = OrderedDict()
        self._count = 0

    def add(self, spans: list[SpanJson]) -> None:
        """Files spans under their traces."""
        for span in spans:
            self._traces.setdefault(span["trace_id"], []).append(span)
        self._count += len(spans)
        while self._count > self._kept_max and len(self._traces) > 1:
            _, dropped = self._traces.popitem(last=False)
            self._count -= len(dropped)
        if self._count > self._kept_max:
            (only,) = self._traces.values()
            del only[: self._count - self._kept_max]
            self._count = self._kept_max

    def trace(self, trace_id: str) -> list[SpanJson]:
        """A trace's spans, earliest start first."""
        return sorted(self._traces.get(trace_id, []), key=lambda span: span["start_unix_nano"])

    def find(self, name: str | None, attribute: tuple[str, str] | None, limit: int) -> list[dict[str, Any]]:
        """The newest traces with a span of that name and attribute: id, first name, services, count."""
        found: list[dict[str, Any]] = []
        for trace_id, spans in reversed(self._traces.items()):
            if len(found) == limit:
                break
            if not any(_has(span, name, attribute) for span in spans):
                continue
            first = min(spans, key=lambda span: span["start_unix_nano"])
            services = sorted({span["service"] for span in spans})
            found.append({"trace_id": trace_id, "name": first["name"], "services": services, "spans": len(spans)})
        return found

    def clear(self) -> None:
        """Forgets all spans."""
        self._traces.clear()
        self._count = 0


def _has(span: SpanJson, name: str | None, attribute: tuple[str, str] | None) -> bool:
    if name is not None and span["name"] != name:
        return False
    return attribute is None or str(span["attributes"].get(attribute[0])) == attribute[1]
