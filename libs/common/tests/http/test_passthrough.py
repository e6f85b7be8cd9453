"""Two real servers: a gateway that hands through, and an owner behind it."""

import asyncio
from uuid import UUID

import httpx2
import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import SecretStr

from common.errors import InsufficientCredits
from common.http.app import create_app
from common.http.client import build_http_client
from common.http.identity import Caller, verify_identity
from common.http.passthrough import Passthrough

SECRETS = (SecretStr("s" * 32),)
CALLER = Caller(UUID(int=1), UUID(int=2), "pro")
PARENT = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"


class Owner:
    """What the owner saw."""

    def __init__(self):
        self.streams_closed = 0
        self.router = APIRouter(prefix="/v1")
        self.router.add_api_route("/echo", self.echo, methods=["GET", "POST", "DELETE"])
        for path, endpoint in (
            ("/poor", self.poor),
            ("/events", self.events),
            ("/silent", self.silent),
            ("/slow", self.slow),
            ("/trickle", self.trickle),
            ("/big", self.big),
            ("/empty", self.empty),
        ):
            self.router.add_api_route(path, endpoint)

    async def echo(self, request: Request) -> JSONResponse:
        caller = verify_identity(SECRETS, request.headers["x-atelier-identity"])
        return JSONResponse(
            {
                "user": str(caller.user_id),
                "method": request.method,
                "query": request.url.query,
                "body": (await request.body()).decode(),
                "headers": {name: value for name, value in request.headers.items() if name != "x-atelier-identity"},
            },
            status_code=201,
            headers={"x-atelier-secret": "s", "location": "/v1/somewhere", "connection": "keep-alive"},
        )

    async def poor(self) -> None:
        raise InsufficientCredits(5, 2)

    async def events(self, request: Request) -> StreamingResponse:
        async def stream():
            try:
                yield f"id: {request.headers.get('last-event-id')}\n\n".encode()
                while True:
                    await asyncio.sleep(0.02)
                    yield b": beat\n\n"
            finally:
                self.streams_closed += 1

        return StreamingResponse(stream(), media_type="text/event-stream")

    async def silent(self) -> StreamingResponse:
        async def stream():
            yield b": one\n\n"
            await asyncio.sleep(60)

        return StreamingResponse(stream(), media_type="text/event-stream")

    async def slow(self) -> None:
        await asyncio.sleep(60)

    async def trickle(self) -> StreamingResponse:
        async def stream():
            while True:
                yield b"x"
                await asyncio.sleep(0.05)

        return StreamingResponse(stream(), media_type="application/octet-stream")

    async def big(self) -> Response:
        return Response(b"x" * 300_000, media_type="image/webp")

    async def empty(self) -> Response:
        return Response(status_code=204)


@pytest.fixture
def owner():
    return Owner()


@pytest.fixture
async def gateway(settings, serve, owner):
    """The gateway's application and an HTTP client that speaks to it."""
    behind = create_app(
        service="owner", settings=settings, routers=[owner.router], readiness={}, title="o", version="1"
    )
    async with running(settings, serve, await serve(behind)) as both:
        yield both


class running:  # noqa: N801 - reads as a statement
    def __init__(self, settings, serve, owner_url):
        self.settings, self.serve, self.owner_url = settings, serve, owner_url

    async def __aenter__(self):
        self.upstream = build_http_client()
        passthrough = Passthrough(self.owner_url, self.upstream, SECRETS, total_seconds=0.5, stream_idle_seconds=0.4)
        router = APIRouter()

        @router.api_route("/{path:path}", methods=["GET", "POST", "DELETE"])
        async def anything(request: Request) -> Response:
            patience = request.headers.get("x-patience")
            return await passthrough.forward(request, CALLER, total_seconds=float(patience) if patience else None)

        app: FastAPI = create_app(
            service="gateway", settings=self.settings, routers=[router], readiness={}, title="g", version="1"
        )
        app.state.stopping = asyncio.Event()
        app.router.routes.sort(key=lambda route: "{path" in str(getattr(route, "path", "{path")))
        self.http = build_http_client(base_url=await self.serve(app))
        return app, self.http

    async def __aexit__(self, *_):
        await self.http.aclose()
        await self.upstream.aclose()


async def eventually(condition):
    async with asyncio.timeout(2):
        while not condition():  # noqa: ASYNC110 - the condition has no event
            await asyncio.sleep(0.01)


