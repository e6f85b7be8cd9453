"""Writers that meet at one row: all are known to wait for it before any of them may go on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from billing.ledger.holds import place_holds, place_holds_at_once
from common.bus.handlers import Received
from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.events.jobs import JobSubmitted

Work = Callable[[Database], Awaitable[Any]]
MEET_SECONDS_MAX = 5.0

_WAITING = """
    SELECT count(*) AS writers FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND application_name LIKE 'writer-%'
"""


@asynccontextmanager
async def opened_writers(url: str, count: int = 2) -> AsyncIterator[list[Database]]:
    """A referee and some writers, each with connections of its own as processes have."""
    names = ["referee", *(f"writer-{number}" for number in range(count))]
    opened = [Database(url, application=name, pool_size=4) for name in names]
    yield opened
    for database in opened:
        await database.close()


def in_a_transaction(use_case: Callable[[UnitOfWork], Awaitable[Any]]) -> Work:
    """The work of a use case that takes its transaction."""
    return lambda database: database.transact(use_case)


def holding_under_locks(batch: Sequence[Received[JobSubmitted]]) -> Work:
    """Place the holds of a batch in a transaction that locks their accounts first."""
    return in_a_transaction(lambda uow: place_holds(batch, uow))


def holding_at_once(batch: Sequence[Received[JobSubmitted]]) -> Work:
    """What the reader of the stream does: in a single statement, or else under locks."""

    async def work(database: Database) -> None:
        if not await place_holds_at_once(batch, database):
            await database.transact(lambda uow: place_holds(batch, uow))

    return work


async def meet(referee: Database, account_id: UUID, writers: list[tuple[Database, Work]]) -> list[Any]:
    """Let writers come to the balance of an account one after the other, and go on together; says what each answered.

    Each has read whatever it reads before it waits. Two that meet earlier, at another row, wait there.
    """
    tasks: list[asyncio.Task[Any]] = []
    async with referee.unit_of_work() as gate:
        locked = "SELECT account_id FROM balances WHERE account_id = :account FOR UPDATE"
        assert await gate.first(locked, {"account": account_id}) is not None
        async with asyncio.timeout(MEET_SECONDS_MAX):
            for database, work in writers:
                tasks.append(asyncio.ensure_future(work(database)))
                while await _waiting(referee) < len(tasks):
                    if tasks[-1].done():
                        raise AssertionError("a writer never came to the balance")
                    await asyncio.sleep(0.001)
    return await asyncio.gather(*tasks)


async def _waiting(referee: Database) -> int:
    async with referee.unit_of_work() as uow:
        row = await uow.first(_WAITING)
    assert row is not None
    return int(row.writers)
