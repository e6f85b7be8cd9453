"""Owns waiting no longer than one wants to, whatever the cleaning up of what is given up takes."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_given_up: set["asyncio.Task[Any]"] = set()


async def promptly(work: Coroutine[Any, Any, T], seconds: float, *, unless: "asyncio.Future[None] | None" = None) -> T:
    """What `work` returns, if it does so within `seconds` and before `unless` is done.

    `asyncio.timeout` waits for the cancelled work to end, and a database connection whose server is silent takes two
    seconds for that. Here it ends on its own.

    Raises:
        TimeoutError: it did not; it has been cancelled, and may have had its effect nonetheless.
    """
    task = asyncio.create_task(work)
    try:
        waited: set[asyncio.Future[Any]] = {task} if unless is None else {task, unless}
        await asyncio.wait(waited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        _give_up(task)
        raise
    if not task.done():
        _give_up(task)
        raise TimeoutError
    return task.result()


def _give_up(task: "asyncio.Task[Any]") -> None:
    _given_up.add(task)
    task.add_done_callback(_note_end)
    task.cancel()


def _note_end(task: "asyncio.Task[Any]") -> None:
    _given_up.discard(task)
    if not task.cancelled():
        task.exception()  # nobody waits for it any more
