"""What the sweeper makes good: lost workers, missed deadlines; and cancelling what waits."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from common.db.database import Database
from common.events.runs import RunCancelled, RunFailed
from generation.runs import recovery
from generation.runs.recovery import FAILURES_MAX, cancel_overdue, recover_lapsed, request_cancel

from ..stage import change, claim_next, claimed, enqueue, enqueue_one, paid, row_of, said, types_said

LAPSED = "lease_until = now() - interval '1 second'"


async def test_a_lapsed_lease_is_given_to_others(database: Database) -> None:
    run, healthy = await claimed(database), await claimed(database)
    await change(database, run.job_id, LAPSED)

    assert await database.transact(recover_lapsed) == 1

    row = await row_of(database, run.job_id)
    assert (row.state, row.failures, row.lease_owner) == ("queued", 1, None)
    assert (await row_of(database, healthy.job_id)).state == "running"
    again = await claim_next(database)
    assert again is not None
    assert (again.job_id, again.token) == (run.job_id, 2)


async def test_a_run_that_loses_too_many_workers_fails(database: Database) -> None:
    run = await claimed(database)
    for failures in range(1, FAILURES_MAX):
        await change(database, run.job_id, LAPSED)
        await database.transact(recover_lapsed)
        assert (await row_of(database, run.job_id)).failures == failures
        assert await claim_next(database) is not None
    await change(database, run.job_id, LAPSED)

    await database.transact(recover_lapsed)

    row = await row_of(database, run.job_id)
    assert (row.state, row.error_code) == ("failed", "WORKER_LOST")
    (event,) = await said(database, run.job_id)
    assert isinstance(event, RunFailed)
    assert (event.code, event.started_at) == ("WORKER_LOST", run.started_at)


async def test_a_lost_run_that_was_to_be_cancelled_is_cancelled(database: Database) -> None:
    run = await claimed(database)
    await change(database, run.job_id, f"{LAPSED}, cancel_requested_at = now()")

    await database.transact(recover_lapsed)

    assert (await row_of(database, run.job_id)).state == "cancelled"
    assert await types_said(database, run.job_id) == ["run.cancelled"]


async def test_what_could_not_be_started_in_time_fails_and_what_was_started_goes_on(database: Database) -> None:
    started = await claimed(database)
    await change(database, started.job_id, LAPSED + ", deadline_at = now() - interval '1 hour'")
    late = await enqueue_one(database, deadline=timedelta(seconds=-1))
    early = await enqueue_one(database)
    await database.transact(recover_lapsed)

    assert await database.transact(cancel_overdue) == 1

    row = await row_of(database, late)
    assert (row.state, row.error_code) == ("failed", "DEADLINE_EXCEEDED")
    (event,) = await said(database, late)
    assert isinstance(event, RunFailed)
    assert (event.code, event.started_at) == ("DEADLINE_EXCEEDED", None)
    assert {(await row_of(database, job_id)).state for job_id in (early, started.job_id)} == {"queued"}


async def test_several_sweepers_at_once_handle_each_run_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "BATCH_MAX", 7)
    late = [paid(deadline=timedelta(seconds=-1)) for _ in range(30)]
    await enqueue(database, *late)

    async def sweep() -> int:
        total = 0
        while count := await database.transact(cancel_overdue):
            total += count
        return total

    assert sum(await asyncio.gather(*(sweep() for _ in range(4)))) == 30
    for event in late:
        assert await types_said(database, event.job.job_id) == ["run.failed"]


async def test_cancelling_what_waits_ends_it_at_once_and_once(database: Database) -> None:
    event = paid()
    await enqueue(database, event)

    for _ in range(3):
        await database.transact(request_cancel, event.account_id, event.job.job_id)

    assert (await row_of(database, event.job.job_id)).state == "cancelled"
    (told,) = await said(database, event.job.job_id)
    assert isinstance(told, RunCancelled)
    assert told.charge_credits == 0
    assert await claim_next(database) is None


async def test_nobody_cancels_somebody_else_s_job(database: Database) -> None:
    job_id = await enqueue_one(database)

    await database.transact(request_cancel, uuid4(), job_id)

    assert (await row_of(database, job_id)).state == "queued"


async def test_cancelling_what_runs_leaves_it_to_its_worker(database: Database) -> None:
    run = await claimed(database)

    await database.transact(request_cancel, run.account_id, run.job_id)

    row = await row_of(database, run.job_id)
    assert row.state == "running"
    assert row.cancel_requested_at is not None
