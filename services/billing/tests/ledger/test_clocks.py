"""Processes whose clocks are forty days ahead or behind: credits come and go once, and holds follow the database."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from billing.ledger import storage
from billing.ledger.audit import audit
from billing.ledger.expiry import expire_holds
from billing.ledger.grants import Grant, post_grants
from billing.ledger.holds import HOLD_MARGIN, place_holds
from billing.ledger.lot_expiry import expire_lots
from billing.ledger.settlements import Settlement, settle
from billing.ledger.views import credits_of
from common.bus.handlers import Received
from common.clock import now
from common.db.database import Database
from common.events.jobs import JobSubmitted
from common.ids import new_id

Submit = Callable[..., Received[JobSubmitted]]
SetClock = Callable[[timedelta], None]
AHEAD, RIGHT, BEHIND = timedelta(days=40), timedelta(), timedelta(days=-40)
EVERY_CLOCK = (RIGHT, AHEAD, BEHIND, AHEAD, RIGHT)
_MODULES: tuple[ModuleType, ...] = (storage,)


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Makes this process believe in another time; the database keeps its own."""

    def shift(by: timedelta) -> None:
        def shifted() -> datetime:
            return now() + by

        for module in _MODULES:
            monkeypatch.setattr(module, "now", shifted)

    return shift


@pytest_asyncio.fixture
async def quiet(databases: Any) -> AsyncIterator[Database]:
    """A database of the test's own: what expires here is the test's. Sound in the end."""
    database = Database(await databases.migrated("billing"), application="tests", pool_size=2)
    yield database
    violations = await audit(database)
    await database.close()
    assert violations == []


async def grow_older(database: Database, by: timedelta) -> None:
    """The clock of the database cannot be turned, so what expires is older instead."""
    async with database.unit_of_work() as uow:
        await uow.execute(
            "UPDATE lots SET expires_at = expires_at - CAST(:by AS interval) WHERE expires_at IS NOT NULL", {"by": by}
        )


async def _numbers(database: Database, account_id: UUID) -> tuple[int, int]:
    view = await credits_of(database, account_id)
    return view.available, view.held


async def test_credits_expire_once_and_by_the_clock_of_the_database_alone(quiet: Database, set_clock: SetClock) -> None:
    account_id = new_id()
    await quiet.transact(post_grants, [
        Grant(account_id, 10, "subscription", "a-month", "", now() + timedelta(days=30)),
        Grant(account_id, 7, "purchase", "a-pack", ""),
    ])  # fmt: skip
    expired = []
    for clock in (BEHIND, RIGHT, AHEAD, BEHIND, AHEAD):
        set_clock(clock)
        expired.append(await quiet.transact(expire_lots))
    assert expired == [0] * 5, "it is the database's clock that counts"
    await grow_older(quiet, timedelta(days=31))
    for clock in (BEHIND, AHEAD):
        set_clock(clock)
        expired.append(await quiet.transact(expire_lots))
    assert expired[5:] == [10, 0]
    assert await _numbers(quiet, account_id) == (7, 0)


async def test_a_hold_lapses_by_the_clock_of_the_database_alone(
    quiet: Database, set_clock: SetClock, submitted: Submit
) -> None:
    account_id = new_id()
    await quiet.transact(post_grants, [Grant(account_id, 10, "purchase", "a-pack", "")])
    job = submitted(account_id, 6, deadline_at=now() + timedelta(days=1))
    await quiet.transact(lambda uow: place_holds([job], uow))
    for clock in EVERY_CLOCK:
        set_clock(clock)
        assert await quiet.transact(expire_holds) == 0
    late = submitted(account_id, 4, deadline_at=now() - HOLD_MARGIN)
    await quiet.transact(lambda uow: place_holds([late], uow))
    set_clock(BEHIND)
    assert [await quiet.transact(expire_holds) for _ in EVERY_CLOCK] == [1, 0, 0, 0, 0]
    assert await _numbers(quiet, account_id) == (4, 6)


async def test_a_grant_told_by_every_clock_is_given_once(quiet: Database, set_clock: SetClock) -> None:
    grant = Grant(new_id(), 10, "purchase", "a-pack", "")
    given = []
    for clock in EVERY_CLOCK:
        set_clock(clock)
        given += [outcome.granted for outcome in await quiet.transact(post_grants, [grant])]
    assert given == [True, False, False, False, False]


@pytest.mark.parametrize("clock", EVERY_CLOCK[:3], ids=["right", "ahead", "behind"])
async def test_a_hold_is_settled_once_under_any_clock(
    quiet: Database, set_clock: SetClock, submitted: Submit, clock: timedelta
) -> None:
    account_id = new_id()
    await quiet.transact(post_grants, [Grant(account_id, 10, "promotion", "p", "", now() + timedelta(days=30))])
    job = submitted(account_id, 6)
    await quiet.transact(lambda uow: place_holds([job], uow))
    set_clock(clock)
    for charge in (4, 6):
        await quiet.transact(settle, [Settlement(account_id, job.event.job.job_id, charge, "completed", None)])
    await quiet.transact(expire_lots)
    assert await _numbers(quiet, account_id) == (6, 0)
