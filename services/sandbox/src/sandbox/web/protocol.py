"""An HTTP connection that the application may close: the ASGI extension `sandbox.close`."""

from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

CLOSE_EXTENSION = "sandbox.close"

CloseConnection = Callable[[bool], None]
"""Closes the socket: at once when the argument is true, else after what was sent has left."""


class ClosableProtocol(HttpToolsProtocol):
    """Offers each request a function that closes its connection, as a vendor's dying front end would."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        inner: ASGIApp = self.app

        async def with_close(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[CLOSE_EXTENSION] = self._close
            await inner(scope, receive, send)

        self.app = with_close

    def _close(self, now: bool) -> None:
        if now:
            self.transport.abort()
        else:
            self.transport.close()
