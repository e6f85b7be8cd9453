import asyncio
import re

import httpx2
import pytest
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, StreamingResponse
from prometheus_client import REGISTRY
from pydantic import BaseModel

from common.errors import (
    AppError,
    Conflict,
    DependencyUnavailable,
    InsufficientCredits,
    NotFound,
    OperationInProgress,
    RateLimited,
    Unauthorized,
)
from common.http.app import create_app
from common.http.problems import STATUS_BY_CODE, problem_responses
from common.settings import CommonSettings
from common.telemetry import tracing

PARENT = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"


class Order(BaseModel):
    amount: int
    notes: list[str] = []


inner = APIRouter(prefix="/inner")
router = APIRouter(prefix="/v1")


@inner.get("/{name}")
async def nested(name: str) -> str:
    return name


@router.post("/orders", responses=problem_responses(InsufficientCredits, Conflict, OperationInProgress))
async def order(order: Order) -> Order:
    return order


@router.post("/raw")
async def raw(request: Request) -> int:
    return len(await request.body())


@router.post("/large/raw")
async def large(request: Request) -> int:
    return len(await request.body())


@router.get("/fail/{code}")
async def fail(code: str) -> None:
    errors = {
        "credits": InsufficientCredits(5, 2),
        "rate": RateLimited(retry_after_seconds=1.2),
        "absent": NotFound(),
        "who": Unauthorized(),
        "late": DependencyUnavailable(retry_after_seconds=0.2),
    }
    if code == "bug":
        raise RuntimeError("the password is hunter2")
    raise errors[code]


@router.get("/trace")
async def trace() -> str | None:
    return tracing.traceparent()


@router.get("/cached")
async def cached() -> JSONResponse:
    return JSONResponse({}, headers={"cache-control": "max-age=5"})


@router.get("/events")
async def events() -> StreamingResponse:
    async def stream():
        yield b": one\n\n"
        await asyncio.sleep(0.05)
        yield b": two\n\n"

    return StreamingResponse(stream(), media_type="text/event-stream")


@router.get("/breaks")
async def breaks() -> StreamingResponse:
    async def stream():
        yield b"x" * 10
        await asyncio.sleep(0.01)
        raise RuntimeError("mid-stream")

    return StreamingResponse(stream(), media_type="application/octet-stream")


router.include_router(inner)


def make(settings, **changes):
    defaults = {
        "service": "t",
        "settings": settings,
        "routers": [router],
        "readiness": {},
        "title": "T",
        "version": "1",
    }
    return create_app(**(defaults | changes))


@pytest.fixture
async def http(settings, serve, client):
    async with client(await serve(make(settings, body_bytes_max=1000, body_limits={"/v1/large": 5000}))) as http:
        yield http


def count(route, status, method="GET"):
    labels = {
        "service": "t",
        "http_route": route,
        "http_request_method": method,
        "http_response_status_code": status,
    }
    return REGISTRY.get_sample_value("http_server_request_duration_seconds_count", labels) or 0


@pytest.mark.parametrize(
    ("path", "status", "code", "more"),
    [
        ("/v1/fail/credits", 402, "INSUFFICIENT_CREDITS", {"required": 5, "available": 2}),
        ("/v1/fail/rate", 429, "RATE_LIMITED", {}),
        ("/v1/fail/absent", 404, "NOT_FOUND", {}),
        ("/v1/fail/who", 401, "UNAUTHORIZED", {}),
        ("/v1/fail/bug", 500, "INTERNAL", {}),
        ("/v1/nowhere", 404, "NOT_FOUND", {}),
        ("/v1/orders", 405, "METHOD_NOT_ALLOWED", {}),
    ],
)
async def test_every_failure_is_a_problem_document(http, path, status, code, more):
    answer = await http.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document.items() >= {"status": status, "code": code, "instance": path, **more}.items()
    assert document["type"] == "/problems/" + code.lower().replace("_", "-")
    assert document["request_id"] == answer.headers["x-request-id"]
    assert "hunter2" not in answer.text


