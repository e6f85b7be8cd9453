"""Reversed payments: credits follow the money exactly, whatever the order, and what is spent becomes debt."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import pytest

from billing.ledger.grants import Grant, post_grants
from billing.ledger.holds import place_holds
from billing.ledger.lot_expiry import expire_lots
from billing.ledger.reversals import NothingGranted, credits_to_take_back, follow_reversal
from billing.ledger.rules import Account, Book, ClawbackRequest, GrantRequest, HoldRequest
from billing.ledger.settlements import Settlement, settle
from billing.ledger.views import credits_of
from common.bus.handlers import Received
from common.clock import now
from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.events.jobs import JobSubmitted
from common.ids import new_id

PAID = 499


async def _bought(database: Database, credits: int = 50) -> tuple[UUID, str]:
    account_id, reference = new_id(), f"stripe:pi_{new_id().hex}:pack"
    await database.transact(post_grants, [Grant(account_id, credits, "purchase", reference, "a pack")])
    return account_id, reference


async def _reverse(database: Database, reference: str, reversed_minor: int, reinstated_minor: int = 0) -> int:
    async def use_case(uow: UnitOfWork) -> int:
        return await follow_reversal(
            uow,
            reference,
            paid_minor=PAID,
            reversed_minor=reversed_minor,
            reinstated_minor=reinstated_minor,
            memo="refund",
        )

    return await database.transact(use_case)


async def _numbers(database: Database, account_id: UUID) -> tuple[int, int, int]:
    view = await credits_of(database, account_id)
    return view.available, view.held, view.debt


async def test_a_full_refund_takes_all_credits_back(database: Database) -> None:
    account_id, reference = await _bought(database)
    assert await _reverse(database, reference, PAID) == 50
    assert await _numbers(database, account_id) == (0, 0, 0)


async def test_a_partial_refund_takes_the_same_share_rounded_up(database: Database) -> None:
    account_id, reference = await _bought(database)
    assert await _reverse(database, reference, 100) == 11
    assert await _numbers(database, account_id) == (39, 0, 0)


@pytest.mark.parametrize(
    ("granted", "reversed_minor", "expected"), [(50, 0, 0), (50, -5, 0), (50, 1, 1), (50, 499, 50), (50, 900, 50)]
)
def test_the_share_of_credits_never_exceeds_the_grant(granted: int, reversed_minor: int, expected: int) -> None:
    assert credits_to_take_back(granted, PAID, reversed_minor) == expected


async def test_every_order_and_repetition_of_reversals_ends_in_the_same_balance(database: Database) -> None:
    states = [(100, 0), (300, 0), (300, 200), (499, 200)]
    balances = set()
    for order in itertools.permutations(states):
        account_id, reference = await _bought(database)
        for reversed_minor, reinstated_minor in (*order, order[0], *order):
            await _reverse(database, reference, reversed_minor, reinstated_minor)
        balances.add(await _numbers(database, account_id))
    assert balances == {(50 - credits_to_take_back(50, PAID, 299), 0, 0)}


async def test_one_reversal_told_many_times_at_once_is_taken_back_once(database: Database) -> None:
    account_id, reference = await _bought(database)
    taken = await asyncio.gather(*(_reverse(database, reference, PAID) for _ in range(20)))
    assert sorted(taken) == [0] * 19 + [50]
    assert await _numbers(database, account_id) == (0, 0, 0)


async def test_a_payment_that_has_granted_nothing_yet_is_tried_later(database: Database) -> None:
    with pytest.raises(NothingGranted):
        await _reverse(database, "stripe:pi_unknown:pack", 100)


async def test_what_is_spent_becomes_debt_that_blocks_jobs_until_it_is_repaid(
    database: Database, submitted: Callable[..., Received[JobSubmitted]]
) -> None:
    account_id, reference = await _bought(database)
    first = submitted(account_id, price=30)
    await database.transact(lambda uow: place_holds([first], uow))
    await database.transact(settle, [Settlement(account_id, first.event.job.job_id, 30, "completed", None)])
    await _reverse(database, reference, PAID)
    assert await _numbers(database, account_id) == (0, 0, 30)
    await database.transact(post_grants, [Grant(account_id, 20, "purchase", str(new_id()), "a little")])
    assert await _numbers(database, account_id) == (0, 0, 10)
    blocked = submitted(account_id, price=1)
    await database.transact(lambda uow: place_holds([blocked], uow))
    assert await _numbers(database, account_id) == (0, 0, 10)
    await database.transact(post_grants, [Grant(account_id, 25, "purchase", str(new_id()), "enough")])
    assert await _numbers(database, account_id) == (15, 0, 0)


async def test_credits_that_come_back_from_a_failed_job_repay_debt_first(
    database: Database, submitted: Callable[..., Received[JobSubmitted]]
) -> None:
    account_id, reference = await _bought(database)
    job = submitted(account_id, price=30)
    await database.transact(lambda uow: place_holds([job], uow))
    await _reverse(database, reference, PAID)
    assert await _numbers(database, account_id) == (0, 30, 30)
    await database.transact(settle, [Settlement(account_id, job.event.job.job_id, 0, "failed", None)])
    assert await _numbers(database, account_id) == (0, 0, 0)


async def test_lots_expire_once_and_only_in_their_time(
    database: Database, account_with: Callable[..., Awaitable[UUID]]
) -> None:
    account_id = await account_with(10, expires_in=timedelta(hours=1))
    await account_with(7, expires_in=timedelta(seconds=-1), account_id=account_id)
    await account_with(5, account_id=account_id)
    assert await _numbers(database, account_id) == (22, 0, 0)
    await asyncio.gather(*(database.transact(expire_lots) for _ in range(5)))
    assert await _numbers(database, account_id) == (15, 0, 0)


def test_a_clawback_takes_the_lot_of_its_payment_first() -> None:
    account_id = new_id()
    book = Book([Account(account_id)], [], now())
    soon = book.grant(GrantRequest(account_id, 10, "promotion", "soon", "", now() + timedelta(days=1)))
    own = book.grant(GrantRequest(account_id, 10, "purchase", "own", ""))
    assert book.claw_back(ClawbackRequest(account_id, 12, "back", "own", "")) == 0
    assert (own.remaining, soon.remaining) == (0, 8)
    assert book.hold(HoldRequest(account_id, new_id(), 8, now())) is not None
