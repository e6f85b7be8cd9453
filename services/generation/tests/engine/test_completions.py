"""Runs that end together are written together, and stay apart in what becomes of them."""

import asyncio
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from common.db.database import Database
from common.events.runs import RunCompleted
from generation.engine.completions import Completions
from generation.runs.attempts import StepAttempts
from generation.runs.lease import LeaseLost
from generation.runs.recovery import recover_lapsed

from ..stage import change, claimed, row_of, rows, said, stale_writes, types_said

AT_ONCE = 6


async def _outcomes(database: Database, *completions: tuple[Any, dict[str, Any], int]) -> list[Any]:
    writer = Completions(database)
    return await asyncio.gather(*(writer.write(*completion) for completion in completions), return_exceptions=True)


async def test_those_that_wait_share_a_transaction_and_each_is_told(database: Database) -> None:
    runs = [await claimed(database, credits=number + 1) for number in range(AT_ONCE)]

    outcomes = await _outcomes(database, *((run, {"n": n}, n) for n, run in enumerate(runs)))

    assert outcomes == [None] * AT_ONCE
    for number, run in enumerate(runs):
        row = await row_of(database, run.job_id)
        assert (row.state, row.result, row.lease_owner) == ("completed", {"n": number}, None)
        (event,) = await said(database, run.job_id)
        assert isinstance(event, RunCompleted)
        assert (event.charge_credits, event.result) == (number, {"n": number})
    assert len(await rows(database, "SELECT DISTINCT xmin FROM runs WHERE state = 'completed'")) == 1


async def test_each_is_told_with_its_own_purchases_oldest_first(database: Database) -> None:
    runs = [await claimed(database) for _ in range(3)]
    bought = {runs[0].job_id: ["first", "second"], runs[1].job_id: [], runs[2].job_id: ["third"]}
    for run in runs:
        for step in bought[run.job_id]:
            await StepAttempts(database, run, step).begin("image.make", "openai", "a-model")

    assert await _outcomes(database, *((run, {"v": 1}, 1) for run in runs)) == [None] * 3

    for run in runs:
        (event,) = await said(database, run.job_id)
        assert isinstance(event, RunCompleted)
        assert [attempt.step for attempt in event.attempts] == bought[run.job_id]


async def test_whose_lease_was_lost_is_refused_and_the_others_end(database: Database) -> None:
    lost, *kept = [await claimed(database) for _ in range(AT_ONCE)]
    await change(database, lost.job_id, "lease_until = now() - interval '1 second'")
    await database.transact(recover_lapsed)
    before = stale_writes("complete")

    outcomes = await _outcomes(database, *((run, {"v": 1}, 1) for run in [kept[0], lost, *kept[1:]]))

    assert [type(outcome) for outcome in outcomes] == [type(None), LeaseLost, *[type(None)] * (AT_ONCE - 2)]
    assert stale_writes("complete") == before + 1
    assert (await row_of(database, lost.job_id)).state == "queued"
    assert await types_said(database, lost.job_id) == []


async def test_what_the_database_cannot_keep_keeps_nobody_else_from_the_end(database: Database) -> None:
    runs = [await claimed(database) for _ in range(AT_ONCE)]
    results: list[dict[str, Any]] = [{"v": 1} for _ in runs]
    results[2] = {"v": "\x00"}  # PostgreSQL has no such character

    outcomes = await _outcomes(database, *zip(runs, results, [1] * AT_ONCE, strict=True))

    assert isinstance(outcomes.pop(2), DBAPIError)
    assert outcomes == [None] * (AT_ONCE - 1)
    assert (await row_of(database, runs[2].job_id)).state == "running"
    assert len(await rows(database, "SELECT 1 FROM outbox WHERE type = 'run.completed'")) == AT_ONCE - 1


async def test_asked_for_twice_a_run_is_completed_once(database: Database) -> None:
    run = await claimed(database)

    outcomes = await _outcomes(database, (run, {"v": 1}, 1), (run, {"v": 1}, 1))

    assert outcomes == [None, None]
    assert await types_said(database, run.job_id) == ["run.completed"]


@pytest.mark.parametrize("result", [{"v": float("nan")}, {"v": object()}])
async def test_what_json_cannot_say_is_refused_before_it_is_written(database: Database, result: dict[str, Any]) -> None:
    run = await claimed(database)

    with pytest.raises((ValueError, TypeError)):
        await Completions(database).write(run, result, 1)

    assert (await row_of(database, run.job_id)).state == "running"
