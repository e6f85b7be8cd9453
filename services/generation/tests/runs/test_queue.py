"""Entering paid jobs: once each, with a position and a wait that make sense, told with a ring."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from common.bus.handlers import Handlers, Received
from common.db.database import Database
from common.events.jobs import JobCancelRequested
from common.events.runs import RunQueued
from generation.runs import handlers as run_handlers
from generation.runs.positions import POSITION_MAX, positions
from generation.runs.waits import Duration, Figures, Load

from ..stage import claim_next, enqueue, paid, row_of, rows, said, types_said


class Bell:
    """Counts rings."""

    def __init__(self) -> None:
        self.rings: list[tuple[str, int]] = []

    def ring(self, job_class: str, runs: int = 1) -> None:
        self.rings.append((job_class, runs))


def handlers_with(bell: Bell, figures: Figures | None = None) -> Handlers:
    handlers = Handlers()
    run_handlers.register(handlers, bell, lambda: figures or Figures({}, {}, {}))  # type: ignore[arg-type]
    return handlers


async def hear(database: Database, handlers: Handlers, *events: Any) -> None:
    """As the consumer: events of a type that stand together, in one transaction."""
    async with database.unit_of_work() as uow:
        batch: Any = handlers.batch(type(events[0]))
        if batch is not None:
            await batch([Received(event, "00-" + "a" * 32 + "-" + "b" * 16 + "-01") for event in events], uow)
        else:
            single: Any = handlers.single(type(events[0]))
            for event in events:
                await single(event, uow)


async def test_a_paid_job_becomes_a_run_is_told_and_rung_for(database: Database) -> None:
    bell = Bell()
    event = paid(job_input={"text": 'é \\ " 🎨'}, weight=4)

    await hear(database, handlers_with(bell), event)

    row = await row_of(database, event.job.job_id)
    assert (row.state, row.kind, row.job_class, row.held_credits, row.weight) == ("queued", "rehearsal", "image", 5, 4)
    assert row.input == event.job.input
    assert row.deadline_at == event.job.deadline_at
    assert row.traceparent is not None
    (told,) = await said(database, event.job.job_id)
    assert isinstance(told, RunQueued)
    assert told.wait.position == 0
    assert bell.rings == [("image", 1)]


async def test_hearing_it_again_changes_nothing(database: Database) -> None:
    bell, event = Bell(), paid()
    handlers = handlers_with(bell)

    for _ in range(3):
        await hear(database, handlers, event)
    await hear(database, handlers, event, event)

    assert await types_said(database, event.job.job_id) == ["run.queued"]
    assert bell.rings == [("image", 1)]
    assert len(await rows(database, "SELECT 1 FROM runs")) == 1


async def test_a_run_that_is_over_is_not_queued_again(database: Database) -> None:
    event, handlers = paid(), handlers_with(Bell())
    await hear(database, handlers, event)
    await hear(database, handlers, JobCancelRequested(account_id=event.account_id, job_id=event.job.job_id))

    await hear(database, handlers, event)

    assert (await row_of(database, event.job.job_id)).state == "cancelled"


async def test_a_cancellation_that_arrives_before_the_payment_is_kept(database: Database) -> None:
    bell = Bell()
    handlers, event, other = handlers_with(bell), paid(), paid()
    cancel = JobCancelRequested(account_id=event.account_id, job_id=event.job.job_id)
    await hear(database, handlers, cancel, cancel)
    assert await types_said(database, event.job.job_id) == []

    for _ in range(2):
        await hear(database, handlers, event, other)
    await hear(database, handlers, cancel)

    assert await types_said(database, event.job.job_id) == ["run.cancelled"]
    assert await types_said(database, other.job.job_id) == ["run.queued"]
    assert bell.rings == [("image", 1)]
    row = await row_of(database, event.job.job_id)
    assert (row.state, row.kind, row.held_credits) == ("cancelled", "rehearsal", 5)
    assert await claim_next(database) is not None
    assert await claim_next(database) is None


async def test_payment_and_cancellation_at_the_same_moment_leave_nothing_behind(database: Database) -> None:
    handlers = handlers_with(Bell())
    events = [paid() for _ in range(30)]
    cancels = [JobCancelRequested(account_id=event.account_id, job_id=event.job.job_id) for event in events]

    await asyncio.gather(
        *(hear(database, handlers, event) for event in events), *(hear(database, handlers, item) for item in cancels)
    )

    for event in events:
        assert (await row_of(database, event.job.job_id)).state == "cancelled"
        assert (await types_said(database, event.job.job_id))[-1] == "run.cancelled"


async def test_the_same_job_in_parallel_batches_is_one_run(database: Database) -> None:
    events = [paid() for _ in range(20)]
    batches = [events[start:] + events[:start] for start in range(0, 20, 5)]

    queued = await asyncio.gather(*(enqueue(database, *batch) for batch in batches))

    assert sum(len(batch) for batch in queued) == 20
    assert len(await rows(database, "SELECT 1 FROM runs")) == 20


async def test_nothing_is_rung_for_when_the_transaction_fails(database: Database) -> None:
    bell = Bell()
    batch: Any = handlers_with(bell).batch(type(paid()))

    async def fail_after(batch_handler: Any) -> None:
        async with database.unit_of_work() as uow:
            await batch_handler([Received(paid(), None)], uow)
            raise LookupError

    with pytest.raises(LookupError):
        await fail_after(batch)

    assert bell.rings == []


async def test_positions_count_those_before_in_the_fair_order(database: Database) -> None:
    crowd = [paid(account=(account := uuid4())) for _ in range(1)]
    crowd += [paid(account=account) for _ in range(9)]
    single = paid()
    elsewhere = paid(job_class="text")
    await enqueue(database, *crowd, single, elsewhere)
    ids = [event.job.job_id for event in [*crowd, single, elsewhere]]

    async with database.unit_of_work() as uow:
        found = await positions(uow, ids)

    assert [found[job_id] for job_id in ids] == [0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1, 0]

    await claim_next(database)
    async with database.unit_of_work() as uow:
        found = await positions(uow, ids[1:11])
    assert [found[job_id] for job_id in ids[1:11]] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0], "what runs is before nobody"


async def test_positions_are_counted_up_to_a_maximum(database: Database) -> None:
    account = uuid4()
    for _ in range(3):
        last = [paid(account=account) for _ in range(500)]
        await enqueue(database, *last)

    async with database.unit_of_work() as uow:
        assert await positions(uow, [last[-1].job.job_id]) == {last[-1].job.job_id: POSITION_MAX}


def test_the_wait_follows_from_position_slots_and_durations() -> None:
    figures = Figures({"k": Duration(4.0, 10.0)}, {"image": Load(waiting=5, running=2)}, {"image": 2})

    free = Figures({"k": Duration(4.0, 10.0)}, {}, {"image": 2}).wait("k", "image", 0)
    busy = figures.wait("k", "image", 3)
    unknown = figures.wait("never done", "text", 0)

    assert (free.start_seconds_p50, free.start_seconds_p90) == (0, 0)
    assert (busy.position, busy.start_seconds_p50, busy.start_seconds_p90) == (3, 8.0, 20.0)
    assert (busy.duration_seconds_p50, busy.duration_seconds_p90) == (4.0, 10.0)
    assert unknown.duration_seconds_p90 >= unknown.duration_seconds_p50 > 0
    waits = [figures.wait("k", "image", position).start_seconds_p50 for position in range(50)]
    assert waits == sorted(waits)
