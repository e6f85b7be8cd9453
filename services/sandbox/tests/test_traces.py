"""The real OTLP exporter against the collector."""

import asyncio
import gzip

import pytest
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import Link, SpanKind, Status, StatusCode, format_trace_id

from sandbox.client import SandboxClient
from sandbox.server import SandboxServer
from sandbox.traces.spans import SpanStore


def _export(url: str, compression: Compression) -> str:
    provider = TracerProvider(resource=Resource.create({"service.name": "gateway"}))
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(f"{url}/otlp/v1/traces", compression=compression)))
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("other") as other:
        link = Link(other.get_span_context())
    with tracer.start_as_current_span("POST /v1/jobs", kind=SpanKind.SERVER) as root:
        root.set_attribute("job.id", "job_7")
        with tracer.start_as_current_span("work", links=[link]) as child:
            child.set_attribute("sizes", [1, 2])
            child.set_status(Status(StatusCode.ERROR, "broken"))
    provider.shutdown()
    return format_trace_id(root.get_span_context().trace_id)


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
async def test_shows_an_exported_trace(server: SandboxServer, control: SandboxClient, compression: Compression) -> None:
    trace_id = await asyncio.to_thread(_export, server.public_url, compression)
    (found,) = await control.traces(attribute="job.id:job_7")
    assert found == {"trace_id": trace_id, "name": "POST /v1/jobs", "services": ["gateway"], "spans": 2}
    assert (await control.traces(name="work"))[0]["trace_id"] == trace_id
    assert await control.traces(name="nothing") == []
    root, child = (await control.http.get(f"/sandbox/traces/{trace_id}")).json()
    assert (root["kind"], root["parent_span_id"], root["attributes"]["job.id"]) == ("server", None, "job_7")
    assert child["parent_span_id"] == root["span_id"]
    assert (child["status"], child["attributes"]["sizes"], len(child["links"])) == ("error", [1, 2], 1)
    assert child["end_unix_nano"] >= child["start_unix_nano"]


async def test_refuses_what_is_no_export(control: SandboxClient) -> None:
    headers = {"content-type": "application/x-protobuf"}
    bad = await control.http.post("/otlp/v1/traces", content=b"\xff\xff\xff", headers=headers)
    assert bad.status_code == 400
    bomb = gzip.compress(bytes(40_000_000))
    headers["content-encoding"] = "gzip"
    assert (await control.http.post("/otlp/v1/traces", content=bomb, headers=headers)).status_code == 413
    assert (await control.http.post("/otlp/v1/traces", json={})).status_code == 415


def test_drops_the_oldest_traces() -> None:
    store = SpanStore(4)
    for number in range(3):
        store.add([{"trace_id": str(number), "name": "x", "start_unix_nano": i} for i in range(2)])
    assert [len(store.trace(str(number))) for number in range(3)] == [0, 2, 2]
    store.add([{"trace_id": "big", "name": "x", "start_unix_nano": i} for i in range(9)])
    assert [span["start_unix_nano"] for span in store.trace("big")] == [5, 6, 7, 8]
