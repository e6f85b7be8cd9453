"""The sandbox's one process: reads the settings, serves, and leaves cleanly on SIGTERM or SIGINT."""

import asyncio
import logging
import signal
import threading

from sandbox.server import SandboxServer
from sandbox.settings import SandboxSettings

_log = logging.getLogger("sandbox")


async def serve(settings: SandboxSettings, stop: asyncio.Event) -> None:
    """Serves until `stop` is set, then closes every listener and waits for what is still being answered."""
    async with SandboxServer(settings) as server:
        _log.info("sandbox_ready http=%s smtp=%s", server.public_url, server.smtp_address)
        await stop.wait()
        _log.info("sandbox_stopping")


async def _serve_until_signalled(settings: SandboxSettings) -> None:
    stop = asyncio.Event()
    if threading.current_thread() is threading.main_thread():
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, stop.set)
    await serve(settings, stop)


def run(role: str = "all") -> None:
    """Serves every vendor in this process and blocks until SIGTERM has been answered.

    Raises:
        ValueError: `role` is not `all`; the sandbox has no other.
    """
    if role != "all":
        raise ValueError(f"the sandbox has one role, 'all', not {role!r}")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    asyncio.run(_serve_until_signalled(SandboxSettings()))
