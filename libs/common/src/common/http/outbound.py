"""Owns requests to addresses that users name, images to fetch and webhooks to call, guarded against SSRF.

    async with GuardedFetcher() as fetcher:
        image = await fetcher.get(url, max_bytes=20 * MEBIBYTE, deadline=15)
        answer = await fetcher.post(endpoint.url, content=body, headers=signed, deadline=10)

The check sits where sockets are opened: a name is resolved once, all its addresses must be public, and the
connection goes to one of those, so that a name cannot change its mind in between. TLS and `Host` keep it.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import httpcore2
import httpx2

from common.http.client import tls_context
from common.http.public_network import NotPublicError, PublicNetwork

REDIRECTS_MAX = 3
URL_LENGTH_MAX = 2048
CONNECT_SECONDS = 5.0
IDLE_SECONDS = 10.0
CONNECTIONS_MAX = 50
ANSWER_EXCERPT_BYTES_MAX = 2048
_WRITE_BYTES = 256 * 1024
_AUTHORITY_END = re.compile("[/?#]")
_REDIRECT_STATUS = frozenset({301, 302, 303, 307, 308})
_DEFAULT_PORTS = {"http": 80, "https": 443}


class OutboundError(Exception):
    """A request to a user's address did not succeed; the message can be shown to that user."""


class UnsafeUrl(OutboundError):
    """The address is not one we connect to. It does not say whether anything answers there."""


