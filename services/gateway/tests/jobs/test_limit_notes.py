"""Notes to the limits: carried after the commit, bounded, and lost without harm."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from common.bus.handlers import Handlers, Received
from common.db.database import Database
from common.events.credits import BalanceChanged, CreditsRefused
from common.events.envelope import Event
from common.redis_client import connect_redis
from gateway.jobs import handlers as job_handlers
from gateway.jobs import limit_notes
from gateway.jobs.limit_notes import LimitNotes
from gateway.jobs.limits import AccountKeys, Limits
from gateway.jobs.storage import accept
from gateway.jobs.submission import Refused
from gateway.kinds.catalogue import KindCatalogue

from .studio import stop, submission_of
from .test_projection import facts, tell


async def carry(notes: LimitNotes) -> None:
    """Carry what there is."""
    task = asyncio.create_task(notes.run())
    async with asyncio.timeout(5):
        while notes._notes:  # noqa: ASYNC110 - what is waited for is another task's state
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.05)
    await stop([task])


@pytest.mark.parametrize("outcome", ["completed", "failed", "cancelled"])
async def test_a_finished_job_is_in_flight_no_more(
    database: Database, catalogue: KindCatalogue, limits: Limits, redis: Redis, outcome: str
) -> None:
    item = submission_of(catalogue)
    await limits.decide([item])
    await accept(database, [item])
    notes, handlers = LimitNotes(limits), Handlers()
    job_handlers.register(handlers, notes)

    await tell(database, handlers, [facts(item)[outcome]])
    await carry(notes)

    keys = AccountKeys(item.account_id)
    assert await redis.zcard(keys.in_flight) == 0
    assert await redis.get(keys.today(datetime.now(UTC))) == b"1", "it was a job of today all the same"


async def test_a_refusal_that_comes_late_gives_everything_back(
    database: Database, catalogue: KindCatalogue, limits: Limits, redis: Redis
) -> None:
    item = submission_of(catalogue, key="k")
    await limits.decide([item])
    await accept(database, [item])
    notes, handlers = LimitNotes(limits), Handlers()
    job_handlers.register(handlers, notes)
    event = CreditsRefused(account_id=item.account_id, job_id=item.job_id, required_credits=5, available_credits=0)

    for _ in range(2):
        await tell(database, handlers, [event])
        await carry(notes)

    keys = AccountKeys(item.account_id)
    assert await redis.zcard(keys.in_flight) == 0
    assert await redis.get(keys.today(item.created_at)) == b"0"
    again = submission_of(catalogue, account_id=item.account_id, key="k")
    await limits.decide([again])
    assert await redis.zcard(keys.in_flight) == 1, "the key's next use is counted as new work"


async def test_a_balance_becomes_a_hint(
    database: Database, catalogue: KindCatalogue, limits: Limits, redis: Redis
) -> None:
    account, notes, handlers = uuid4(), LimitNotes(limits), Handlers()
    job_handlers.register(handlers, notes)
    event = BalanceChanged(account_id=account, available_credits=3, held_credits=0, debt_credits=0, version=4)

    await tell(database, handlers, [event])
    await carry(notes)

    assert await limits.decide([submission_of(catalogue, account_id=account)]) == [Refused("credits", 3, 5)]
    assert 0 < await redis.ttl(AccountKeys(account).credits) <= 60


async def test_nothing_is_noted_of_a_transaction_that_failed(
    database: Database, catalogue: KindCatalogue, limits: Limits
) -> None:
    item, notes, handlers = submission_of(catalogue), LimitNotes(limits), Handlers()
    job_handlers.register(handlers, notes)
    await accept(database, [item])

    async def fail_after(event: Event) -> None:
        async with database.unit_of_work() as uow:
            batch: Any = handlers.batch(type(event))
            await batch([Received(event, None)], uow)
            raise LookupError

    with pytest.raises(LookupError):
        await fail_after(facts(item)["completed"])
    assert not notes._notes


async def test_keeps_a_bounded_number_and_survives_without_redis(
    database: Database, catalogue: KindCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limit_notes, "NOTES_MAX", 50)
    away = connect_redis("redis://127.0.0.1:1/0")
    notes = LimitNotes(Limits(away, database))
    for _ in range(500):
        notes.finished(uuid4(), uuid4())
    assert len(notes._notes) == 50

    await carry(notes)

    assert not notes._notes
    await away.connection_pool.disconnect()
