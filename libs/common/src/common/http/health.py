"""Owns `/livez`, `/readyz` and `/metrics`: alive touches nothing, ready asks each dependency."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

import structlog
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from common.telemetry.metrics import metrics_page

log = structlog.get_logger()

Check = Callable[[], Awaitable[None]]

CHECK_TIMEOUT_SECONDS = 1.0
CACHE_SECONDS = 1.0
PATHS = ("/livez", "/readyz", "/metrics")


class Readiness:
    """Asks all dependencies at once, at most once a second however often it is asked itself.

    Args:
        checks: a name and a function that raises when that part is not usable.
    """

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = dict(checks)
        self._parts: dict[str, str] = {}
        self._checked_at = float("-inf")
        self._lock = asyncio.Lock()

    async def parts(self) -> dict[str, str]:
        """The state of each part: `ok`, `failed` or `timeout`."""
        async with self._lock:
            if time.monotonic() - self._checked_at >= CACHE_SECONDS:
                states = await asyncio.gather(*(_ask(name, check) for name, check in self._checks.items()))
                self._parts = dict(zip(self._checks, states, strict=True))
                self._checked_at = time.monotonic()
            return self._parts


async def _ask(name: str, check: Check) -> str:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
            await check()
    except TimeoutError:
        log.warning("readiness_check_timed_out", part=name)
        return "timeout"
    except Exception as error:  # noqa: BLE001 - whatever a dependency raises means the same: not ready
        log.warning("readiness_check_failed", part=name, error=repr(error))
        return "failed"
    return "ok"


def install_health(app: FastAPI, checks: Mapping[str, Check]) -> None:
    """Add the three routes; not ready while `app.state.draining` is true or a critical task keeps failing."""
    readiness = Readiness(checks)

    async def livez(_: Request) -> Response:
        return PlainTextResponse("ok")

    async def readyz(_: Request) -> Response:
        if getattr(app.state, "draining", False):
            return JSONResponse({"status": "draining", "parts": {}}, 503)
        failing: Callable[[], list[str]] = getattr(app.state, "failing_tasks", list)
        parts = await readiness.parts() | {f"task:{name}": "failed" for name in failing()}
        ready = all(state == "ok" for state in parts.values())
        return JSONResponse({"status": "ready" if ready else "not_ready", "parts": parts}, 200 if ready else 503)

    for path, endpoint in zip(PATHS, (livez, readyz, metrics_page), strict=True):
        app.add_route(path, endpoint, methods=["GET"], include_in_schema=False)
