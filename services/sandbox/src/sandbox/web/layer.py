"""The layer around every vendor: reads the body, writes the log, and lets the faults happen."""

import asyncio
import time
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.faults.kinds import Fault
from sandbox.faults.registry import FaultRegistry
from sandbox.journal.record import Journal, RequestRecord, credential_of, kept_headers
from sandbox.journal.summary import summarise
from sandbox.operations import Vendor, recognise
from sandbox.web.effects import ErrorBodies, apply_fault

_BODY_SECONDS_MAX = 60.0


class BodyTooLargeError(Exception):
    """The request's body passes the limit."""


class ClientGoneError(Exception):
    """The client went away before its body was complete."""


class VendorLayer:
    """ASGI middleware: a vendor's request is read whole, logged, then answered with or without a fault.

    Requests that are for no vendor (the sandbox's own API) pass untouched.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        journal: Journal,
        faults: FaultRegistry,
        error_bodies: ErrorBodies,
        body_bytes_max: int,
    ) -> None:
        self._app = app
        self._journal = journal
        self._faults = faults
        self._error_bodies = error_bodies
        self._body_bytes_max = body_bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one ASGI call."""
        target = recognise(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if target is None:
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        record = self._begin(scope, *target)
        try:
            body = await self._read(record, scope, receive)
        except BodyTooLargeError:
            record.status = 413
            await JSONResponse({"error": {"message": "Request body too large"}}, 413)(scope, receive, send)
            return
        except (ClientGoneError, TimeoutError):
            return
        taken = self._faults.take(*target)
        fault: Fault | None = None
        if taken is not None:
            record.fault_id, fault = taken
        try:
            await self._answer(scope, receive, body, record, send, target, fault)
        finally:
            record.duration_ms = round((time.perf_counter() - started) * 1000, 3)

    def _begin(self, scope: Scope, vendor: Vendor, operation: str) -> RequestRecord:
        headers = Headers(scope=scope)
        record = self._journal.begin(vendor, operation, scope["method"], scope["path"])
        record.query = scope["query_string"].decode("ascii", "replace")[:500]
        record.headers = kept_headers(headers)
        record.authorization = credential_of(headers)
        return record

    async def _read(self, record: RequestRecord, scope: Scope, receive: Receive) -> bytes:
        pieces: list[bytes] = []
        size = 0
        async with asyncio.timeout(_BODY_SECONDS_MAX):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGoneError
                piece = message.get("body", b"")
                size += len(piece)
                if size > self._body_bytes_max:
                    raise BodyTooLargeError
                pieces.append(piece)
                if not message.get("more_body", False):
                    break
        body = b"".join(pieces)
        record.body_bytes = size
        record.body = summarise(body, Headers(scope=scope).get("content-type", ""))
        return body

    async def _answer(
        self,
        scope: Scope,
        receive: Receive,
        body: bytes,
        record: RequestRecord,
        send: Send,
        target: tuple[Vendor, str],
        fault: Fault | None,
    ) -> None:
        replay = _replayed(body, receive)

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                record.status = message["status"]
            await send(message)

        if fault is None:
            await self._app(scope, replay, noting)
            return
        error_body: Any = self._error_bodies.get(target[0])
        await apply_fault(fault, self._app, scope, replay, noting, error_body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def replay() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
