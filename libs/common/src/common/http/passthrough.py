"""Owns handing a request through to the service that owns the answer, with a signed identity added.

billing = Passthrough(settings.billing_url, http_client, settings.identity_secrets)

@router.get("/v1/credits")
async def credits(request: Request, caller: SignedIn) -> Response:
    return await billing.forward(request, caller)
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import quote

import anyio
import httpx2
import structlog
from opentelemetry.trace import SpanKind
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from common.errors import DependencyUnavailable, NotFound
from common.http.identity import IDENTITY_HEADER, Caller, sign_identity
from common.http.problems import REQUEST_ID_SCOPE_KEY
from common.telemetry import tracing

log = structlog.get_logger()

TOTAL_SECONDS = 10.0
CONNECT_SECONDS = 2.0
STREAM_IDLE_SECONDS = 60.0  # an event stream's heartbeat comes every 15 s
RETRY_AFTER_SECONDS = 2
_WHOLE_BYTES_MAX = 64 * 1024  # an answer up to this length is read at once: a stream's machinery costs more
_CLOSE_SECONDS = 1.0

_REQUEST_HEADERS = frozenset(
    {
        b"accept",
        b"accept-language",
        b"content-length",
        b"content-type",
        b"idempotency-key",
        b"if-match",
        b"if-modified-since",
        b"if-none-match",
        b"last-event-id",
        b"prefer",
        b"range",
        b"user-agent",
    }
)
_HOP_BY_HOP = frozenset(  # RFC 9110 §7.6.1
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
_OURS = frozenset(  # the edge of this service writes them itself
    {
        b"date",
        b"referrer-policy",
        b"server",
        b"strict-transport-security",
        b"traceresponse",
        b"x-content-type-options",
        b"x-request-id",
    }
)
_DOT_SEGMENTS = frozenset({".", ".."})
_PATH_SAFE = "/:@!$&'()*+,;=~"  # RFC 3986 §3.3
_NOT_IN_QUERY = re.compile(rb"[^\x21\x24-\x7e]")  # what is no visible ASCII, and `"` and `#`
_SAFE_METHODS = frozenset({"GET", "HEAD"})


class Passthrough:
    """Forwards requests to one owner.

    Args:
        base_url: the owner's address, `http://billing:8001`.
        http_client: from `build_http_client`; shared between owners.
        secrets: what the identity is signed with.
    """

    def __init__(
        self,
        base_url: str,
        http_client: httpx2.AsyncClient,
        secrets: Sequence[SecretStr],
        *,
        total_seconds: float = TOTAL_SECONDS,
        stream_idle_seconds: float = STREAM_IDLE_SECONDS,
    ) -> None:
        self._base = httpx2.URL(base_url)
        self._client = http_client
        self._secrets = tuple(secrets)
        self._total_seconds = total_seconds
        self._stream_idle_seconds = stream_idle_seconds

    async def forward(
        self,
        request: Request,
        caller: Caller | None,
        *,
        path: str | None = None,
        total_seconds: float | None = None,
    ) -> Response:
        """The owner's answer, streamed; whatever status it has, it is the answer.

        Args:
            caller: who asks; None for what anybody may read.
            path: where it differs from the request's own.
            total_seconds: where a body takes longer to send or to deal with than requests usually do.

        Raises:
            NotFound: no owner can mean such a path.
            DependencyUnavailable: no connection within 2 s or no answer within 10 s, or `total_seconds`.
        """
        seconds = total_seconds or self._total_seconds
        deadline = asyncio.get_running_loop().time() + seconds
        raw_path = _target(path or request.scope["path"], request.scope["query_string"])
        with tracing.span(f"{request.method} passthrough", kind=SpanKind.CLIENT) as span:
            span.set_attribute("server.address", self._base.host)
            headers = self._headers(request, caller)
            try:
                async with asyncio.timeout_at(deadline):
                    upstream = await self._send(request, self._base.copy_with(raw_path=raw_path), headers)
                    span.set_attribute("http.response.status_code", upstream.status_code)
                    return await self._answer(request, upstream, deadline)
            except (httpx2.TransportError, TimeoutError) as error:
                log.warning("passthrough_failed", owner=self._base.host, error=repr(error))
                raise DependencyUnavailable(retry_after_seconds=RETRY_AFTER_SECONDS) from error

    def _headers(self, request: Request, caller: Caller | None) -> list[tuple[bytes, bytes]]:
        headers = [(name, value) for name, value in request.headers.raw if name in _REQUEST_HEADERS]
        headers.append((b"accept-encoding", b"identity"))
        if caller is not None:
            headers.append((IDENTITY_HEADER.encode(), sign_identity(self._secrets, caller).encode()))
        request_id = request.scope.get(REQUEST_ID_SCOPE_KEY)
        if request_id:
            headers.append((b"x-request-id", request_id.encode()))
        current = tracing.traceparent()
        if current:
            headers.append((b"traceparent", current.encode()))
        return headers

    async def _send(self, request: Request, url: httpx2.URL, headers: list[tuple[bytes, bytes]]) -> httpx2.Response:
        bodiless = request.method in _SAFE_METHODS
        for last in (False, True) if bodiless else (True,):
            outgoing = self._client.build_request(
                request.method,
                url,
                headers=headers,
                content=None if bodiless else request.stream(),
                # Reading is bounded by the deadline above and by the idle limit of streams.
                timeout=httpx2.Timeout(self._total_seconds, connect=CONNECT_SECONDS, read=None, pool=CONNECT_SECONDS),
            )
            try:
                return await self._client.send(outgoing, stream=True)
            except (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError):
                if last:  # the first time it may be a kept connection that the owner has just closed
                    raise
        raise AssertionError("unreachable")

    async def _answer(self, request: Request, upstream: httpx2.Response, deadline: float) -> Response:
        headers = [
            (name.lower(), value)
            for name, value in upstream.headers.raw
            if name.lower() not in _HOP_BY_HOP | _OURS and not name.lower().startswith(b"x-atelier-")
        ]
        answer: Response
        length = upstream.headers.get("content-length", "")
        if length.isdigit() and int(length) <= _WHOLE_BYTES_MAX:
            try:
                answer = Response(b"".join([chunk async for chunk in upstream.aiter_raw()]), upstream.status_code)
            finally:
                await _close(upstream)
        elif upstream.headers.get("content-type", "").startswith("text/event-stream"):
            stopping: asyncio.Event | None = getattr(request.app.state, "stopping", None)
            answer = _Relay(upstream, _events(upstream, stopping, self._stream_idle_seconds))
        else:
            answer = _Relay(upstream, _until(upstream, deadline))
        answer.raw_headers = headers
        return answer


def _target(path: str, query: bytes) -> bytes:
    """The request target: the path that was matched, written anew, so that the owner matches the same and no other.

    The path is decoded here: a `?`, a `#` or a control character in it is a part of a name, and stays one.

    Raises:
        NotFound: a segment is `.` or `..`, which our HTTP client would resolve: the owner would see another path.
    """
    if not _DOT_SEGMENTS.isdisjoint(path.split("/")):
        raise NotFound
    target = quote(path, safe=_PATH_SAFE).encode()
    return target + b"?" + _NOT_IN_QUERY.sub(lambda odd: b"%%%02X" % odd.group()[0], query) if query else target


class _Relay(StreamingResponse):
    """Sends an owner's answer on as it comes, and lets go of the owner when our client has gone."""

    def __init__(self, upstream: httpx2.Response, content: AsyncIterator[bytes]) -> None:
        super().__init__(content, upstream.status_code)
        self._upstream = upstream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except (httpx2.TransportError, TimeoutError) as error:
            # Too late for a status: the answer stays incomplete, and the server cuts the connection.
            log.warning("passthrough_cut", owner=self._upstream.url.host, error=repr(error))
        finally:
            await _close(self._upstream)


