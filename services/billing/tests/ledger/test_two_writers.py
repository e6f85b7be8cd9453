"""Every pair of money paths on one account at once: the end is that of one after the other, and nothing is broken."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from billing.ledger.audit import audit
from billing.ledger.expiry import expire_holds
from billing.ledger.grants import Grant, post_grants
from billing.ledger.holds import HOLD_MARGIN, place_holds
from billing.ledger.lot_expiry import expire_lots
from billing.ledger.reversals import follow_reversal
from billing.ledger.settlements import Settlement, settle
from common.bus.handlers import Received
from common.clock import now
from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.events.jobs import JobSpec, JobSubmitted
from common.ids import new_id

from .contention import Work, holding_at_once, in_a_transaction, meet, opened_writers
from .emptying import empty_ledger
from .invariants import findings

PAID_MINOR = 499
PAYMENT = "stripe:pi_1:credits"
_STATE = """
    SELECT
        (SELECT jsonb_build_array(available_credits, held_credits, debt_credits, version) FROM balances) AS balance,
        (SELECT jsonb_agg(jsonb_build_array(source, granted_credits, remaining_credits)
                          ORDER BY source, granted_credits, remaining_credits) FROM lots) AS lots,
        (SELECT jsonb_agg(jsonb_build_array(amount_credits, state, captured_credits) ORDER BY amount_credits)
         FROM holds) AS holds,
        (SELECT jsonb_object_agg(book, total) FROM (
            SELECT book, sum(amount_credits) AS total FROM entries GROUP BY book HAVING sum(amount_credits) <> 0
        ) AS totals) AS books,
        (SELECT coalesce(sum(amount_credits), 0) FROM entries) AS everything
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """One account with a purchase, jobs of which one is open, one lapsed and one not yet submitted."""

    account_id: UUID
    open_job: UUID
    lapsed_job: UUID
    new_job: UUID

    def submission(
        self, job_id: UUID, price: int, deadline: timedelta = timedelta(minutes=5)
    ) -> Received[JobSubmitted]:
        job = JobSpec(
            job_id=job_id,
            kind="text_to_design",
            job_class="image",
            price_credits=price,
            input={},
            deadline_at=now() + deadline,
        )
        return Received(JobSubmitted(account_id=self.account_id, job=job), None)

    async def grant(self, uow: UnitOfWork) -> None:
        await post_grants(uow, [Grant(self.account_id, 8, "adjustment", "a-gift", "")])

    async def hold(self, uow: UnitOfWork) -> None:
        await place_holds([self.submission(self.new_job, 9)], uow)

    async def capture(self, uow: UnitOfWork) -> None:
        await settle(uow, [Settlement(self.account_id, self.open_job, 7, "completed", None)])

    async def release(self, uow: UnitOfWork) -> None:
        await settle(uow, [Settlement(self.account_id, self.open_job, 0, "failed", None)])

    async def expire_holds(self, uow: UnitOfWork) -> None:
        await expire_holds(uow)

    async def expire_lots(self, uow: UnitOfWork) -> None:
        await expire_lots(uow)

    async def refund(self, uow: UnitOfWork) -> None:
        await self._reverse(uow, PAID_MINOR, 0)

    async def refund_a_part(self, uow: UnitOfWork) -> None:
        await self._reverse(uow, 200, 0)

    async def reinstate(self, uow: UnitOfWork) -> None:
        await self._reverse(uow, PAID_MINOR, 300)

    async def _reverse(self, uow: UnitOfWork, reversed_minor: int, reinstated_minor: int) -> None:
        await follow_reversal(
            uow,
            PAYMENT,
            paid_minor=PAID_MINOR,
            reversed_minor=reversed_minor,
            reinstated_minor=reinstated_minor,
            memo="",
        )


async def _scene(database: Database, *, indebted: bool) -> Scene:
    """20 credits bought and 15 of a plan, 12 and 5 of them held, and 10 that are due to expire; or 13 of debt."""
    await database.transact(empty_ledger)
    scene = Scene(*(new_id() for _ in range(4)))
    await database.transact(post_grants, [Grant(scene.account_id, 20, "purchase", PAYMENT, "")])
    if not indebted:
        await database.transact(post_grants, [Grant(scene.account_id, 15, "subscription", "a-month", "")])
    jobs = [scene.submission(scene.open_job, 12), scene.submission(scene.lapsed_job, 5, -HOLD_MARGIN)]
    await database.transact(lambda uow: place_holds(jobs, uow))
    if indebted:
        await database.transact(scene.refund)
    else:
        due = now() - timedelta(seconds=1)
        await database.transact(post_grants, [Grant(scene.account_id, 10, "promotion", "a-week", "", due)])
    return scene


RICH = (
    "grant",
    "hold",
    "hold_at_once",
    "capture",
    "release",
    "expire_holds",
    "expire_lots",
    "refund",
    "refund_a_part",
    "reinstate",
)
INDEBTED = ("grant", "hold", "capture", "release", "expire_holds", "reinstate")
"""Without `hold_at_once`: refused for the debt it has read, it waits for nobody and changes nothing."""


@pytest_asyncio.fixture
async def writers(databases: Any) -> AsyncIterator[list[Database]]:
    """A referee and two writers, each with connections of its own, on a database of the test's own."""
    async with opened_writers(await databases.migrated("billing")) as opened:
        yield opened


@pytest.mark.parametrize(("paths", "indebted"), [(RICH, False), (INDEBTED, True)], ids=["rich", "indebted"])
async def test_two_writers_end_as_if_one_had_come_after_the_other(
    writers: list[Database], paths: tuple[str, ...], indebted: bool
) -> None:
    referee, first, second = writers
    serial: dict[tuple[str, str], Any] = {}
    for names in itertools.product(paths, paths):
        scene = await _scene(referee, indebted=indebted)
        for name in names:
            await _path(scene, name)(referee)
        serial[names] = await _sound_state(referee)
    for names in itertools.product(paths, paths):
        scene = await _scene(referee, indebted=indebted)
        one, other = (_path(scene, name) for name in names)
        await meet(referee, scene.account_id, [(first, one), (second, other)])
        assert await _sound_state(referee) in (serial[names], serial[names[::-1]]), names


def _path(scene: Scene, name: str) -> Work:
    if name == "hold_at_once":
        return holding_at_once([scene.submission(scene.new_job, 9)])
    return in_a_transaction(getattr(scene, name))


async def _sound_state(database: Database) -> tuple[Any, ...]:
    assert await audit(database) == []
    assert await database.transact(findings) == []
    row = await database.transact(UnitOfWork.first, _STATE)
    assert row is not None
    assert row.everything == 0
    return tuple(row)
