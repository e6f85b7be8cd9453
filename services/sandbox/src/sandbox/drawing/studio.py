"""The bounded pool in which all picture work happens, away from the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_WAIT_SECONDS_MAX = 120.0


class Studio:
    """Draws and edits pictures in a few threads; Pillow lets go of the interpreter lock while it works."""

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="drawing")

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs Pillow work in the pool.

        Raises:
            TimeoutError: it did not get done in two minutes.
        """
        future = self._pool.submit(work, *args, **kwargs)
        async with asyncio.timeout(_WAIT_SECONDS_MAX):
            return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Lets the threads end; drops what has not begun."""
        self._pool.shutdown(wait=True, cancel_futures=True)