async def _close(upstream: httpx2.Response) -> None:
    with anyio.move_on_after(_CLOSE_SECONDS, shield=True):
        await upstream.aclose()


async def _until(upstream: httpx2.Response, deadline: float) -> AsyncIterator[bytes]:
    chunks = upstream.aiter_raw()
    while True:
        async with asyncio.timeout_at(deadline):
            chunk = await anext(chunks, None)
        if chunk is None:
            return
        yield chunk


async def _events(
    upstream: httpx2.Response, stopping: asyncio.Event | None, idle_seconds: float
) -> AsyncIterator[bytes]:
    """The owner's event stream, until it ends, falls silent, or this process drains; clients resume."""
    chunks = upstream.aiter_raw()
    stop: asyncio.Task[Any] = asyncio.create_task((stopping or asyncio.Event()).wait())
    try:
        while not stop.done():
            pull: asyncio.Task[bytes | None] = asyncio.create_task(_next(chunks))
            try:
                await asyncio.wait([pull, stop], timeout=idle_seconds, return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not pull.done():
                    pull.cancel()
            if pull.cancelled() or not pull.done():
                return
            chunk = pull.result()
            if chunk is None:
                return
            yield chunk
    finally:
        stop.cancel()


async def _next(chunks: AsyncIterator[bytes]) -> bytes | None:
    try:
        return await anext(chunks, None)
    except httpx2.TransportError as error:
        log.info("passthrough_stream_ended", error=repr(error))
        return None
