"""Does things by batches without making anybody wait for a batch to fill.

While one batch is under way the next collects; alone, an item is a batch of one and goes at once. This is what a
database calls group commit. Where a batch costs much beside its items, a pace keeps batches from being small under
load: while several ask at a time, a batch begins at most so often.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class BatcherFull(Exception):
    """More is waiting than is permitted."""


class Batcher(Generic[Item, Answer]):
    """Collects items and hands them to `work`, which answers each in order; at most `lanes` batches at once.

    `pace_seconds` lie between the beginnings of two batches after one that was shared: who asks alone never waits.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]],
        *,
        batch_max: int,
        waiting_max: int,
        lanes: int = 1,
        pace_seconds: float = 0.0,
    ) -> None:
        self._work = work
        self._batch_max = batch_max
        self._waiting_max = waiting_max
        self._free_lanes = lanes
        self._pace_seconds = pace_seconds
        self._next_at = 0.0
        self._waiting: deque[tuple[Item, asyncio.Future[Answer]]] = deque()
        self._running: set[asyncio.Task[None]] = set()

    async def submit(self, item: Item) -> Answer:
        """The answer for one item.

        Raises:
            BatcherFull: `waiting_max` items wait already.
            Exception: what `work` raised for the batch.
        """
        if len(self._waiting) >= self._waiting_max:
            raise BatcherFull
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._free_lanes:
            self._free_lanes -= 1
            task = asyncio.create_task(self._run())
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return await future

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                if (pause := self._next_at - loop.time()) > 0:
                    await asyncio.sleep(pause)
                count = min(len(self._waiting), self._batch_max)
                self._next_at = loop.time() + self._pace_seconds if count > 1 else 0.0
                await self._do([self._waiting.popleft() for _ in range(count)])
        finally:
            self._free_lanes += 1

    async def _do(self, batch: Sequence[tuple[Item, "asyncio.Future[Answer]"]]) -> None:
        try:
            answers = await self._work([item for item, _ in batch])
            if len(answers) != len(batch):
                raise ValueError(f"{len(answers)} answers for {len(batch)} items")
        except Exception as error:  # noqa: BLE001 - whatever it is, each of those who wait is told
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():
                future.set_result(answer)
