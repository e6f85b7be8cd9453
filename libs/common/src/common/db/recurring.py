"""Does something again and again. While the database is away a turn is skipped; nothing else is forgiven."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn

import structlog

from common.db.database import is_transient

log = structlog.get_logger(__name__)


async def repeat(turn: Callable[[], Awaitable[object]], pause_seconds: float, *, skipped: str) -> NoReturn:
    """Take a turn and pause, until cancelled; for tasks that look after what the database keeps.

    Args:
        skipped: the log event of a turn that the database did not let happen.

    Raises:
        Exception: what a turn raised, unless the same may succeed later (`common.db.database.is_transient`).
    """
    while True:
        try:
            await turn()
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning(skipped, error=repr(error)[:200])
        await asyncio.sleep(pause_seconds)


async def work_until(
    stopping: asyncio.Event, look: Callable[[], Awaitable[bool]], pause_seconds: float, *, waits: str
) -> None:
    """Look for something to do until `stopping` is set, and pause where there was nothing; what was begun is finished.

    Args:
        look: does some of what there is to do, and says whether there was anything.
        waits: the log event of a look that the database did not let happen.

    Raises:
        Exception: what a look raised, unless the same may succeed later (`common.db.database.is_transient`).
    """
    while not stopping.is_set():
        try:
            busy = await look()
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning(waits, error=repr(error)[:200])
            busy = False
        if not busy:
            await _pause(stopping, pause_seconds)


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        return