async def test_retry_after_is_whole_seconds_rounded_up_and_401_names_its_scheme(http):
    assert (await http.get("/v1/fail/rate")).headers["retry-after"] == "2"
    assert (await http.get("/v1/fail/late")).headers["retry-after"] == "1"
    assert (await http.get("/v1/fail/who")).headers["www-authenticate"] == "Bearer"
    assert (await http.get("/v1/orders")).headers["allow"] == "POST"


async def test_refused_fields_are_json_pointers_without_the_value(http):
    answer = await http.post("/v1/orders", json={"amount": "hunter2", "notes": ["a", 3]})
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_FAILED")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/body/amount", "/body/notes/1"]
    assert "hunter2" not in answer.text
    broken = await http.post("/v1/orders", content=b"{", headers={"content-type": "application/json"})
    assert (broken.status_code, broken.json()["code"]) == (422, "VALIDATION_FAILED")


async def test_an_unexpected_exception_is_logged_once(http, capsys):
    await http.get("/v1/fail/bug")
    output = capsys.readouterr().out
    assert output.count("request_failed") == 1
    assert output.count("RuntimeError: the password is hunter2") == 1


async def test_a_failure_after_the_first_byte_cuts_the_connection(http):
    with pytest.raises(httpx2.RemoteProtocolError, match=r"peer closed|incomplete|disconnected"):
        await http.get("/v1/breaks")
    assert (await http.get("/livez")).status_code == 200


