"""HTTP clients with limits: connections, time of each phase, size of each answer, no redirects."""

import ssl
from collections.abc import AsyncIterator
from functools import lru_cache
from types import TracebackType

import httpx2

MEBIBYTE = 1024 * 1024


class ResponseTooLarge(httpx2.RequestError):
    """The answer exceeded the byte limit of its client; what was read is thrown away."""


class _CountedStream(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream, request: httpx2.Request, bytes_max: int) -> None:
        self._inner = inner
        self._request = request
        self._bytes_max = bytes_max

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen = 0
        async for chunk in self._inner:
            seen += len(chunk)
            if seen > self._bytes_max:
                raise ResponseTooLarge(f"answer exceeds {self._bytes_max} bytes", request=self._request)
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()


class BoundedTransport(httpx2.AsyncBaseTransport):
    """Passes requests on and counts the bytes that come back on the wire.

    :func:`bounded_client` asks for ``identity`` encoding, so that what is counted is what is held; whoever
    reads from a host it does not trust counts the decoded bytes as well.
    """

    def __init__(self, inner: httpx2.AsyncBaseTransport, *, bytes_max: int) -> None:
        self._inner = inner
        self._bytes_max = bytes_max

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send ``request``; its answer's body is cut off by ResponseTooLarge at the limit."""
        response = await self._inner.handle_async_request(request)
        stream = response.stream
        if not isinstance(stream, httpx2.AsyncByteStream):
            raise TypeError("an asynchronous transport must answer with an asynchronous stream")
        return httpx2.Response(
            status_code=response.status_code,
            headers=response.headers,
            stream=_CountedStream(stream, request, self._bytes_max),
            extensions=response.extensions,
        )

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self._inner.__aexit__(exc_type, exc_value, traceback)

    async def aclose(self) -> None:
        """Close the pool below."""
        await self._inner.aclose()


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    """The system's certificate authorities, read once for all clients: each reading takes tens of ms."""
    return httpx2.create_ssl_context()


def bounded_client(
    *,
    read_timeout_seconds: float,
    bytes_max: int,
    connections_max: int = 16,
    connect_timeout_seconds: float = 5.0,
) -> httpx2.AsyncClient:
    """A client for one vendor. It carries no credentials: those are given per request.

    Phase timeouts only; the total deadline is the caller's ``asyncio.timeout``, because a body that drips one
    byte a second never trips a read timeout.
    """
    limits = httpx2.Limits(max_connections=connections_max, max_keepalive_connections=connections_max)
    return httpx2.AsyncClient(
        transport=BoundedTransport(httpx2.AsyncHTTPTransport(limits=limits, verify=_trusted()), bytes_max=bytes_max),
        timeout=httpx2.Timeout(read_timeout_seconds, connect=connect_timeout_seconds),
        headers={"accept-encoding": "identity"},
        follow_redirects=False,
    )


def was_never_sent(error: BaseException | None) -> bool:
    """True where the request cannot have reached the vendor, so nothing can have been charged."""
    return isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout)
