"""Claims, leases and fencing: one worker at a time, and a worker that lost its run can write nothing."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.exc import DBAPIError

from common.db.database import Database
from generation.engine.completions import Completions
from generation.providers.ports import IMAGE_MAKE, AttemptOutcome
from generation.runs import outcome
from generation.runs.attempts import StepAttempts
from generation.runs.lease import ClaimedRun, LeaseLost, ensure_held, hand_back, renew
from generation.runs.steps import STEP_RESULT_BYTES_MAX, StepTooLarge, load_steps, save_step

from ..stage import change, claim_next, claimed, enqueue, paid, row_of, rows, stale_writes, types_said


async def test_many_workers_at_once_claim_different_runs(database: Database) -> None:
    events = [paid(account=uuid4()) for _ in range(60)]
    await enqueue(database, *events)

    async def worker(name: str) -> list[ClaimedRun]:
        mine = []
        while (run := await claim_next(database, owner=name)) is not None:
            mine.append(run)
        return mine

    hauls = await asyncio.gather(*(worker(f"w{number}") for number in range(8)))
    for _ in range(20):  # SKIP LOCKED: a worker may see nothing while others hold the rest for an instant
        hauls.append(await worker("late"))

    claimed_ids = [run.job_id for haul in hauls for run in haul]
    assert len(claimed_ids) == len(set(claimed_ids)) == 60
    assert set(claimed_ids) == {event.job.job_id for event in events}
    assert sum(1 for haul in hauls[:8] if haul) > 1


async def test_a_claim_says_who_until_when_and_under_which_token(database: Database) -> None:
    run = await claimed(database)

    row = await row_of(database, run.job_id)
    assert (row.state, row.lease_owner, row.attempt, run.token) == ("running", "w", 1, 1)
    (left,) = await rows(database, "SELECT extract(epoch FROM lease_until - now())::float8 AS seconds FROM runs")
    assert 55 < left.seconds <= 60
    assert run.started_at == row.started_at


async def test_what_may_not_start_yet_is_passed_over(database: Database) -> None:
    run = await claimed(database)
    assert await hand_back(database, run, failures=1, pause_seconds=30)
    assert await claim_next(database) is None

    await change(database, run.job_id, "not_before = now()")
    again = await claim_next(database)

    assert again is not None
    assert (again.token, again.failures, again.started_at) == (2, 1, run.started_at)


async def test_renewing_moves_the_deadline_and_hears_of_cancellation(database: Database) -> None:
    run = await claimed(database)
    await change(database, run.job_id, "lease_until = now() + interval '1 second'")

    assert await renew(database, run, 60) is False
    (left,) = await rows(database, "SELECT extract(epoch FROM lease_until - now())::float8 AS seconds FROM runs")
    assert left.seconds > 55

    await change(database, run.job_id, "cancel_requested_at = now()")
    assert await renew(database, run, 60) is True


async def test_handing_back_happens_once(database: Database) -> None:
    run = await claimed(database)

    assert await hand_back(database, run, failures=0, pause_seconds=0)
    assert not await hand_back(database, run, failures=1, pause_seconds=0)

    row = await row_of(database, run.job_id)
    assert (row.state, row.failures, row.lease_owner, row.lease_until) == ("queued", 0, None, None)


async def lost(database: Database) -> ClaimedRun:
    """A worker's view of a run that somebody else has meanwhile."""
    stale = await claimed(database)
    await hand_back(database, stale, failures=0, pause_seconds=0)
    current = await claim_next(database, owner="other")
    assert current is not None
    assert (current.job_id, current.token) == (stale.job_id, 2)
    return stale


async def _complete(database: Database, run: ClaimedRun) -> None:
    await Completions(database).write(run, {"value": "stale"}, 5)


async def _fail(database: Database, run: ClaimedRun) -> None:
    await database.transact(outcome.fail, run, "CODE", "detail")


async def _cancel(database: Database, run: ClaimedRun) -> None:
    await database.transact(outcome.cancel, run)


async def _step(database: Database, run: ClaimedRun) -> None:
    await database.transact(save_step, run, "one", {"value": "stale"})


async def _progress(database: Database, run: ClaimedRun) -> None:
    await database.transact(ensure_held, run, "progress")


async def _purchase(database: Database, run: ClaimedRun) -> None:
    await StepAttempts(database, run, "one").begin(IMAGE_MAKE, "openai", "m")


async def _renew(database: Database, run: ClaimedRun) -> None:
    await renew(database, run, 60)


WRITES: dict[str, Any] = {
    "complete": _complete,
    "fail": _fail,
    "cancel": _cancel,
    "step": _step,
    "progress": _progress,
    "purchase": _purchase,
    "renew": _renew,
}


