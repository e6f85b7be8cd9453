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