class FetchFailed(OutboundError):
    """The address is fine, the exchange was not.

    Args:
        reason: `unreachable`, `timeout`, `too_large`, `status`, `redirects` or `encoding`.
        status: the HTTP status, for reason `status`.
    """

    def __init__(self, message: str, reason: str, status: int | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.status = status


@dataclass(frozen=True, slots=True)
class Fetched:
    """A body: in `content`, or in the file `path` if asked for. `media_type` is the sender's claim."""

    content: bytes
    path: Path | None
    media_type: str
    final_url: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What an endpoint said to a POST; of the body no more than the first 2 KiB."""

    status: int
    headers: Mapping[str, str]
    excerpt: bytes


class GuardedFetcher:
    """An HTTP client for users' addresses.

    Args:
        allow_http: permit plain http and port 80; for development.
        allow_hosts: names or literal addresses exempt from all rules of this module, any port; for tests, and
            for development where a stand-in listens on loopback.
        allow_ports: further ports beside 443 (and 80 with `allow_http`).
        connections_max: connections at the same time; more requests wait within their deadline.
    """

    def __init__(
        self,
        *,
        allow_http: bool = False,
        allow_hosts: Collection[str] = (),
        allow_ports: Collection[int] = (),
        connections_max: int = CONNECTIONS_MAX,
        user_agent: str = "Atelier/1",
    ) -> None:
        self._schemes = {"https", "http"} if allow_http else {"https"}
        self._ports = {443, *((80,) if allow_http else ()), *allow_ports}
        self._allow_hosts = frozenset(host.lower() for host in allow_hosts)
        self._user_agent = user_agent.encode()
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls_context(),
            max_connections=connections_max,
            max_keepalive_connections=10,
            keepalive_expiry=10,
            network_backend=PublicNetwork(self._allow_hosts),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._pool.aclose()

    def check(self, url: str) -> httpx2.URL:
        """The parsed address, if its form permits a request; where it leads to is seen when connecting.

        Raises:
            UnsafeUrl: not http(s), user info, another port, or not an address at all.
        """
        if len(url) > URL_LENGTH_MAX or any(character <= " " or character in "\\\x7f" for character in url):
            raise UnsafeUrl("This is not a usable web address.")
        try:
            parsed = httpx2.URL(url)
        except (httpx2.InvalidURL, ValueError) as error:
            raise UnsafeUrl("This is not a usable web address.") from error
        if parsed.scheme not in _DEFAULT_PORTS or not parsed.host:
            raise UnsafeUrl("The address must begin with https://.")
        if "@" in _AUTHORITY_END.split(url.partition("//")[2], 1)[0]:  # also an empty one, which the parser drops
            raise UnsafeUrl("The address must not contain a user name or password.")
        if parsed.host.lower() in self._allow_hosts:
            return parsed
        if parsed.scheme not in self._schemes:
            raise UnsafeUrl("The address must begin with https://.")
        if (parsed.port or _DEFAULT_PORTS[parsed.scheme]) not in self._ports:
            raise UnsafeUrl("The address must use the standard port.")
        return parsed

    async def get(
        self,
        url: str,
        *,
        max_bytes: int,
        deadline: float,
        headers: Mapping[str, str] | None = None,
        to: Path | None = None,
    ) -> Fetched:
        """Fetch a body, following up to three redirects, each of them checked anew.

        Args:
            max_bytes: the longest body; reading stops there, whatever length was declared.
            deadline: seconds for everything, names, redirects and body included.
            to: write the body into this file instead of memory; it is removed again when the fetch fails.

        Raises:
            UnsafeUrl: the address, or one it redirects to, is not one we connect to.
            FetchFailed: no connection, no answer in time, a status other than 200, or too long a body.
        """
        with _own_words():
            async with asyncio.timeout(deadline):
                return await self._follow(url, headers or {}, max_bytes, to)

    async def post(self, url: str, *, content: bytes, headers: Mapping[str, str], deadline: float) -> Answered:
        """Send a body once: no redirect is followed, and any status is an answer.

        Raises:
            UnsafeUrl: the address is not one we connect to.
            FetchFailed: no connection, or no answer within `deadline` seconds.
        """
        with _own_words():
            async with (
                asyncio.timeout(deadline),
                self._exchange("POST", self.check(url), headers, content) as answer,
            ):
                excerpt = b""
                async for chunk in answer.aiter_stream():
                    excerpt += chunk[: ANSWER_EXCERPT_BYTES_MAX - len(excerpt)]
                    if len(excerpt) >= ANSWER_EXCERPT_BYTES_MAX:
                        break
                return Answered(answer.status, _text_headers(answer), excerpt)

    async def _follow(self, url: str, headers: Mapping[str, str], max_bytes: int, to: Path | None) -> Fetched:
        target = self.check(url)
        for _ in range(REDIRECTS_MAX + 1):
            async with self._exchange("GET", target, headers, None) as answer:
                said = _text_headers(answer)
                if answer.status not in _REDIRECT_STATUS:
                    return await _fetched(answer, said, target, max_bytes, to)
                try:
                    target = self.check(str(target.join(said.get("location", ""))))
                except httpx2.InvalidURL as error:
                    raise UnsafeUrl("The address redirects to something that is not an address.") from error
        raise FetchFailed("The address redirects too often.", "redirects")

    @asynccontextmanager
    async def _exchange(
        self, method: str, url: httpx2.URL, headers: Mapping[str, str], content: bytes | None
    ) -> AsyncIterator[httpcore2.Response]:
        names = {name.lower(): value for name, value in headers.items()}
        sent = [
            (b"host", url.netloc),
            (b"accept-encoding", b"identity"),
            *((name.encode("ascii"), value.encode("latin-1")) for name, value in names.items()),
        ]
        if "user-agent" not in names:
            sent.append((b"user-agent", self._user_agent))
        if content is not None:
            sent.append((b"content-length", str(len(content)).encode()))
        async with self._pool.stream(
            method,
            httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=sent,
            content=content,
            extensions={
                "timeout": {
                    "connect": CONNECT_SECONDS,
                    "read": IDLE_SECONDS,
                    "write": IDLE_SECONDS,
                    "pool": IDLE_SECONDS,
                }
            },
        ) as answer:
            yield answer


class _own_words:  # noqa: N801 - reads as a statement
    """Turns what the transport raises into the errors of this module, whose texts name no internals."""

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, NotPublicError):
            raise UnsafeUrl("The address does not lead to the public internet.") from error
        if isinstance(error, TimeoutError | httpcore2.TimeoutException):
            raise FetchFailed("The address took too long to answer.", "timeout") from error
        if isinstance(error, httpcore2.NetworkError | httpcore2.ProtocolError | OSError):
            raise FetchFailed("The address could not be reached.", "unreachable") from error


def _text_headers(answer: httpcore2.Response) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}


async def _fetched(
    answer: httpcore2.Response, headers: Mapping[str, str], url: httpx2.URL, max_bytes: int, to: Path | None
) -> Fetched:
    if answer.status != 200:
        raise FetchFailed(f"The address answered with status {answer.status}.", "status", answer.status)
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise FetchFailed("The address answered in a compressed form that was not asked for.", "encoding")
    declared = headers.get("content-length", "")
    if declared.isdigit() and int(declared) > max_bytes:
        raise FetchFailed(f"The file is larger than {max_bytes} bytes.", "too_large")
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    chunks = _capped(answer, max_bytes)
    if to is None:
        return Fetched(b"".join([chunk async for chunk in chunks]), None, media_type, str(url))
    await _write(to, chunks)
    return Fetched(b"", to, media_type, str(url))


async def _capped(answer: httpcore2.Response, max_bytes: int) -> AsyncIterator[bytes]:
    total = 0
    async for chunk in answer.aiter_stream():
        total += len(chunk)
        if total > max_bytes:
            raise FetchFailed(f"The file is larger than {max_bytes} bytes.", "too_large")
        yield chunk


async def _write(path: Path, chunks: AsyncIterator[bytes]) -> None:
    file = await asyncio.to_thread(path.open, "wb")
    complete = False
    buffer = bytearray()
    try:
        async for chunk in chunks:
            buffer += chunk
            if len(buffer) >= _WRITE_BYTES:
                await asyncio.to_thread(file.write, bytes(buffer))
                buffer.clear()
        await asyncio.to_thread(file.write, bytes(buffer))
        complete = True
    finally:
        await asyncio.to_thread(file.close)
        if not complete:
            await asyncio.to_thread(path.unlink, missing_ok=True)
