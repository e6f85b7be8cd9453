"""Owns how long, and how slowly, a client may send: uvicorn bounds neither the head of a request nor its time."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES_MAX = 32 * 1024
HEAD_SECONDS_MAX = 20.0
REQUEST_SECONDS_MAX = 150.0
"""For head and body; the slowest route, an upload, gives two minutes of its own."""
LOOK_SECONDS = 5.0


class HeadTooLong(ValueError):
    """The head has more bytes than anybody needs; the parser turns it into a 400."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection. It is looked at every few seconds, which costs a request less than a timer of its own."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to watch."""
        super().connection_made(transport)
        self._sending_since: float | None = self.loop.time()
        self._in_head = True
        self._head_bytes = 0
        self._watch = self.loop.call_later(LOOK_SECONDS, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop watching."""
        self._watch.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, and close where a head does not end: the parser keeps all of it."""
        super().data_received(data)
        if self._in_head and self._sending_since is not None:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX and not self.transport.is_closing():
                self.send_400_response("The head of the request is too long.")

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._sending_since = self.loop.time()
        self._in_head = True
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        """The head is there.

        Raises:
            HeadTooLong: it has too many bytes.
        """
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > HEAD_BYTES_MAX:
            raise HeadTooLong
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is there as a whole."""
        self._sending_since = None
        super().on_message_complete()

    def _look(self) -> None:
        limit = HEAD_SECONDS_MAX if self._in_head else REQUEST_SECONDS_MAX
        if self._sending_since is not None and self.loop.time() - self._sending_since > limit:
            self.transport.close()
            return
        self._watch = self.loop.call_later(LOOK_SECONDS, self._look)