async def chunks(size):
    for _ in range(size // 100):
        yield b"x" * 100


@pytest.mark.parametrize("path", ["/v1/raw", "/v1/orders"])
async def test_a_long_body_is_refused_declared_or_in_chunks(http, path):
    for content in (b"x" * 1001, chunks(1100)):
        answer = await http.post(path, content=content)
        assert (answer.status_code, answer.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")
        assert answer.headers["x-request-id"]


async def test_body_limits_hold_by_path(http):
    assert (await http.post("/v1/raw", content=b"x" * 1000)).json() == 1000
    assert (await http.post("/v1/large/raw", content=b"x" * 5000)).json() == 5000
    assert (await http.post("/v1/large/raw", content=chunks(5000))).json() == 5000
    assert (await http.post("/v1/large/raw", content=b"x" * 5001)).status_code == 413


async def test_a_sane_request_id_is_kept_and_another_replaced(http):
    assert (await http.get("/v1/trace", headers={"x-request-id": "abc-12345"})).headers["x-request-id"] == "abc-12345"
    for odd in ("short", "x" * 200, 'a"b{c}d;e', "with space"):
        answer = await http.get("/v1/trace", headers={"x-request-id": odd})
        assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


async def test_safe_headers_are_on_every_answer_and_a_route_may_choose_its_caching(http):
    answer = await http.get("/v1/trace")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "strict-transport-security" not in answer.headers
    assert (await http.get("/v1/cached")).headers["cache-control"] == "max-age=5"


async def test_durations_are_counted_by_route_template_and_streams_are_not(http):
    before = count("/v1/inner/{name}", "200"), count("unmatched", "404"), count("/v1/events", "200")
    for name in "ab":
        await http.get(f"/v1/inner/{name}")
    await http.get("/v1/nowhere-else")
    await http.get("/v1/events")
    assert count("/v1/inner/{name}", "200") == before[0] + 2
    assert count("unmatched", "404") == before[1] + 1
    assert count("/v1/events", "200") == before[2] == 0
    assert REGISTRY.get_sample_value("http_server_open_streams", {"service": "t", "http_route": "/v1/events"}) == 0
    page = (await http.get("/metrics")).text
    assert 'http_route="/v1/inner/{name}"' in page
    assert "/livez" not in page


async def test_the_trace_of_the_caller_goes_on(http):
    answer = await http.get("/v1/trace", headers={"traceparent": PARENT})
    assert answer.json() == PARENT
    assert answer.headers["traceresponse"].startswith("00-" + "a" * 32)
    failed = await http.get("/v1/fail/bug", headers={"traceparent": PARENT})
    assert failed.json()["trace_id"] == "a" * 32


async def test_one_server_span_a_request_named_by_route(http, settings, monkeypatch):
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_tracer", provider.get_tracer("test"))
    for path in ("/v1/inner/a", "/v1/fail/bug", "/v1/nowhere", "/v1/events", "/livez"):
        await http.get(path, headers={"traceparent": PARENT})
    spans = exporter.get_finished_spans()
    assert [span.name for span in spans] == [
        "GET /v1/inner/{name}",
        "GET /v1/fail/{code}",
        "GET",
        "GET /v1/events",
    ]
    assert all(span.parent.span_id == int("b" * 16, 16) for span in spans)
    assert [span.status.status_code.name for span in spans] == ["UNSET", "ERROR", "UNSET", "UNSET"]
    assert spans[1].attributes["error.type"] == "RuntimeError"
    assert spans[0].attributes["http.route"] == "/v1/inner/{name}"


async def test_readiness_says_which_part_failed_and_asks_once_a_second(settings, serve, client, monkeypatch):
    asked = []

    async def fine():
        asked.append(1)

    async def broken():
        raise ConnectionError("10.0.0.7 refused")

    async def silent():
        await asyncio.sleep(60)

    monkeypatch.setattr("common.http.health.CHECK_TIMEOUT_SECONDS", 0.1)
    app = make(settings, readiness={"database": fine, "redis": broken, "storage": silent})
    async with client(await serve(app)) as http:
        answers = await asyncio.gather(*(http.get("/readyz") for _ in range(10)))
        assert {answer.status_code for answer in answers} == {503}
        assert answers[0].json()["parts"] == {"database": "ok", "redis": "failed", "storage": "timeout"}
        assert "10.0.0.7" not in answers[0].text
        assert len(asked) == 1
        assert (await http.get("/livez")).status_code == 200


async def test_not_ready_while_draining(settings, serve, client):
    app = make(settings)
    async with client(await serve(app)) as http:
        assert (await http.get("/readyz")).status_code == 200
        app.state.draining = True
        assert (await http.get("/readyz")).json()["status"] == "draining"


def test_openapi_describes_problems_and_no_other_error_model(settings):
    schema = make(settings).openapi()
    operation = schema["paths"]["/v1/orders"]["post"]
    assert set(operation["responses"]) == {"200", "402", "409", "422", "default"}
    for status in ("402", "409", "422", "default"):
        (media_type,) = operation["responses"][status]["content"]
        assert media_type == "application/problem+json"
    assert "OPERATION_IN_PROGRESS" in operation["responses"]["409"]["description"]
    assert {"Problem", "FieldProblem"} <= set(schema["components"]["schemas"])
    assert "HTTPValidationError" not in str(schema)
    assert not any(path in schema["paths"] for path in ("/livez", "/readyz", "/metrics"))


def test_every_error_has_a_status_and_no_two_share_a_code():
    def family(error):
        return [error, *(descendant for child in error.__subclasses__() for descendant in family(child))]

    codes = [error.code for error in family(AppError) if error.__module__ == "common.errors"]
    assert len(codes) == len(set(codes)) == 20
    assert set(codes) <= set(STATUS_BY_CODE)


def test_production_shows_no_docs_and_asks_for_https(settings):
    production = CommonSettings(
        redis_url="redis://x/0",
        environment="production",
        identity_secrets="s" * 32,
        public_url="https://atelier.example",
    )
    app = make(production)
    assert app.docs_url is None
    (edge,) = app.user_middleware
    assert edge.kwargs["https"]
