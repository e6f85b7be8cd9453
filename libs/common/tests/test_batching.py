"""The batcher: order, errors, bounds, and nobody left waiting."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise

import pytest

from common.batching import Batcher, BatcherFull


class Work:
    """Doubles numbers, once the gate is open."""

    def __init__(self, *, is_open: bool = True) -> None:
        self.batches: list[list[int]] = []
        self.under_way = 0
        self.under_way_max = 0
        self.gate = asyncio.Event()
        if is_open:
            self.gate.set()

    async def __call__(self, items: Sequence[int]) -> Sequence[int]:
        self.batches.append(list(items))
        self.under_way += 1
        self.under_way_max = max(self.under_way_max, self.under_way)
        try:
            await self.gate.wait()
            await asyncio.sleep(0)
        finally:
            self.under_way -= 1
        if -1 in items:
            raise LookupError("minus one")
        return [item * 2 for item in items]


async def test_answers_each_item_with_its_own_answer() -> None:
    batcher = Batcher(Work(), batch_max=8, waiting_max=1000, lanes=2)

    answers = await asyncio.gather(*(batcher.submit(number) for number in range(300)))

    assert answers == [number * 2 for number in range(300)]


async def test_an_item_alone_goes_at_once() -> None:
    work = Work()
    batcher = Batcher(work, batch_max=100, waiting_max=100)

    async with asyncio.timeout(1):
        assert await batcher.submit(4) == 8

    assert work.batches == [[4]]


async def test_collects_while_a_batch_is_under_way_in_order_and_up_to_the_maximum() -> None:
    work = Work(is_open=False)
    batcher = Batcher(work, batch_max=10, waiting_max=100)

    waiting = [asyncio.create_task(batcher.submit(number)) for number in range(26)]
    await asyncio.sleep(0.01)
    work.gate.set()
    await asyncio.gather(*waiting)

    assert [number for batch in work.batches for number in batch] == list(range(26))
    assert max(len(batch) for batch in work.batches) == 10
    assert len(work.batches) <= 4


async def test_never_runs_more_batches_at_once_than_it_has_lanes() -> None:
    work = Work()
    batcher = Batcher(work, batch_max=2, waiting_max=1000, lanes=3)

    await asyncio.gather(*(batcher.submit(number) for number in range(100)))

    assert work.under_way_max == 3


async def test_an_error_reaches_all_of_its_batch_and_nobody_else() -> None:
    work = Work(is_open=False)
    batcher = Batcher(work, batch_max=3, waiting_max=100)
    items = [0, 1, 2, -1, 4, 5, 6]

    waiting = [asyncio.create_task(batcher.submit(item)) for item in items]
    await asyncio.sleep(0.01)
    work.gate.set()
    answers = await asyncio.gather(*waiting, return_exceptions=True)

    poisoned = next(batch for batch in work.batches if -1 in batch)
    for item, answer in zip(items, answers, strict=True):
        assert isinstance(answer, LookupError) if item in poisoned else answer == item * 2
    assert await batcher.submit(7) == 14, "the lane is free again"


async def test_work_that_forgets_an_answer_leaves_nobody_waiting() -> None:
    async def forgetful(items: Sequence[int]) -> Sequence[int]:
        await asyncio.sleep(0.001)
        return list(items)[:-1]

    batcher = Batcher(forgetful, batch_max=10, waiting_max=100)

    async with asyncio.timeout(2):
        answers = await asyncio.gather(*(batcher.submit(number) for number in range(12)), return_exceptions=True)

    assert all(isinstance(answer, ValueError) for answer in answers)


async def test_refuses_more_than_may_wait() -> None:
    work = Work(is_open=False)
    batcher = Batcher(work, batch_max=1, waiting_max=5)
    waiting = []
    for number in range(6):
        waiting.append(asyncio.create_task(batcher.submit(number)))
        await asyncio.sleep(0)
    await asyncio.sleep(0.01)

    with pytest.raises(BatcherFull):
        await batcher.submit(99)

    work.gate.set()
    assert await asyncio.gather(*waiting) == [number * 2 for number in range(6)]


async def test_one_who_gives_up_does_not_disturb_the_others() -> None:
    work = Work(is_open=False)
    batcher = Batcher(work, batch_max=10, waiting_max=100)
    waiting = [asyncio.create_task(batcher.submit(number)) for number in range(5)]
    await asyncio.sleep(0.01)

    waiting[0].cancel()
    waiting[3].cancel()
    work.gate.set()
    answers = await asyncio.gather(*waiting, return_exceptions=True)

    assert [answer for answer in answers if not isinstance(answer, BaseException)] == [2, 4, 8]


async def test_a_pace_keeps_shared_batches_apart_and_makes_them_larger() -> None:
    began: list[float] = []
    loop = asyncio.get_running_loop()

    async def work(items: Sequence[int]) -> Sequence[int]:
        began.append(loop.time())
        return items

    batcher = Batcher(work, batch_max=100, waiting_max=100, pace_seconds=0.05)

    async def client() -> None:
        for number in range(3):
            await batcher.submit(number)

    await asyncio.gather(*(client() for _ in range(10)))

    assert len(began) == 3
    assert min(later - earlier for earlier, later in pairwise(began)) >= 0.045


async def test_who_asks_alone_never_waits_for_the_pace() -> None:
    async def work(items: Sequence[int]) -> Sequence[int]:
        return items

    batcher = Batcher(work, batch_max=100, waiting_max=100, pace_seconds=10)

    async with asyncio.timeout(5):
        for number in range(20):
            assert await batcher.submit(number) == number
