"""An HTTP/1.1 client that costs the loading core as little as possible: one socket, one request at a time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self, cast
from urllib.parse import urlsplit

import httptools

ANSWER_SECONDS_MAX = 30.0


@dataclass(slots=True)
class Answer:
    """What came back."""

    status: int = 0
    body: bytes = b""


@dataclass(slots=True)
class Connection(asyncio.Protocol):
    """One keep-alive connection. `request` may not be called again before it has answered."""

    host: str
    token: str = ""
    listener: Callable[[bytes], None] | None = None
    """Takes the pieces of a body as they come, for event streams."""
    _transport: asyncio.Transport | None = None
    _parser: httptools.HttpResponseParser | None = None
    _waiting: "asyncio.Future[Answer] | None" = None
    _pieces: list[bytes] = field(default_factory=list)

    @classmethod
    async def open(cls, url: str, token: str = "", listener: Callable[[bytes], None] | None = None) -> Self:
        """Connect to `http://host:port`."""
        parts = urlsplit(url)
        if parts.hostname is None or parts.port is None:
            raise ValueError(f"{url} names no host and port")
        connection = cls(parts.netloc, token, listener)
        await asyncio.get_running_loop().create_connection(lambda: connection, parts.hostname, parts.port)
        return connection

    async def request(self, method: str, path: str, body: bytes = b"", extra: str = "") -> Answer:
        """Send one request and wait for the whole answer. `extra` is header lines, each ended by CR LF.

        Raises:
            ConnectionError: the server hung up.
            TimeoutError: no answer in `ANSWER_SECONDS_MAX`.
        """
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError("the connection is closed")
        self._waiting = asyncio.get_running_loop().create_future()
        self._pieces.clear()
        self._parser = httptools.HttpResponseParser(self)
        authorization = f"authorization: Bearer {self.token}\r\n" if self.token else ""
        content = f"content-type: application/json\r\ncontent-length: {len(body)}\r\n" if body else ""
        head = f"{method} {path} HTTP/1.1\r\nhost: {self.host}\r\n{authorization}{content}{extra}\r\n"
        self._transport.write(head.encode() + body)
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            return await self._waiting

    def follow(self, path: str) -> None:
        """Open an event stream; its bytes go to `listener` until `close`."""
        if self._transport is None:
            raise ConnectionResetError("the connection is closed")
        self._parser = httptools.HttpResponseParser(self)
        head = f"GET {path} HTTP/1.1\r\nhost: {self.host}\r\nauthorization: Bearer {self.token}\r\n"
        self._transport.write(f"{head}accept: text/event-stream\r\n\r\n".encode())

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    # asyncio.Protocol and httptools call these

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's transports do not inherit

    def data_received(self, data: bytes) -> None:
        """Bytes arrived."""
        if self._parser is not None:
            self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionResetError("the server hung up"))

    def on_body(self, piece: bytes) -> None:
        """A part of a body."""
        if self.listener is not None:
            self.listener(piece)
        else:
            self._pieces.append(piece)

    def on_message_complete(self) -> None:
        """The answer is whole."""
        if self._waiting is not None and not self._waiting.done() and self._parser is not None:
            self._waiting.set_result(Answer(self._parser.get_status_code(), b"".join(self._pieces)))
