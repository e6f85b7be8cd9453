"""Cancelling against everything else that can end a run at the same moment: there is one outcome."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from common.db.database import Database
from common.events.envelope import Event
from common.events.runs import RunCancelled, RunCompleted, RunFailed
from generation.engine.completions import Completions
from generation.runs import outcome
from generation.runs.lease import LeaseLost
from generation.runs.recovery import cancel_overdue, recover_lapsed, request_cancel

from ..stage import change, claim_next, claimed, enqueue, paid, row_of, said

LAPSED = "lease_until = now() - interval '1 second'"
Ending = Callable[[Database, Any], Awaitable[object]]


async def completes(database: Database, run: Any) -> None:
    await Completions(database).write(run, {"value": "v"}, 5)


async def fails(database: Database, run: Any) -> None:
    await database.transact(outcome.fail, run, "X", "d")


async def stops(database: Database, run: Any) -> None:
    await database.transact(outcome.cancel, run)


async def loses_its_worker(database: Database, run: Any) -> None:
    await change(database, run.job_id, LAPSED)
    await database.transact(recover_lapsed)


@pytest.mark.parametrize("ending", [completes, fails, stops, loses_its_worker])
async def test_a_run_that_is_cancelled_while_it_ends_has_one_outcome(database: Database, ending: Ending) -> None:
    runs = [await claimed(database) for _ in range(8)]

    async def end(run: Any) -> None:
        with suppress(LeaseLost):
            await ending(database, run)

    async def cancel(run: Any) -> None:
        await database.transact(request_cancel, run.account_id, run.job_id)

    await asyncio.gather(*(act(run) for run in runs for act in (end, cancel, cancel)))

    for run in runs:
        row, told = await row_of(database, run.job_id), await said(database, run.job_id)
        assert row.state in {"completed", "failed", "cancelled"}
        assert len(told) == 1
        kinds: dict[str, type[Event]] = {"completed": RunCompleted, "failed": RunFailed, "cancelled": RunCancelled}
        assert isinstance(told[0], kinds[row.state])
        assert getattr(told[0], "charge_credits", 0) == (5 if row.state == "completed" else 0)


async def test_of_a_claim_a_missed_deadline_and_a_cancellation_one_wins(database: Database) -> None:
    events = [paid(deadline=timedelta(seconds=-1)) for _ in range(12)]
    await enqueue(database, *events)

    await asyncio.gather(
        *(claim_next(database) for _ in events),
        *(database.transact(request_cancel, event.account_id, event.job.job_id) for event in events),
        *(database.transact(cancel_overdue) for _ in range(3)),
    )

    for event in events:
        row, told = await row_of(database, event.job.job_id), await said(database, event.job.job_id)
        assert row.state in {"running", "cancelled", "failed"}
        assert len(told) == (row.state != "running"), "who is claimed hears of the click from its heartbeat"
        assert row.state != "running" or row.cancel_requested_at is not None
