"""Does several pieces of work at the same time, within a bound, and loses nothing of what was begun when one fails."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from generation.runs.lease import LeaseLost

FINISH_SECONDS_MAX = 60.0
"""What work under way gets to come to its end after another piece has failed: it may have been paid for."""

T = TypeVar("T")


async def side_by_side(
    works: Sequence[Callable[[], Awaitable[T]]], *, at_most: int, finish_seconds_max: float = FINISH_SECONDS_MAX
) -> list[T]:
    """Do all of it, `at_most` at once, begun in their order; answers the results in the same order.

    When one fails no other is begun, and those under way get `finish_seconds_max` to end; then the first error
    is raised. Nothing goes on when the run is not ours any more, nor when the caller is cancelled.

    Raises:
        ValueError: `at_most` is not positive.
        Exception: what the first piece that failed has raised.
    """
    if at_most < 1:
        raise ValueError("at least one piece of work at a time")
    results: dict[int, T] = {}
    errors: list[Exception] = []
    waiting = deque(enumerate(works))

    async def work_off() -> None:
        while waiting and not errors:
            place, work = waiting.popleft()
            try:
                results[place] = await work()
            except Exception as error:  # noqa: BLE001 - raised again below, when nothing is under way any more
                errors.append(error)

    lines = {asyncio.create_task(work_off()) for _ in range(min(at_most, len(works)))}
    under_way = lines
    try:
        while under_way and not errors:
            _, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
        if under_way and not isinstance(errors[0], LeaseLost):
            await asyncio.wait(under_way, timeout=finish_seconds_max)
    finally:
        for line in lines:
            line.cancel()
        await asyncio.gather(*lines, return_exceptions=True)
    if errors:
        raise errors[0]
    return [results[place] for place in range(len(works))]
