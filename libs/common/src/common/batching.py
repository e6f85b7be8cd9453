"""Does things by batches without making anybody wait for a batch to fill.

While one batch is under way the next collects; alone, an item is a batch of one and goes at once. This is what a
database calls group commit.
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
    """Collects items and hands them to `work`, which answers each in order; at most `lanes` batches at once."""

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]],
        *,
        batch_max: int,
        waiting_max: int,
        lanes: int = 1,
    ) -> None:
        self._work = work
        self._batch_max = batch_max
        self._waiting_max = waiting_max
        self._free_lanes = lanes
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
        try:
            while self._waiting:
                count = min(len(self._waiting), self._batch_max)
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
