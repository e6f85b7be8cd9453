"""Memory admission: never more together than there is, strictly in line, and nothing is lost by those who leave it."""

import asyncio
from dataclasses import replace
from uuid import uuid4

from common.db.database import Database
from generation.engine.context import JobContext
from generation.engine.memory import MemoryGate
from generation.providers.bootstrap import Providers

from ..stage import Answer, Text, enqueue, executor_of, kind_of, paid, until_state


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_does_not_fit_waits_at_the_head_and_the_small_do_not_pass() -> None:
    gate = MemoryGate(100)
    first = await gate.reserve(70)
    admitted: list[str] = []

    async def come(name: str, memory_mb: int) -> None:
        if await gate.reserve(memory_mb) is not None:
            admitted.append(name)

    coming = [asyncio.create_task(come(name, size)) for name, size in (("large", 80), ("small", 10), ("huge", 900))]
    await turns()
    assert admitted == []

    assert first is not None
    first.shrink(20)
    await turns()
    assert admitted == ["large"], "what is left is too little for the next"
    first.release()
    await turns()
    assert admitted == ["large", "small"]

    gate.close()
    await asyncio.wait_for(asyncio.gather(*coming), 1)
    assert admitted == ["large", "small"]
    assert await gate.reserve(1) is None


async def test_who_leaves_the_line_lets_the_next_move_up() -> None:
    gate = MemoryGate(100)
    first = await gate.reserve(90)
    leaving, staying = (asyncio.create_task(gate.reserve(size)) for size in (50, 10))
    await turns()

    leaving.cancel()
    await turns()
    assert await asyncio.wait_for(staying, 1) is not None

    next_one = asyncio.create_task(gate.reserve(20))
    await turns()
    assert first is not None
    first.release()
    next_one.cancel()  # admitted and cancelled in the same turn: what was set aside goes back
    await asyncio.gather(next_one, return_exceptions=True)
    assert await asyncio.wait_for(gate.reserve(90), 1) is not None


async def test_five_books_at_once_are_made_two_by_two_and_the_rest_waits(database: Database, nobody: Providers) -> None:
    under_way, under_way_max, two_at_once = 0, 0, asyncio.Event()

    async def book(job_input: Text, job: JobContext) -> Answer:
        nonlocal under_way, under_way_max
        under_way += 1
        under_way_max = max(under_way_max, under_way)
        if under_way == 2:
            two_at_once.set()
        await two_at_once.wait()
        await asyncio.sleep(0.01)
        under_way -= 1
        return Answer(value="ok")

    kind = replace(kind_of(book, job_class="document"), memory_mb=80)
    account = uuid4()
    events = [paid(job_class="document", account=account) for _ in range(5)]
    await enqueue(database, *events)
    executor = executor_of(database, nobody, kind, memory_mb=200)
    for _ in events:
        executor.answer("document")

    rows = [await until_state(database, event.job.job_id, "completed") for event in events]

    assert under_way_max == 2
    started = sorted(rows, key=lambda row: row.started_at)
    assert all(abs(place - started.index(row)) <= 1 for place, row in enumerate(rows)), "two may start at once"
    await executor.drain(1)
