"""Does a fault to an answer: one small function for each kind of HTTP fault."""

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.faults.kinds import (
    AnswerFault,
    DelayFault,
    DisconnectFault,
    DripFault,
    Fault,
    GarbageFault,
    PredictionFault,
    StatusFault,
    TruncateFault,
)
from sandbox.operations import Vendor
from sandbox.web.protocol import CLOSE_EXTENSION, CloseConnection

SCRIPTED = "sandbox.scripted"
"""Where a route finds, in the request's scope, the fault that only it can make happen."""

ErrorBody = Callable[[int], Any]
"""A vendor's usual JSON body for an error status."""

ErrorBodies = Mapping[Vendor, ErrorBody]

_GARBAGE: dict[str, tuple[bytes, str]] = {
    "html": (b"<!doctype html><html><body><h1>Just a moment...</h1></body></html>", "text/html"),
    "broken_json": (b'{"data": [{"b64_json": "iVBORw0KG', "application/json"),
    "empty_object": (b"{}", "application/json"),
}


@dataclass(slots=True)
class _Held:
    """An answer kept back until the fault has decided what to do with it."""

    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""


async def apply_fault(
    fault: Fault, app: ASGIApp, scope: Scope, receive: Receive, send: Send, error_body: ErrorBody | None
) -> None:
    """Answers with the fault done to it; `error_body` shapes an error the rule gave no body for."""
    match fault:
        case StatusFault():
            if fault.after_work:
                await _work(app, scope, receive)
            await _error(fault, error_body)(scope, receive, send)
        case DelayFault():
            await _late(fault, app, scope, receive, send)
        case DripFault():
            await _drip(fault, await _work(app, scope, receive), send)
        case TruncateFault():
            await _truncate(fault, await _work(app, scope, receive), scope, receive, send)
        case DisconnectFault():
            if fault.after_work:
                await _work(app, scope, receive)
            await _close(scope, receive, now=True)
        case GarbageFault():
            content, media_type = _GARBAGE[fault.garbage]
            await Response(content, 200, media_type=media_type)(scope, receive, send)
        case PredictionFault() | AnswerFault():
            scope[SCRIPTED] = fault
            await app(scope, receive, send)
        case _:
            raise TypeError(f"{type(fault).__name__} cannot happen to an HTTP request")


def _error(fault: StatusFault, error_body: ErrorBody | None) -> Response:
    headers = dict(fault.headers)
    if fault.retry_after is not None:
        value = fault.retry_after
        headers["Retry-After"] = value if isinstance(value, str) else f"{value:g}"
    body = fault.body
    if body is None and error_body is not None:
        body = error_body(fault.status)
    if isinstance(body, str):
        return Response(body, fault.status, headers=headers)
    return JSONResponse(body, fault.status, headers=headers)


async def _work(app: ASGIApp, scope: Scope, receive: Receive) -> _Held:
    held = _Held()
    pieces: list[bytes] = []

    async def hold(message: Message) -> None:
        if message["type"] == "http.response.start":
            held.status = message["status"]
            held.headers = [(bytes(name), bytes(value)) for name, value in message.get("headers", [])]
        elif message["type"] == "http.response.body":
            pieces.append(message.get("body", b""))

    await app(scope, receive, hold)
    held.body = b"".join(pieces)
    return held


async def _late(fault: DelayFault, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    if not fault.after_work:
        await asyncio.sleep(fault.delay_seconds)
        await app(scope, receive, send)
        return
    held = await _work(app, scope, receive)
    await asyncio.sleep(fault.delay_seconds)
    await send({"type": "http.response.start", "status": held.status, "headers": held.headers})
    await send({"type": "http.response.body", "body": held.body})


async def _drip(fault: DripFault, held: _Held, send: Send) -> None:
    await send({"type": "http.response.start", "status": held.status, "headers": held.headers})
    size = max(1, math.ceil(len(held.body) / fault.pieces))
    pieces = [held.body[start : start + size] for start in range(0, len(held.body), size)]
    for piece in pieces:
        await asyncio.sleep(fault.drip_seconds / len(pieces))
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _truncate(fault: TruncateFault, held: _Held, scope: Scope, receive: Receive, send: Send) -> None:
    part = held.body[: int(len(held.body) * fault.fraction)]
    headers = [(name, value) for name, value in held.headers if name.lower() != b"content-length"]
    promised = len(part) if fault.clean else len(held.body) + 1
    headers.append((b"content-length", str(promised).encode()))
    await send({"type": "http.response.start", "status": held.status, "headers": headers})
    await send({"type": "http.response.body", "body": part, "more_body": not fault.clean})
    if not fault.clean:
        await _close(scope, receive, now=False)


async def _close(scope: Scope, receive: Receive, *, now: bool) -> None:
    close: CloseConnection = scope["extensions"][CLOSE_EXTENSION]
    close(now)
    while (await receive())["type"] != "http.disconnect":
        pass