@pytest.mark.parametrize("operation", WRITES)
async def test_a_stale_write_is_refused_and_counted(database: Database, operation: str) -> None:
    stale = await lost(database)
    before = stale_writes(operation)

    with pytest.raises(LeaseLost):
        await WRITES[operation](database, stale)

    assert stale_writes(operation) == before + 1
    row = await row_of(database, stale.job_id)
    assert (row.state, row.attempt, row.lease_owner, row.result) == ("running", 2, "other", None)
    assert await types_said(database, stale.job_id) == []
    assert await rows(database, "SELECT 1 FROM steps") == []
    assert await rows(database, "SELECT 1 FROM attempts") == []


@pytest.mark.parametrize("operation", WRITES)
async def test_nothing_is_written_to_a_run_that_is_over(database: Database, operation: str) -> None:
    run = await claimed(database)
    await Completions(database).write(run, {"value": "done"}, 5)

    with pytest.raises(LeaseLost):
        await WRITES[operation](database, run)

    assert (await row_of(database, run.job_id)).result == {"value": "done"}
    assert await types_said(database, run.job_id) == ["run.completed"]


async def test_of_two_endings_at_the_same_moment_one_is_written(database: Database) -> None:
    run = await claimed(database)

    endings = await asyncio.gather(
        _complete(database, run), _fail(database, run), _cancel(database, run), return_exceptions=True
    )

    assert sum(ending is None for ending in endings) == 1
    assert sum(isinstance(ending, LeaseLost) for ending in endings) == 2
    assert len(await types_said(database, run.job_id)) == 1


@pytest.mark.parametrize("charge", [-1, 6])
async def test_never_charges_more_than_was_held_nor_less_than_nothing(database: Database, charge: int) -> None:
    run = await claimed(database, credits=5)

    with pytest.raises(ValueError, match="held"):
        await Completions(database).write(run, {}, charge)

    assert (await row_of(database, run.job_id)).state == "running"


async def test_a_saved_step_keeps_its_first_result(database: Database) -> None:
    run = await claimed(database)
    await database.transact(save_step, run, "one", {"value": "first"})
    await database.transact(save_step, run, "one", {"value": "second"})
    await database.transact(save_step, run, "two", {"value": "🎨"})

    assert await load_steps(database, run.job_id) == {"one": {"value": "first"}, "two": {"value": "🎨"}}


async def test_a_step_keeps_facts_not_files(database: Database) -> None:
    run = await claimed(database)

    with pytest.raises(StepTooLarge):
        await database.transact(save_step, run, "one", {"value": "x" * STEP_RESULT_BYTES_MAX})

    assert await load_steps(database, run.job_id) == {}


async def test_a_purchase_is_recorded_remembered_and_ends_once(database: Database) -> None:
    run = await claimed(database)
    attempts = StepAttempts(database, run, "image")
    attempt = await attempts.begin(IMAGE_MAKE, "replicate", "flux")
    await attempts.remember(attempt, "prediction-1")

    (left_open,) = await StepAttempts(database, run, "image").open_attempts(IMAGE_MAKE)
    assert (left_open.attempt_id, left_open.external_id) == (attempt, "prediction-1")
    assert await StepAttempts(database, run, "another").open_attempts(IMAGE_MAKE) == []

    await attempts.finish(attempt, AttemptOutcome.OK, cost_microusd=3000, request_id="r")
    await attempts.finish(attempt, AttemptOutcome.TIMEOUT, error_code="late")

    (row,) = await rows(database, "SELECT * FROM attempts")
    assert (row.outcome, row.cost_microusd, row.error_code, row.request_id) == ("ok", 3000, None, "r")
    assert attempts.delivered == ("replicate", "flux")
    assert await attempts.open_attempts(IMAGE_MAKE) == []
    (delivered,) = await StepAttempts(database, run, "image").open_attempts(IMAGE_MAKE)
    assert delivered.attempt_id == attempt, "delivered to a worker that was lost before the step was remembered"
    without_id = await attempts.begin(IMAGE_MAKE, "openai", "m")
    await attempts.finish(without_id, AttemptOutcome.OK)
    assert len(await StepAttempts(database, run, "image").open_attempts(IMAGE_MAKE)) == 1, "nothing to fetch it by"


async def test_a_cost_below_nothing_is_refused(database: Database) -> None:
    run = await claimed(database)
    attempts = StepAttempts(database, run, "image")
    attempt = await attempts.begin(IMAGE_MAKE, "openai", "m")

    with pytest.raises(DBAPIError, match="cost_not_negative"):
        await attempts.finish(attempt, AttemptOutcome.OK, cost_microusd=-1)
