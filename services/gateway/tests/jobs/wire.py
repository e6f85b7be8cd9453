"""A wire to PostgreSQL that can be cut: before a statement reaches the server, or after, before its answer is back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit


class Wire:
    """Forwards connections; `lose_answer_to` cuts one connection once, when an answer is on its way."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._marker: bytes | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.cuts = 0
        self.is_down = False

    def lose_answer_to(self, marker: bytes) -> None:
        """Let the next message with this text through and lose the connection with the answer to it."""
        self._marker = marker

    def cut(self) -> None:
        """No connection gets through from now on."""
        self.is_down = True
        for writer in list(self._writers):
            writer.transport.abort()

    def mend(self) -> None:
        """New connections get through again."""
        self.is_down = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        if self.is_down:
            writer.transport.abort()
            return
        upstream_reader, upstream = await asyncio.open_connection(*self._target)
        self._writers |= {writer, upstream}
        doomed = asyncio.Event()

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, to_server: bool) -> None:
            tail = b""
            while data := await source.read(65536):
                if to_server and self._marker is not None and self._marker in tail + data:
                    self._marker = None
                    doomed.set()
                if not to_server and doomed.is_set() and b"C" in data:
                    self.cuts += 1
                    break
                tail = data[-200:]
                sink.write(data)
                await sink.drain()

        pumps = [
            asyncio.create_task(pump(reader, upstream, to_server=True)),
            asyncio.create_task(pump(upstream_reader, writer, to_server=False)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in pumps:
                task.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for end in (writer, upstream):
                self._writers.discard(end)
                end.transport.abort()


@asynccontextmanager
async def wire_to(url: str) -> AsyncIterator[tuple[Wire, str]]:
    """A wire to the server of a database, and the address of the database through it."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    wire = Wire(parts.hostname, parts.port)
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    credentials = parts.netloc.rpartition("@")[0]
    try:
        yield wire, urlunsplit(parts._replace(netloc=f"{credentials}@127.0.0.1:{port}"))
    finally:
        server.close()
        wire.cut()