async def test_hands_method_query_body_and_safe_headers_through_with_a_signed_identity(gateway):
    _, http = gateway
    answer = await http.post(
        "/v1/echo?a=1&b=%20x",
        content="hello",
        headers={
            "Idempotency-Key": "k1",
            "Content-Type": "text/plain",
            "X-Request-Id": "request-1",
            "traceparent": PARENT,
            "Authorization": "Bearer secret",
            "Cookie": "session=secret",
            "X-Atelier-Identity": "forged",
            "X-Atelier-Admin": "yes",
        },
    )
    seen = answer.json()
    assert answer.status_code == 201
    assert (seen["user"], seen["method"], seen["body"]) == (str(CALLER.user_id), "POST", "hello")
    assert seen["query"] == "a=1&b=%20x"
    headers = seen["headers"]
    assert (
        headers.items()
        >= {
            "idempotency-key": "k1",
            "content-type": "text/plain",
            "x-request-id": "request-1",
            "traceparent": PARENT,
            "content-length": "5",
        }.items()
    )
    assert not {"authorization", "cookie", "x-atelier-admin", "transfer-encoding"} & set(headers)
    assert answer.headers["location"] == "/v1/somewhere"
    assert "x-atelier-secret" not in answer.headers
    for once in ("x-request-id", "x-content-type-options", "date", "cache-control"):
        assert len(answer.headers.get_list(once)) == 1


async def test_the_owners_problem_is_the_answer(gateway):
    _, http = gateway
    answer = await http.get("/v1/poor", headers={"x-request-id": "request-1"})
    assert (answer.status_code, answer.json()["code"]) == (402, "INSUFFICIENT_CREDITS")
    assert answer.json()["request_id"] == "request-1"
    assert answer.headers["content-type"] == "application/problem+json"


async def test_large_and_empty_answers_arrive_whole(gateway):
    _, http = gateway
    big = await http.get("/v1/big")
    assert (len(big.content), big.headers["content-length"]) == (300_000, "300000")
    assert (await http.get("/v1/empty")).status_code == 204
    assert (await http.delete("/v1/echo")).status_code == 201


async def test_a_chunked_body_is_handed_through(gateway):
    async def body():
        yield b"one "
        yield b"two"

    _, http = gateway
    assert (await http.post("/v1/echo", content=body())).json()["body"] == "one two"


async def test_events_flow_as_they_come_and_the_owner_is_let_go_when_the_client_goes(gateway, owner):
    _, http = gateway
    async with http.stream("GET", "/v1/events", headers={"Last-Event-ID": "41"}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.aiter_lines()
        assert await anext(lines) == "id: 41"
        started = asyncio.get_running_loop().time()
        beats = 0
        async for line in lines:
            beats += line == ": beat"
            if asyncio.get_running_loop().time() - started > 0.8:  # longer than the total time of other answers
                break
        assert beats > 5
        assert owner.streams_closed == 0
    await eventually(lambda: owner.streams_closed == 1)


async def test_events_end_when_the_gateway_drains(gateway, owner):
    app, http = gateway
    async with http.stream("GET", "/v1/events") as answer:
        lines = answer.aiter_lines()
        await anext(lines)
        app.state.stopping.set()
        async with asyncio.timeout(1):
            assert [line async for line in lines][-1] in {": beat", ""}
    await eventually(lambda: owner.streams_closed == 1)


async def test_a_silent_event_stream_ends_at_once_when_the_gateway_drains(gateway):
    app, http = gateway
    async with http.stream("GET", "/v1/silent") as answer:
        lines = answer.aiter_lines()
        await anext(lines)
        app.state.stopping.set()
        async with asyncio.timeout(0.25):  # sooner than the idle limit
            assert [line async for line in lines] == [""]


async def test_a_silent_event_stream_is_ended(gateway):
    _, http = gateway
    async with asyncio.timeout(2):
        answer = await http.get("/v1/silent")
    assert answer.text == ": one\n\n"


async def test_an_owner_that_does_not_answer_in_time_is_unavailable(gateway):
    _, http = gateway
    answer = await http.get("/v1/slow")
    assert (answer.status_code, answer.json()["code"]) == (503, "DEPENDENCY_UNAVAILABLE")
    assert answer.headers["retry-after"] == "2"


async def test_a_route_may_give_its_owner_another_time(gateway):
    _, http = gateway
    started = asyncio.get_running_loop().time()
    answer = await http.get("/v1/slow", headers={"x-patience": "1.0"})
    assert answer.status_code == 503
    assert asyncio.get_running_loop().time() - started > 0.9


async def test_an_endless_answer_is_cut_at_the_deadline(gateway):
    _, http = gateway
    async with asyncio.timeout(2):
        with pytest.raises(httpx2.RemoteProtocolError):
            await http.get("/v1/trickle")


async def test_an_absent_owner_is_unavailable(settings, serve):
    async with running(settings, serve, "http://127.0.0.1:9") as (_, http):
        answer = await http.get("/v1/echo")
        assert (answer.status_code, answer.json()["code"]) == (503, "DEPENDENCY_UNAVAILABLE")
        assert "127.0.0.1" not in answer.text


async def test_a_kept_connection_the_owner_closed_is_replaced_once_for_reads(settings, serve):
    connections = 0

    async def handle(reader, writer):
        nonlocal connections
        connections += 1
        answers = 1 if connections == 1 else 2  # the first connection dies on its second request
        for _ in range(answers):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, running(settings, serve, f"http://127.0.0.1:{port}") as (_, http):
        assert [(await http.get("/v1/x")).status_code for _ in range(2)] == [200, 200]
        assert connections == 2
