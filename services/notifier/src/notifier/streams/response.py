"""The ASGI side of a stream: headers, frames with a time limit each, and noticing a client that has gone."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from notifier.feed.storage import LogReader
from notifier.streams import metrics
from notifier.streams.following import Following, StreamLimits, Wanted
from notifier.streams.hub import Hub, Listener

HEADERS = {
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
}


class EventStreamResponse(Response):
    """Streams an account's events until one side ends it.

    A client that does not read fast enough is cut off, for the server keeps nothing for it; it resumes from
    the log.
    """

    media_type = "text/event-stream"

    def __init__(self, hub: Hub, log_reader: LogReader, wanted: Wanted, limits: StreamLimits) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._hub = hub
        self._log_reader = log_reader
        self._wanted = wanted
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the stream (ASGI).

        Raises:
            TooManyStreams: a limit is reached; nothing was sent yet.
            ClientDisconnect: the client did not take a frame in time.
        """
        listener = self._hub.join(self._wanted.account_id)
        watch = asyncio.create_task(_end_on_disconnect(receive, listener))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            following = Following(self._wanted, listener, self._log_reader, self._limits)
            await self._pump(following.frames(), listener, send)
        finally:
            watch.cancel()
            self._hub.leave(listener)

    async def _pump(self, frames: AsyncGenerator[bytes, None], listener: Listener, send: Send) -> None:
        async with aclosing(frames) as source:
            async for frame in source:
                if listener.ended == "client":
                    return
                if frame:
                    await self._send(send, frame, more=True)
        await self._send(send, b"", more=False)

    async def _send(self, send: Send, body: bytes, *, more: bool) -> None:
        try:
            async with asyncio.timeout(self._limits.send_seconds_max):
                await send({"type": "http.response.body", "body": body, "more_body": more})
        except TimeoutError:
            metrics.dropped.labels("slow").inc()
            raise ClientDisconnect from None


async def _end_on_disconnect(receive: Receive, listener: Listener) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    listener.end("client")
