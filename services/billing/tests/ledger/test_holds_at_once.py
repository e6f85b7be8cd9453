"""Holds in one read and one write: the same effect as under locks, or none at all."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from billing.ledger import holds, storage
from billing.ledger.handlers import register
from billing.ledger.holds import place_holds, place_holds_at_once
from billing.ledger.settlements import Settlement, settle
from billing.ledger.views import credits_of
from common.bus.handlers import Handlers, Received
from common.db.database import Database
from common.events.accounts import UserRegistered
from common.events.jobs import JobSubmitted
from common.ids import new_id

GiveCredits = Callable[..., Awaitable[UUID]]
Submit = Callable[..., Received[JobSubmitted]]


async def balance(database: Database, account_id: UUID) -> tuple[int, int]:
    view = await credits_of(database, account_id)
    return view.available, view.held


async def words(database: Database, account_id: UUID) -> list[str]:
    async with database.unit_of_work() as uow:
        rows = await uow.rows(
            "SELECT type FROM outbox WHERE body::json->>'account_id' = :account AND type <> 'balance.changed'"
            " ORDER BY sequence",
            {"account": str(account_id)},
        )
    return [row.type for row in rows]


async def claimed(database: Database, batch: list[Received[JobSubmitted]]) -> int:
    async with database.unit_of_work() as uow:
        rows = await uow.rows(
            "SELECT 1 FROM inbox WHERE event_id = ANY(CAST(:ids AS uuid[]))",
            {"ids": [item.event.event_id for item in batch]},
        )
    return len(rows)


async def test_holds_and_refuses_in_the_order_of_submission(
    database: Database, account_with: GiveCredits, submitted: Submit
):
    account_id = await account_with(10)
    batch = [submitted(account_id, price) for price in (4, 5, 3, 1)]
    assert await place_holds_at_once(batch, database)
    assert await balance(database, account_id) == (0, 10)
    assert await words(database, account_id) == ["credits.held", "credits.held", "credits.refused", "credits.held"]
    assert await claimed(database, batch) == 4


async def test_a_batch_of_nothing_but_refusals_is_done_too(database: Database, submitted: Submit):
    batch = [submitted(new_id(), 3), submitted(new_id(), 1)]
    assert await place_holds_at_once(batch, database)
    assert await words(database, batch[0].event.account_id) == ["credits.refused"]
    assert await claimed(database, batch) == 2


@pytest.mark.parametrize("again", ["the event", "the job"])
async def test_what_was_held_before_is_left_to_the_other_way(
    database: Database, account_with: GiveCredits, submitted: Submit, again: str
):
    account_id = await account_with(10)
    first = submitted(account_id, 4)
    assert await place_holds_at_once([first], database)
    second = first if again == "the event" else submitted(account_id, 4, first.event.job.job_id)
    other = submitted(account_id, 1)
    assert not await place_holds_at_once([second, other], database)
    assert await balance(database, account_id) == (6, 4)
    assert await words(database, account_id) == ["credits.held"]
    assert await claimed(database, [other]) == 0


async def test_one_job_twice_in_a_batch_is_left_to_the_other_way(
    database: Database, account_with: GiveCredits, submitted: Submit
):
    account_id = await account_with(10)
    first = submitted(account_id, 4)
    assert not await place_holds_at_once([first, submitted(account_id, 4, first.event.job.job_id)], database)
    assert await balance(database, account_id) == (10, 0)


async def test_a_free_job_of_an_unknown_account_is_left_to_the_other_way(database: Database, submitted: Submit):
    job = submitted(new_id(), 0)
    assert not await place_holds_at_once([job], database)
    assert await claimed(database, [job]) == 0


async def test_a_free_job_of_a_known_account_is_held_and_settled_beside_paid_ones(
    database: Database, account_with: GiveCredits, submitted: Submit
):
    account_id = await account_with(3)
    free, paid, _short, free_too = batch = [submitted(account_id, price) for price in (0, 3, 1, 0)]
    assert await place_holds_at_once(batch, database)
    assert await balance(database, account_id) == (0, 3)
    ends = [(free, 0, "completed"), (paid, 3, "completed"), (free_too, 0, "failed")]
    await database.transact(
        settle, [Settlement(account_id, job.event.job.job_id, charge, reason, None) for job, charge, reason in ends]
    )
    assert await words(database, account_id) == [
        "credits.held", "credits.held", "credits.refused", "credits.held",
        "credits.captured", "credits.captured", "credits.released",
    ]  # fmt: skip
    assert await balance(database, account_id) == (0, 0)


async def test_reads_again_when_the_account_changed_before_the_write(
    database: Database, account_with: GiveCredits, submitted: Submit, monkeypatch: pytest.MonkeyPatch
):
    account_id = await account_with(10)
    rivals = [submitted(account_id, 7)]
    read = storage.read_book

    async def read_then_lose_the_race(*arguments: Any) -> Any:
        book = await read(*arguments)
        if rivals:
            await database.transact(lambda uow: place_holds([rivals.pop()], uow))
        return book

    monkeypatch.setattr(holds.storage, "read_book", read_then_lose_the_race)
    assert await place_holds_at_once([submitted(account_id, 4)], database)
    assert await balance(database, account_id) == (3, 7)
    assert await words(database, account_id) == ["credits.held", "credits.refused"]


async def test_gives_way_when_the_account_never_stands_still(
    database: Database, account_with: GiveCredits, submitted: Submit, monkeypatch: pytest.MonkeyPatch
):
    account_id = await account_with(10)
    read = storage.read_book

    async def read_then_lose_the_race(*arguments: Any) -> Any:
        book = await read(*arguments)
        await database.transact(lambda uow: place_holds([submitted(account_id, 1)], uow))
        return book

    monkeypatch.setattr(holds.storage, "read_book", read_then_lose_the_race)
    late = submitted(account_id, 4)
    assert not await place_holds_at_once([late], database)
    assert await balance(database, account_id) == (8, 2)
    assert await claimed(database, [late]) == 0


async def test_many_writers_of_both_ways_never_give_a_credit_twice(
    database: Database, account_with: GiveCredits, submitted: Submit
):
    accounts = [await account_with(20) for _ in range(4)]
    batches = [[submitted(account, 1) for account in accounts] for _ in range(30)]

    async def at_once(batch: list[Received[JobSubmitted]]) -> None:
        if not await place_holds_at_once(batch, database):
            await database.transact(lambda uow: place_holds(batch, uow))
        ends = [Settlement(item.event.account_id, item.event.job.job_id, 1, "completed", None) for item in batch[:2]]
        await database.transact(settle, ends)

    async def locked(batch: list[Received[JobSubmitted]]) -> None:
        await database.transact(lambda uow: place_holds(batch, uow))

    await asyncio.gather(*(at_once(batch) if number % 3 else locked(batch) for number, batch in enumerate(batches)))
    for number, account in enumerate(accounts):
        available, held = await balance(database, account)
        said = await words(database, account)
        assert (available, said.count("credits.held"), said.count("credits.refused")) == (0, 20, 10)
        assert held == 20 - said.count("credits.captured")
        assert (said.count("credits.captured") > 0) == (number < 2)


def test_only_a_batch_of_one_type_is_done_at_once(submitted: Submit):
    handlers = Handlers()
    register(handlers, sign_up_credits=0)
    job = submitted(new_id(), 1)
    user = UserRegistered(account_id=new_id(), user_id=new_id(), email="ada@example.org", locale="en", plan="free")
    assert handlers.at_once([job, job]) is place_holds_at_once
    assert handlers.at_once([job, Received(user, None)]) is None
