"""Listens: one HTTP port for every vendor and one SMTP port, in one event loop."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn

from sandbox.bootstrap import Sandbox
from sandbox.settings import SandboxSettings
from sandbox.web.protocol import ClosableProtocol

_START_SECONDS_MAX = 10.0
_STOP_SECONDS_MAX = 5.0


class _Server(uvicorn.Server):
    """Leaves the signals to whoever runs the sandbox."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class SandboxServer:
    """An async context manager: listening inside, gone outside. Port 0 takes a free one."""

    def __init__(self, settings: SandboxSettings) -> None:
        self._settings = settings
        self._socket = _listen(settings.http_host, settings.http_port)
        port = self._socket.getsockname()[1]
        host = settings.http_host if settings.http_host not in ("0.0.0.0", "::", "") else "127.0.0.1"  # noqa: S104
        self.public_url = (settings.public_url or f"http://{host}:{port}").rstrip("/")
        self.sandbox = Sandbox(settings, self.public_url)
        self._smtp: asyncio.Server | None = None
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None

    @property
    def smtp_address(self) -> tuple[str, int]:
        """Host and port of the mail server.

        Raises:
            RuntimeError: it is not listening.
        """
        if self._smtp is None:
            raise RuntimeError("not listening")
        host, port = self._smtp.sockets[0].getsockname()[:2]
        return str(host), int(port)

    async def __aenter__(self) -> "SandboxServer":
        """Starts listening."""
        loop = asyncio.get_running_loop()
        self._smtp = await loop.create_server(
            self.sandbox.smtp_protocol, self._settings.smtp_host, self._settings.smtp_port
        )
        config = uvicorn.Config(
            self.sandbox.app,
            http=ClosableProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=1,
            timeout_keep_alive=30,
        )
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        async with asyncio.timeout(_START_SECONDS_MAX):
            while not self._server.started:
                if self._serving.done():
                    await self._serving
                await asyncio.sleep(0.005)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stops listening, lets answers under way finish for a second, ends background work."""
        await self.sandbox.close()
        if self._smtp is not None:
            self._smtp.close()
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await asyncio.wait([self._serving], timeout=_STOP_SECONDS_MAX)
        self._socket.close()


def _listen(host: str, port: int) -> socket.socket:
    # asyncio sets TCP_NODELAY only on sockets that name their protocol; without it each keep-alive answer waits 40 ms.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.setblocking(False)
    return listener
