"""The executor: every claimed run reaches one ending, whoever dies, gives up or goes away meanwhile."""

import asyncio
from typing import Any

import pytest

from common.db.database import Database
from common.events.runs import RunCancelled, RunCompleted, RunFailed, RunProgressed, RunStarted
from generation.engine import executor as module
from generation.engine.context import JobContext, Step
from generation.engine.failures import JobFailed
from generation.providers.bootstrap import Providers
from generation.providers.errors import AllProvidersFailed, Refused
from generation.runs.lease import LeaseLost
from generation.runs.recovery import FAILURES_MAX, recover_lapsed, request_cancel

from ..stage import (
    Answer,
    Play,
    Text,
    change,
    claim_next,
    enqueue,
    enqueue_one,
    executor_of,
    kind_of,
    paid,
    row_of,
    rows,
    said,
    stale_writes,
    types_said,
    until,
    until_state,
    wire_to,
)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_PAUSE_SECONDS", 0.01)


async def echo(job_input: Text, job: JobContext) -> Answer:
    return Answer(value=job_input.text.upper())


def raising(error: Exception) -> Play:
    async def play(job_input: Text, job: JobContext) -> Answer:
        raise error

    return play


class Sleeper:
    """Works until told to stop, or for ever."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.go_on = asyncio.Event()
        self.cancelled = False

    async def __call__(self, job_input: Text, job: JobContext) -> Answer:
        self.started.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return Answer(value="slept")


async def run_one(database: Database, providers: Providers, play: Play, **spec: Any) -> Any:
    """One run from ring to ending; answers its row."""
    job_id = await enqueue_one(database, **spec)
    executor = executor_of(database, providers, kind_of(play))
    executor.answer("image")
    row = await until_state(database, job_id, "completed", "failed", "cancelled")
    await executor.drain(1)
    return row


async def test_a_run_is_carried_out_and_told(database: Database, nobody: Providers) -> None:
    row = await run_one(database, nobody, echo, job_input={"text": "hello"}, credits=7)

    assert (row.state, row.result, row.lease_owner) == ("completed", {"value": "HELLO"}, None)
    started, completed = await said(database, row.job_id)
    assert isinstance(started, RunStarted)
    assert started.attempt == 1
    assert isinstance(completed, RunCompleted)
    assert (completed.charge_credits, completed.result) == (7, {"value": "HELLO"})
    assert completed.started_at == row.started_at
    assert completed.finished_at == row.finished_at


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (JobFailed("TOO_DARK", "There is nothing to see."), "TOO_DARK"),
        (Refused("moderation_blocked", "No.", provider="openai", model="m"), "MODERATION_BLOCKED"),
        (AllProvidersFailed("image.make", []), "PROVIDERS_UNAVAILABLE"),
    ],
)
async def test_what_cannot_be_done_fails_at_once_with_its_code(
    database: Database, nobody: Providers, error: Exception, code: str
) -> None:
    row = await run_one(database, nobody, raising(error))

    assert (row.state, row.error_code, row.attempt, row.failures) == ("failed", code, 1, 0)
    event = (await said(database, row.job_id))[-1]
    assert isinstance(event, RunFailed)
    assert event.code == code
    assert event.detail


@pytest.mark.parametrize(
    ("spec", "code"),
    [({"kind": "unheard-of"}, "KIND_UNKNOWN"), ({"job_input": {"txt": 1}}, "VALIDATION_FAILED")],
)
async def test_what_does_not_fit_any_kind_fails(
    database: Database, nobody: Providers, spec: dict[str, Any], code: str
) -> None:
    row = await run_one(database, nobody, echo, **spec)

    assert (row.state, row.error_code) == ("failed", code)


async def test_an_unexpected_error_is_tried_again_later_and_later_and_then_given_up(
    database: Database, nobody: Providers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETRY_PAUSE_SECONDS", 8.0)
    job_id = await enqueue_one(database)
    executor = executor_of(database, nobody, kind_of(raising(LookupError("a fault of ours"))))
    pauses = []
    for failures in range(1, FAILURES_MAX):
        executor.answer("image")

        async def handed_back(count: int = failures) -> bool:
            row = await row_of(database, job_id)
            return bool(row.state == "queued" and row.failures == count)

        await until(handed_back)
        (row,) = await rows(database, "SELECT extract(epoch FROM not_before - now())::float8 AS seconds FROM runs")
        pauses.append(row.seconds)
        assert await claim_next(database) is None, "not before its time"
        await change(database, job_id, "not_before = now()")
    executor.answer("image")

    row = await until_state(database, job_id, "failed")

    assert (row.error_code, row.attempt) == ("INTERNAL_ERROR", FAILURES_MAX)
    assert "a fault of ours" not in row.error_detail
    for number, pause in enumerate(pauses):
        full = min(8.0 * 2**number, 30.0)
        assert full * 0.5 - 1 <= pause <= full
    await executor.drain(1)


async def test_a_success_after_failures_is_a_success(database: Database, nobody: Providers) -> None:
    failures = 2

    async def moody(job_input: Text, job: JobContext) -> Answer:
        nonlocal failures
        if failures:
            failures -= 1
            raise ConnectionResetError
        return Answer(value="at last")

    job_id = await enqueue_one(database)
    executor = executor_of(database, nobody, kind_of(moody))

    async def done() -> bool:
        executor.answer("image")
        return bool((await row_of(database, job_id)).state == "completed")

    await until(done)

    assert await types_said(database, job_id) == ["run.started"] * 3 + ["run.completed"]
    await executor.drain(1)


async def test_finished_steps_are_not_run_again(database: Database, nobody: Providers) -> None:
    calls: list[str] = []
    crash = True

    async def two_steps(job_input: Text, job: JobContext) -> Answer:
        async def first(step: Step) -> Answer:
            calls.append("first")
            return Answer(value="of the first")

        async def second(step: Step) -> Answer:
            calls.append("second")
            if crash:
                raise LookupError
            return Answer(value="of the second")

        one = await job.step("one", Answer, first)
        two = await job.step("two", Answer, second)
        again = await job.step("one", Answer, first)
        assert again == one
        return Answer(value=f"{one.value}, {two.value}")

    job_id = await enqueue_one(database)
    executor = executor_of(database, nobody, kind_of(two_steps))
    executor.answer("image")

    async def failed_once() -> bool:
        return bool((await row_of(database, job_id)).failures == 1)

    await until(failed_once)
    crash = False
    await change(database, job_id, "not_before = now()")
    await executor_of(database, nobody, kind_of(two_steps)).drain(0)
    another_worker = executor_of(database, nobody, kind_of(two_steps), owner="worker-2")
    another_worker.answer("image")

    row = await until_state(database, job_id, "completed")

    assert calls == ["first", "second", "second"]
    assert row.result == {"value": "of the first, of the second"}
    await asyncio.gather(executor.drain(1), another_worker.drain(1))


async def test_cancelled_while_it_waits_it_never_starts(database: Database, nobody: Providers) -> None:
    event = paid()
    await enqueue(database, event)
    await database.transact(request_cancel, event.account_id, event.job.job_id)
    executor = executor_of(database, nobody, kind_of(echo))

    executor.answer("image")
    await executor.drain(1)

    assert await types_said(database, event.job.job_id) == ["run.cancelled"]


async def test_cancelled_while_it_runs_it_is_stopped_and_costs_nothing(database: Database, nobody: Providers) -> None:
    event, sleeper = paid(), Sleeper()
    await enqueue(database, event)
    executor = executor_of(database, nobody, kind_of(sleeper), lease_seconds=0.3)
    executor.answer("image")
    await asyncio.wait_for(sleeper.started.wait(), 5)

    await database.transact(request_cancel, event.account_id, event.job.job_id)
    row = await until_state(database, event.job.job_id, "cancelled", seconds=3)

    assert sleeper.cancelled
    assert row.lease_owner is None
    told = (await said(database, event.job.job_id))[-1]
    assert isinstance(told, RunCancelled)
    assert told.charge_credits == 0
    await executor.drain(1)


async def test_long_work_keeps_its_lease(database: Database, nobody: Providers) -> None:
    sleeper = Sleeper()
    job_id = await enqueue_one(database)
    executor = executor_of(database, nobody, kind_of(sleeper), lease_seconds=0.3)
    executor.answer("image")
    await asyncio.wait_for(sleeper.started.wait(), 5)

    for _ in range(10):
        await asyncio.sleep(0.1)
        assert await database.transact(recover_lapsed) == 0
    sleeper.go_on.set()

    row = await until_state(database, job_id, "completed")
    assert (row.attempt, row.failures) == (1, 0)
    await executor.drain(1)


async def test_a_worker_that_lost_its_lease_stops_and_writes_nothing(database: Database, nobody: Providers) -> None:
    sleeper = Sleeper()
    job_id = await enqueue_one(database)
    executor = executor_of(database, nobody, kind_of(sleeper), lease_seconds=0.3)
    executor.answer("image")
    await asyncio.wait_for(sleeper.started.wait(), 5)
    before = stale_writes("renew")

    await change(database, job_id, "attempt = 2, lease_owner = 'other', lease_until = now() + interval '1 hour'")

    async def gave_up() -> bool:
        return sleeper.cancelled

    await until(gave_up, 3)
    await executor.drain(1)
    row = await row_of(database, job_id)
    assert (row.state, row.attempt, row.lease_owner) == ("running", 2, "other")
    assert stale_writes("renew") == before + 1
    assert await types_said(database, job_id) == ["run.started"]


async def test_an_outcome_that_comes_too_late_is_refused(database: Database, nobody: Providers) -> None:
    sleeper = Sleeper()
    job_id = await enqueue_one(database)
    executor = executor_of(database, nobody, kind_of(sleeper), lease_seconds=60)
    executor.answer("image")
    await asyncio.wait_for(sleeper.started.wait(), 5)
    before = stale_writes("complete")
    await change(database, job_id, "attempt = 2, lease_owner = 'other'")

    sleeper.go_on.set()
    await executor.drain(2)

    assert stale_writes("complete") == before + 1
    assert (await row_of(database, job_id)).state == "running"


async def test_draining_finishes_what_is_quick_and_hands_the_rest_back(database: Database, nobody: Providers) -> None:
    quick, slow = Sleeper(), Sleeper()
    first = await enqueue_one(database, kind="quick")
    second = await enqueue_one(database, kind="slow")
    executor = executor_of(database, nobody, kind_of(quick, "quick"), kind_of(slow, "slow"))
    executor.answer("image")
    executor.answer("image")
    await asyncio.wait_for(asyncio.gather(quick.started.wait(), slow.started.wait()), 5)
    waiting = await enqueue_one(database, kind="quick")

    drain = asyncio.create_task(executor.drain(0.3))
    await asyncio.sleep(0.05)
    quick.go_on.set()
    await asyncio.wait_for(drain, 3)
    executor.answer("image")
    await asyncio.sleep(0.05)

    assert (await row_of(database, first)).state == "completed"
    handed_back = await row_of(database, second)
    assert (handed_back.state, handed_back.failures, handed_back.lease_until) == ("queued", 0, None)
    assert slow.cancelled
    untouched = await row_of(database, waiting)
    assert (untouched.state, untouched.attempt) == ("queued", 0)


async def test_a_finished_run_waits_for_the_database_to_come_back(
    database: Database, database_url: str, nobody: Providers, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleeper = Sleeper()
    job_id = await enqueue_one(database)
    async with wire_to(database_url) as (wire, url):
        through_wire = Database(url, application="worker", pool_size=4)
        executor = executor_of(through_wire, nobody, kind_of(sleeper), lease_seconds=30)
        executor.answer("image")
        await asyncio.wait_for(sleeper.started.wait(), 5)

        wire.cut()
        sleeper.go_on.set()
        await asyncio.sleep(1.5)
        assert (await row_of(database, job_id)).state == "running"
        wire.mend()
        row = await until_state(database, job_id, "completed")

        await executor.drain(1)
        await through_wire.close()
    assert row.attempt == 1
    assert await types_said(database, job_id) == ["run.started", "run.completed"]


async def test_never_more_at_once_than_there_are_slots(database: Database, nobody: Providers) -> None:
    under_way, under_way_max, all_busy = 0, 0, asyncio.Event()

    async def measured(job_input: Text, job: JobContext) -> Answer:
        nonlocal under_way, under_way_max
        under_way += 1
        under_way_max = max(under_way_max, under_way)
        if under_way == 3:
            all_busy.set()
        await all_busy.wait()
        await asyncio.sleep(0.01)
        under_way -= 1
        return Answer(value="ok")

    events = [paid() for _ in range(12)]
    await enqueue(database, *events)
    slots = {"local": 1, "image": 3, "text": 1, "document": 1}
    executor = executor_of(database, nobody, kind_of(measured), slots=slots)

    for _ in range(50):
        executor.answer("image")

    for event in events:
        await until_state(database, event.job.job_id, "completed")
    assert under_way_max == 3
    await executor.drain(1)


async def test_a_ring_for_nothing_does_nothing(database: Database, nobody: Providers) -> None:
    executor = executor_of(database, nobody, kind_of(echo))
    for job_class in ("image", "text", "a class of another release"):
        executor.answer(job_class)
    await asyncio.sleep(0.05)
    await executor.drain(1)

    job_id = await enqueue_one(database)
    fresh = executor_of(database, nobody, kind_of(echo))
    fresh.answer("image")
    await until_state(database, job_id, "completed")
    await fresh.drain(1)


async def test_progress_is_told_forward_only_and_not_too_often(database: Database, nobody: Providers) -> None:
    async def telling(job_input: Text, job: JobContext) -> Answer:
        for fraction in (0.5, 0.2, 0.3):
            await job.progress(fraction, f"at {fraction}")
            await asyncio.sleep(0.21)
        for number in range(50):
            await job.progress(0.9, f"burst {number}")
        await asyncio.sleep(0.21)
        await job.progress(7.0, "beyond the end", preview_url="https://example.com/p.webp")
        return Answer(value="ok")

    row = await run_one(database, nobody, telling)

    told = [event for event in await said(database, row.job_id) if isinstance(event, RunProgressed)]
    assert [event.progress for event in told] == [0.5, 0.5, 0.5, 0.9, 1.0]
    assert [event.sequence for event in told] == [1, 2, 3, 4, 5]
    assert told[-1].preview_url == "https://example.com/p.webp"


async def test_a_job_has_a_bounded_number_of_steps(
    database: Database, nobody: Providers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generation.engine.context.STEPS_MAX", 3)
    refused: list[str] = []

    async def many(job_input: Text, job: JobContext) -> Answer:
        async def work(step: Step) -> Answer:
            return Answer(value="ok")

        for number in range(4):
            try:
                await job.step(f"step-{number}", Answer, work)
            except ValueError as error:
                refused.append(str(error))
        return Answer(value="ok")

    await run_one(database, nobody, many)

    assert refused == ["a job has at most 3 steps"]


async def test_a_step_of_a_worker_that_lost_its_run_is_not_kept(database: Database, nobody: Providers) -> None:
    caught: list[type[BaseException]] = []
    gate = asyncio.Event()
    stepping = asyncio.Event()

    async def one_step(job_input: Text, job: JobContext) -> Answer:
        async def work(step: Step) -> Answer:
            stepping.set()
            await gate.wait()
            return Answer(value="stale")

        try:
            return await job.step("one", Answer, work)
        except LeaseLost as error:
            caught.append(type(error))
            raise

    job_id = await enqueue_one(database)
    executor = executor_of(database, nobody, kind_of(one_step), lease_seconds=60)
    executor.answer("image")
    await asyncio.wait_for(stepping.wait(), 5)
    await change(database, job_id, "attempt = 2, lease_owner = 'other'")
    gate.set()
    await executor.drain(2)

    assert caught == [LeaseLost]
    assert await rows(database, "SELECT 1 FROM steps") == []
    assert (await row_of(database, job_id)).failures == 0
