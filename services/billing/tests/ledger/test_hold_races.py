"""One hold in many hands, and many holds for few credits: writers on connections of their own, meeting at one row."""

import itertools
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from billing.ledger.audit import audit
from billing.ledger.expiry import expire_holds
from billing.ledger.grants import Grant, post_grants
from billing.ledger.holds import HOLD_MARGIN
from billing.ledger.settlements import settle_outcomes
from common.bus.handlers import Received
from common.clock import now
from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.events.jobs import JobSubmitted
from common.events.runs import RunCompleted, RunFailed
from common.ids import new_id

from .contention import Work, holding_at_once, holding_under_locks, in_a_transaction, meet, opened_writers
from .invariants import findings

Submit = Callable[..., Received[JobSubmitted]]
Hold = Callable[[list[Received[JobSubmitted]]], Work]
WAYS = ("capture", "release", "expiry")
WAYS_TO_HOLD = pytest.mark.parametrize("way", [holding_under_locks, holding_at_once], ids=["under locks", "at once"])


@pytest_asyncio.fixture
async def writers(databases: Any) -> AsyncIterator[list[Database]]:
    """A referee and three writers on a database that is sound in the end."""
    async with opened_writers(await databases.migrated("billing"), 3) as opened:
        yield opened
        assert await audit(opened[0]) == []
        assert await opened[0].transact(findings) == []


async def test_of_capture_release_and_expiry_at_once_exactly_one_wins(
    writers: list[Database], submitted: Submit
) -> None:
    referee, *hands = writers
    account_id = new_id()
    await referee.transact(post_grants, [Grant(account_id, 100, "promotion", "once", "")])
    won: Counter[str] = Counter()
    for order in itertools.permutations(WAYS):
        job = submitted(account_id, 6, deadline_at=now() - HOLD_MARGIN)
        await holding_under_locks([job])(referee)
        work = {"capture": _capture(job), "release": _release(job), "expiry": in_a_transaction(expire_holds)}
        await meet(referee, account_id, [(hands[place], work[way]) for place, way in enumerate(order)])
        said = await _said_of(referee, job.event.job.job_id)
        assert len(said) == 1, order
        won[order[0]] += said == [{"capture": "completed", "release": "failed", "expiry": "expired"}[order[0]]]
    assert won == dict.fromkeys(WAYS, 2), "whoever comes first settles"
    row = await referee.transact(UnitOfWork.first, "SELECT available_credits, held_credits FROM balances")
    assert row is not None
    assert tuple(row) == (100 - 2 * 4, 0)


@WAYS_TO_HOLD
async def test_of_two_hundred_jobs_at_once_exactly_as_many_are_held_as_can_be_paid(
    writers: list[Database], submitted: Submit, way: Hold
) -> None:
    """Three readers of the stream, credits for 50 in two lots: 50 are held, 150 refused, nothing is left."""
    referee, *hands = writers
    account_id = new_id()
    for credits, lifetime in ((30, timedelta(days=1)), (20, None)):
        expires_at = None if lifetime is None else now() + lifetime
        await referee.transact(post_grants, [Grant(account_id, credits, "promotion", str(credits), "", expires_at)])
    jobs = [submitted(account_id, 1) for _ in range(200)]
    batches = [jobs[start : start + 20] for start in range(0, 200, 20)]
    work = [(hands[place % 3], way(batch)) for place, batch in enumerate(batches)]
    await meet(referee, account_id, work)
    row = await referee.transact(UnitOfWork.first, "SELECT available_credits, held_credits FROM balances")
    assert row is not None
    assert tuple(row) == (0, 50)
    told = await referee.transact(UnitOfWork.rows, "SELECT type, count(*) AS times FROM outbox GROUP BY type")
    times = {event.type: event.times for event in told}
    assert (times["credits.held"], times["credits.refused"]) == (50, 150)


@WAYS_TO_HOLD
async def test_a_job_told_to_three_readers_at_once_is_held_once(
    writers: list[Database], submitted: Submit, way: Hold
) -> None:
    referee, *hands = writers
    account_id = new_id()
    await referee.transact(post_grants, [Grant(account_id, 100, "promotion", "once", "")])
    job = submitted(account_id, 6)
    await meet(referee, account_id, [(hand, way([job])) for hand in hands])
    holds = await referee.transact(UnitOfWork.rows, "SELECT amount_credits FROM holds")
    assert [hold.amount_credits for hold in holds] == [6]


def _capture(job: Received[JobSubmitted]) -> Work:
    about = _about(job)
    outcome = RunCompleted(charge_credits=4, result={}, started_at=now(), **about)
    return in_a_transaction(lambda uow: settle_outcomes([Received(outcome, None)], uow))


def _release(job: Received[JobSubmitted]) -> Work:
    outcome = RunFailed(code="refused", detail="", **_about(job))
    return in_a_transaction(lambda uow: settle_outcomes([Received(outcome, None)], uow))


def _about(job: Received[JobSubmitted]) -> dict[str, Any]:
    return {
        "account_id": job.event.account_id,
        "job_id": job.event.job.job_id,
        "kind": "text_to_design",
        "finished_at": now(),
    }


async def _said_of(database: Database, job_id: UUID) -> list[str]:
    """How the job was settled, as it was said: once for each time."""
    rows = await database.transact(
        UnitOfWork.rows,
        "SELECT coalesce(body::json->>'reason', 'completed') AS way FROM outbox"
        " WHERE type IN ('credits.captured', 'credits.released') AND body::json->>'job_id' = :job",
        {"job": str(job_id)},
    )
    return [row.way for row in rows]
