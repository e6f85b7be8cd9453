"""Owns which pages of other origins may call us from a browser, and what they may read of an answer (Fetch, CORS).

The outermost layer of every app that has allowed origins; without any it is not there at all. Credentials in the sense
of Fetch (cookies) are never allowed: callers prove themselves by `Authorization`, which the page itself must add.
"""

from collections.abc import Collection

from starlette.types import ASGIApp, Message, Receive, Scope, Send

PREFLIGHT_SECONDS = 7200
"""How long a browser may remember a permission: the most that Chromium takes."""

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
REQUEST_HEADERS = (
    "Accept",
    "Accept-Language",
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "Prefer",
    "Quote",
    "X-Request-Id",
    "baggage",
    "traceparent",
    "tracestate",
)
EXPOSED_HEADERS = (
    "Content-Disposition",
    "ETag",
    "Idempotent-Replayed",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "Server-Timing",
    "X-Degraded",
    "X-Request-Id",
    "traceparent",
    "traceresponse",
)

_EXPOSE = (b"access-control-expose-headers", ", ".join(EXPOSED_HEADERS).encode())
_PREFLIGHT = (
    (b"access-control-allow-methods", ", ".join(METHODS).encode()),
    (b"access-control-allow-headers", ", ".join(REQUEST_HEADERS).encode()),
    (b"access-control-max-age", str(PREFLIGHT_SECONDS).encode()),
    (b"cache-control", f"public, max-age={PREFLIGHT_SECONDS}".encode()),
    (b"vary", b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
)


class Cors:
    """Answers preflights, and adds to every answer what the browser of an allowed origin needs.

    An origin that is not allowed is served like any client that is no browser: it is the browser that keeps the
    answer from the page.
    """

    def __init__(self, app: ASGIApp, *, origins: Collection[str]) -> None:
        self.app = app
        self._origins = frozenset(origin.encode() for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        origin, preflight = _asked(scope)
        allowed = (b"access-control-allow-origin", origin) if origin in self._origins else None
        if allowed is not None and preflight:
            await send({"type": "http.response.start", "status": 204, "headers": [allowed, *_PREFLIGHT]})
            await send({"type": "http.response.body", "body": b""})
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"] = list(message.get("headers", ()))
                _vary_by_origin(headers)
                if allowed is not None:
                    headers += (allowed, _EXPOSE)
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _asked(scope: Scope) -> tuple[bytes, bool]:
    """The origin (empty where there is none), and whether this is a preflight."""
    origin, wants_method = b"", False
    for name, value in scope["headers"]:
        if name == b"origin":
            origin = value
        elif name == b"access-control-request-method":
            wants_method = True
    return origin, wants_method and scope["method"] == "OPTIONS"


def _vary_by_origin(headers: list[tuple[bytes, bytes]]) -> None:
    """Keep caches from handing one origin's answer to another, also where this answer went to none."""
    for index, (name, value) in enumerate(headers):
        if name.lower() == b"vary":
            if b"origin" not in value.lower():
                headers[index] = (name, value + b", Origin")
            return
    headers.append((b"vary", b"Origin"))
