"""The span around each call: its name, kind and what it may tell."""

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from common.telemetry import tracing
from generation.providers import attempt
from generation.providers.errors import Throttled, Unavailable
from generation.providers.ports import ProviderImage


async def _delivers() -> ProviderImage:
    return ProviderImage(b"x", "image/png", 1, 1, 30_100, request_id="req_1", input_tokens=20)


async def _throttles() -> ProviderImage:
    raise Throttled("HTTP 429", provider="openai", model="m", request_id="req_2")


async def _hangs() -> ProviderImage:
    raise Unavailable("silence", provider="openai", model="m", billable_unknown=True)


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_tracer", provider.get_tracer("test"))
    return exporter


async def test_each_call_is_a_client_span_with_cost_and_tokens(spans: InMemorySpanExporter) -> None:
    await attempt.watched_call(_delivers(), capability="image.make", provider="openai", model="m", timeout_seconds=1)
    (span,) = spans.get_finished_spans()
    assert (span.name, span.kind) == ("image.make openai/m", SpanKind.CLIENT)
    told = dict(span.attributes or {})
    assert told["gen_ai.provider.name"] == "openai"
    assert (told["atelier.cost_microusd"], told["gen_ai.usage.input_tokens"]) == (30_100, 20)
    assert told["gen_ai.response.id"] == "req_1"


async def test_a_failed_call_says_how(spans: InMemorySpanExporter) -> None:
    with pytest.raises(Throttled):
        await attempt.watched_call(
            _throttles(), capability="image.make", provider="openai", model="m", timeout_seconds=1
        )
    with pytest.raises(Unavailable):
        await attempt.watched_call(_hangs(), capability="image.make", provider="openai", model="m", timeout_seconds=1)
    first, second = spans.get_finished_spans()
    assert first.status.status_code is StatusCode.ERROR
    assert [(s.attributes or {}).get("error.type") for s in (first, second)] == ["rate_limited", "timeout"]
