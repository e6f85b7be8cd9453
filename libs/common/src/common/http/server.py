"""Owns the HTTP server inside a process: uvicorn on a socket of ours, without its signal handlers."""

import asyncio
import contextlib
import math
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn

from common.http.bounded_protocol import BoundedProtocol

KEEP_ALIVE_SECONDS = 30
BACKLOG = 2048
START_TIMEOUT_SECONDS = 60
_CUT_MARGIN_SECONDS = 1.0


class ServerStartError(RuntimeError):
    """The address is taken, or the application's lifespan raised."""


class EmbeddedServer(uvicorn.Server):
    """One listening application.

    Args:
        app: any ASGI application.
        host: address to listen on.
        port: 0 takes a free one; `server.port` tells which.
        trusted_proxies: addresses or networks, comma-separated, whose `X-Forwarded-For` is believed.
    """

    def __init__(self, app: Any, host: str, port: int, *, trusted_proxies: str | None = None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="none",
                http=BoundedProtocol,
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=trusted_proxies is not None,
                forwarded_allow_ips=trusted_proxies,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                backlog=BACKLOG,
            )
        )
        self._listening = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        try:
            self._socket = socket.create_server(
                (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=BACKLOG
            )
        except OSError as error:
            raise ServerStartError(f"cannot listen on {host}:{port}: {error.strerror}") from error
        self.port: int = self._socket.getsockname()[1]

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening; a failure is an exception, not uvicorn's `sys.exit`."""
        try:
            await super().startup(sockets)
        except SystemExit as error:
            raise ServerStartError("the application's lifespan failed, see the log above") from error
        self._listening.set()

    async def start(self) -> None:
        """Serve in the background; returns once connections are accepted.

        Raises:
            ServerStartError: the application's lifespan raised or took longer than a minute.
        """
        self._task = asyncio.create_task(self.serve(sockets=[self._socket]), name=f"http:{self.port}")
        listening = asyncio.create_task(self._listening.wait())
        done, _ = await asyncio.wait(
            {self._task, listening}, timeout=START_TIMEOUT_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        listening.cancel()
        if self._task in done:
            await self._task
            raise ServerStartError("the server ended while it started")
        if not done:
            self._task.cancel()
            raise ServerStartError("the application's lifespan takes too long")

    async def stop(self, timeout_seconds: float) -> None:
        """Stop accepting, let requests finish for `timeout_seconds`, cancel the rest, end the lifespan."""
        if self._task is None:
            self._socket.close()
            return
        self.config.timeout_graceful_shutdown = math.ceil(timeout_seconds)
        self.should_exit = True
        await asyncio.wait({self._task}, timeout=timeout_seconds + _CUT_MARGIN_SECONDS)
        if not self._task.done():
            self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
