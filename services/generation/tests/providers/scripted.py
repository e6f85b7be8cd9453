"""A vendor on loopback that answers from a script and counts what really arrived."""

import asyncio
import io
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from PIL import Image
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

Step = Response | Callable[[Request], Response | Awaitable[Response]]


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class ScriptedVendor:
    """Answers each ``METHOD /path`` from its list of steps; the last step repeats."""

    port: int
    seen: list[Seen] = field(default_factory=list)
    steps: dict[str, list[Step]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def on(self, route: str, *steps: Step) -> None:
        self.steps[route] = list(steps)

    def count(self, route: str) -> int:
        return sum(1 for one in self.seen if f"{one.method} {one.path}" == route)

    def reset(self) -> None:
        self.seen.clear()
        self.steps.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        body = await request.body()
        route = f"{request.method} {request.url.path}"
        self.seen.append(Seen(request.method, request.url.path, dict(request.headers), body))
        steps = self.steps.get(route)
        if not steps:
            await Response("not scripted", 418)(scope, receive, send)
            return
        step = steps.pop(0) if len(steps) > 1 else steps[0]
        answer = step if isinstance(step, Response) else step(request)
        response = answer if isinstance(answer, Response) else await answer
        await response(scope, receive, send)


@asynccontextmanager
async def scripted_vendor() -> AsyncIterator[ScriptedVendor]:
    """A vendor on a free port of 127.0.0.1."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        vendor = ScriptedVendor(listener.getsockname()[1])
        config = uvicorn.Config(
            vendor, log_config=None, lifespan="off", access_log=False, timeout_graceful_shutdown=1, ws="none"
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await until(lambda: server.started)
        try:
            yield vendor
        finally:
            server.should_exit = True
            await asyncio.wait_for(serving, 10)


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for something that happens elsewhere; fails when it does not."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for is another program's state
            await asyncio.sleep(0.005)


def png(width: int = 64, height: int = 64, colour: str = "teal") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "PNG")
    return out.getvalue()


def answer(body: Any, status: int = 200, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return JSONResponse(body, status, headers=named)


def slow(seconds: float, then: Response) -> Step:
    async def step(request: Request) -> Response:
        for _ in range(int(seconds / 0.05)):
            await asyncio.sleep(0.05)
            if await request.is_disconnected():
                break
        return then

    return step


def drip(body: bytes, every_seconds: float = 0.05, media_type: str = "application/json") -> Step:
    """A healthy answer, one byte at a time."""

    async def pieces() -> AsyncIterator[bytes]:
        for byte in body:
            yield bytes([byte])
            await asyncio.sleep(every_seconds)

    return lambda _: StreamingResponse(pieces(), headers={"content-length": str(len(body))}, media_type=media_type)


def cut(body: bytes, promised: int, media_type: str = "application/json") -> Step:
    """Promises more bytes than it sends, then drops the connection."""

    async def pieces() -> AsyncIterator[bytes]:
        yield body
        await asyncio.sleep(0)
        raise ConnectionAbortedError("scripted")

    headers = {"content-length": str(promised)}
    return lambda _: StreamingResponse(pieces(), headers=headers, media_type=media_type)
