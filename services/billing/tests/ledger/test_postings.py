"""Grants, holds and settlements on a real database: what is said, what is kept, and who wins a race."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError

from billing.ledger.expiry import expire_holds
from billing.ledger.grants import Grant, post_grants
from billing.ledger.handlers import register
from billing.ledger.holds import place_holds
from billing.ledger.settlements import Settlement, settle
from billing.ledger.views import credits_of
from common.bus.handlers import Handlers, Received
from common.clock import now
from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.events.accounts import UserRegistered
from common.events.jobs import JobSubmitted
from common.events.runs import RunCancelled, RunCompleted, RunFailed
from common.ids import new_id

GiveCredits = Callable[..., Awaitable[UUID]]
Submit = Callable[..., Received[JobSubmitted]]
PARENT = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"


async def hold_all(database: Database, batch: list[Received[JobSubmitted]]) -> None:
    async def use_case(uow: UnitOfWork) -> None:
        await place_holds(batch, uow)

    await database.transact(use_case)


async def said(database: Database, account_id: UUID) -> list[tuple[str, dict[str, Any]]]:
    """What was said about an account, in order."""
    async with database.unit_of_work() as uow:
        rows = await uow.rows(
            "SELECT type, body FROM outbox WHERE body::json->>'account_id' = :account ORDER BY sequence",
            {"account": str(account_id)},
        )
    return [(row.type, json.loads(row.body)) for row in rows]


async def numbers(database: Database, account_id: UUID) -> tuple[int, int]:
    view = await credits_of(database, account_id)
    return view.available, view.held


async def transfers(database: Database, account_id: UUID, kind: str) -> int:
    async with database.unit_of_work() as uow:
        rows = await uow.rows(
            "SELECT 1 FROM transfers WHERE account_id = :account AND kind = :kind",
            {"account": account_id, "kind": kind},
        )
    return len(rows)


def completed(job: Received[JobSubmitted], charge: int) -> Received[RunCompleted]:
    event = RunCompleted(
        account_id=job.event.account_id,
        job_id=job.event.job.job_id,
        kind="text_to_design",
        charge_credits=charge,
        result={},
        started_at=now(),
        finished_at=now(),
    )
    return Received(event, PARENT)


def settlement(job: Received[JobSubmitted], charge: int = 0, reason: Any = "failed") -> Settlement:
    return Settlement(job.event.account_id, job.event.job.job_id, charge, reason, None)


async def test_a_grant_is_given_once_however_often_it_is_asked_for(database: Database):
    account_id, reference = new_id(), str(new_id())
    grant = Grant(account_id, 7, "purchase", reference, "bought")
    outcomes = await asyncio.gather(*(database.transact(post_grants, [grant]) for _ in range(50)))
    assert sum(outcome.granted for [outcome] in outcomes) == 1
    assert {outcome.available_credits for [outcome] in outcomes} == {7}
    assert await numbers(database, account_id) == (7, 0)
    assert [kind for kind, _ in await said(database, account_id)] == ["balance.changed"]


async def test_the_same_grant_twice_in_one_batch_is_given_once(database: Database):
    grant = Grant(new_id(), 7, "purchase", str(new_id()), "bought")
    outcomes = await database.transact(post_grants, [grant, grant])
    assert [outcome.granted for outcome in outcomes] == [True, False]


async def test_a_reference_that_another_account_used_gives_nothing(database: Database):
    reference = str(new_id())
    await database.transact(post_grants, [Grant(new_id(), 7, "purchase", reference, "")])
    thief = new_id()
    [outcome] = await database.transact(post_grants, [Grant(thief, 7, "purchase", reference, "")])
    assert outcome.granted is False
    assert await numbers(database, thief) == (0, 0)


async def test_two_accounts_racing_for_one_reference_get_it_once(database: Database):
    reference, accounts = str(new_id()), [new_id() for _ in range(10)]
    results = await asyncio.gather(
        *(database.transact(post_grants, [Grant(a, 7, "purchase", reference, "")]) for a in accounts),
        return_exceptions=True,
    )
    assert all(isinstance(result, list | IntegrityError) for result in results)
    assert sorted([(await numbers(database, account))[0] for account in accounts]) == [0] * 9 + [7]


async def test_holds_are_placed_in_the_order_of_submission_until_credits_end(
    database: Database, account_with: GiveCredits, submitted: Submit
):
    account_id = await account_with(10)
    batch = [submitted(account_id, price, traceparent=PARENT) for price in (4, 5, 3, 1, 1)]
    await hold_all(database, batch)
    assert await numbers(database, account_id) == (0, 10)
    words = (await said(database, account_id))[1:]
    assert [kind for kind, _ in words] == [
        "credits.held", "credits.held", "credits.refused", "credits.held", "credits.refused",
    ]  # fmt: skip
    assert [body["available_credits"] for _, body in words] == [6, 1, 1, 0, 0]
    balances = [(body["balance"]["held_credits"], body["balance"]["version"]) for _, body in words if "hold_id" in body]
    assert balances == [(4, 2), (9, 3), (10, 4)]
    refusal = words[2][1]
    assert (refusal["required_credits"], refusal["reason"]) == (3, "insufficient_credits")
    assert refusal["job_id"] == str(batch[2].event.job.job_id)
    async with database.unit_of_work() as uow:
        rows = await uow.rows(
            "SELECT DISTINCT traceparent FROM outbox WHERE type = 'credits.held'"
            " AND body::json->>'account_id' = :account",
            {"account": str(account_id)},
        )
    assert [row.traceparent for row in rows] == [PARENT]


async def test_a_job_submitted_again_is_not_held_again(
    database: Database, account_with: GiveCredits, submitted: Submit
):
    account_id = await account_with(10)
    job_id = new_id()
    await hold_all(database, [submitted(account_id, 4, job_id), submitted(account_id, 4, job_id)])
    await hold_all(database, [submitted(account_id, 4, job_id)])
    assert await numbers(database, account_id) == (6, 4)
    assert [kind for kind, _ in await said(database, account_id)].count("credits.held") == 1


async def test_an_account_that_never_had_credits_is_refused(database: Database, submitted: Submit):
    account_id = new_id()
    await hold_all(database, [submitted(account_id, 1)])
    assert [kind for kind, _ in await said(database, account_id)] == ["credits.refused"]


async def test_a_free_job_is_held_for_an_account_that_never_had_credits(database: Database, submitted: Submit):
    account_id = new_id()
    job = submitted(account_id, 0)
    await hold_all(database, [job])
    assert [kind for kind, _ in await said(database, account_id)] == ["credits.held"]
    await database.transact(settle, [settlement(job, 0, "completed")])
    assert [kind for kind, _ in await said(database, account_id)] == ["credits.held", "credits.captured"]


@pytest.mark.parametrize("size", [1, 7])
async def test_parallel_holds_never_exceed_what_is_there(
    database: Database, account_with: GiveCredits, submitted: Submit, size: int
):
    """84 jobs of 1 credit in racing batches, credits for 50 in three lots: exactly 50 are held."""
    account_id = await account_with(20)
    await account_with(20, timedelta(days=1), account_id)
    await account_with(10, timedelta(days=2), account_id)
    jobs = [submitted(account_id, 1) for _ in range(84)]
    batches = [jobs[start : start + size] for start in range(0, 84, size)]
    await asyncio.gather(*(hold_all(database, batch) for batch in batches))
    assert await numbers(database, account_id) == (0, 50)
    words = [kind for kind, _ in await said(database, account_id)]
    assert (words.count("credits.held"), words.count("credits.refused")) == (50, 34)


async def test_batches_over_many_accounts_in_any_order_do_not_lock_each_other_out(
    database: Database, account_with: GiveCredits, submitted: Submit
):
    chooser = random.Random(7)  # noqa: S311 - a reproducible shuffle
    accounts = [await account_with(100) for _ in range(8)]
    batches = []
    for _ in range(16):
        chooser.shuffle(accounts)
        batches.append([submitted(account_id, 2) for account_id in accounts])
    await asyncio.gather(*(hold_all(database, batch) for batch in batches))
    assert {await numbers(database, account_id) for account_id in accounts} == {(68, 32)}


async def test_of_parallel_settlements_one_wins(database: Database, account_with: GiveCredits, submitted: Submit):
    account_id = await account_with(10)
    job = submitted(account_id, 6)
    await hold_all(database, [job])
    ways = [settlement(job, 6, "completed"), settlement(job, 0, "failed"), settlement(job, 2, "cancelled"),
            settlement(job, 0, "expired")] * 6  # fmt: skip
    await asyncio.gather(*(database.transact(settle, [way]) for way in ways))
    words = [kind for kind, _ in await said(database, account_id)]
    assert words.count("credits.captured") + words.count("credits.released") == 1
    assert await transfers(database, account_id, "capture") + await transfers(database, account_id, "release") == 1
    available, held = await numbers(database, account_id)
    assert held == 0
    assert available in (4, 8, 10)


async def test_a_settlement_says_what_was_charged_and_what_came_back(
    database: Database, account_with: GiveCredits, submitted: Submit
):
    account_id = await account_with(10)
    job = submitted(account_id, 6)
    await hold_all(database, [job])
    await database.transact(settle, [settlement(job, 4, "completed"), settlement(job, 0, "failed")])
    kind, body = (await said(database, account_id))[-1]
    assert kind == "credits.captured"
    assert (body["captured_credits"], body["released_credits"], body["available_credits"]) == (4, 2, 6)
    assert body["balance"] == {"available_credits": 6, "held_credits": 0, "debt_credits": 0, "version": 3}


async def test_an_outcome_before_its_hold_is_passed_over(database: Database, submitted: Submit):
    job = submitted(new_id(), 3)
    await database.transact(settle, [settlement(job, 3, "completed")])
    assert await said(database, job.event.account_id) == []


async def test_a_charge_beyond_the_hold_is_refused_and_nothing_of_the_batch_is_kept(
    database: Database, account_with: GiveCredits, submitted: Submit
):
    account_id = await account_with(10)
    good, bad = submitted(account_id, 3), submitted(account_id, 3)
    await hold_all(database, [good, bad])
    with pytest.raises(ValueError, match="not within"):
        await database.transact(settle, [settlement(good, 3, "completed"), settlement(bad, 4, "completed")])
    assert await numbers(database, account_id) == (4, 6)


async def test_what_comes_back_after_its_lot_expired_goes_to_expired(
    database: Database, account_with: GiveCredits, submitted: Submit
):
    account_id = await account_with(5, timedelta(seconds=0.3))
    await account_with(5, None, account_id)
    job = submitted(account_id, 8)
    await hold_all(database, [job])
    await asyncio.sleep(0.35)
    await database.transact(settle, [settlement(job)])
    assert await numbers(database, account_id) == (5, 0)
    async with database.unit_of_work() as uow:
        rows = await uow.rows(
            "SELECT amount_credits FROM entries JOIN transfers USING (transfer_id)"
            " WHERE book = 'expired' AND transfers.account_id = :account",
            {"account": account_id},
        )
    assert [row.amount_credits for row in rows] == [5]


async def test_only_lapsed_holds_expire(database: Database, account_with: GiveCredits, submitted: Submit):
    account_id = await account_with(10)
    lapsed = submitted(account_id, 3, deadline_at=now() - timedelta(hours=1, seconds=1))
    alive = submitted(account_id, 4, deadline_at=now())
    await hold_all(database, [lapsed, alive])
    expired = await asyncio.gather(*(database.transact(expire_holds) for _ in range(4)))
    assert max(expired) == 1
    assert await database.transact(expire_holds) == 0
    assert await numbers(database, account_id) == (6, 4)
    kind, body = (await said(database, account_id))[-1]
    assert (kind, body["reason"], body["job_id"]) == (
        "credits.released", "expired", str(lapsed.event.job.job_id),
    )  # fmt: skip


async def test_a_late_outcome_of_an_expired_hold_charges_nothing(
    database: Database, account_with: GiveCredits, submitted: Submit
):
    account_id = await account_with(10)
    job = submitted(account_id, 3, deadline_at=now() - timedelta(hours=2))
    await hold_all(database, [job])
    await database.transact(expire_holds)
    await database.transact(settle, [settlement(job, 3, "completed")])
    assert await numbers(database, account_id) == (10, 0)


async def _deliver(database: Database, handlers: Handlers, batch: list[Received[Any]]) -> None:
    """What the consumer does: inbox and handler in one transaction."""

    async def apply(uow: UnitOfWork) -> None:
        fresh = await uow.claim_events([received.event.event_id for received in batch])
        left = [received for received in batch if received.event.event_id in fresh]
        handler = handlers.batch(type(batch[0].event))
        assert handler is not None
        if left:
            await handler(left, uow)

    await database.transact(apply)


async def test_each_fact_moves_credits_once_through_its_handler(database: Database, submitted: Submit):
    handlers = Handlers()
    register(handlers, sign_up_credits=10)
    account_id = new_id()
    joined = Received(
        UserRegistered(account_id=account_id, user_id=new_id(), email="a@example.com", locale="en", plan="free"),
        None,
    )
    jobs = [submitted(account_id, 3) for _ in range(3)]
    ends = {"account_id": account_id, "kind": "text_to_design", "finished_at": now()}
    failed = RunFailed(job_id=jobs[1].event.job.job_id, code="refused", detail="", **ends)
    cancelled = RunCancelled(job_id=jobs[2].event.job.job_id, charge_credits=1, **ends)
    history: list[list[Received[Any]]] = [
        [joined], jobs, [completed(jobs[0], 2)], [Received(failed, None)], [Received(cancelled, None)],
    ]  # fmt: skip
    for batch in history:
        await asyncio.gather(*(_deliver(database, handlers, batch) for _ in range(3)))
    for batch in history:
        await _deliver(database, handlers, batch)
    assert await numbers(database, account_id) == (7, 0)
    words = [kind for kind, _ in await said(database, account_id) if kind != "balance.changed"]
    assert sorted(words) == sorted(["credits.held"] * 3 + ["credits.captured"] * 2 + ["credits.released"])


async def test_outcomes_of_all_kinds_are_settled_in_one_batch(
    database: Database, account_with: GiveCredits, submitted: Submit
):
    handlers = Handlers()
    register(handlers, sign_up_credits=0)
    account_id = await account_with(10)
    jobs = [submitted(account_id, 3) for _ in range(3)]
    await hold_all(database, jobs)
    ends = {"account_id": account_id, "kind": "text_to_design", "finished_at": now()}
    outcomes: list[Received[Any]] = [
        completed(jobs[0], 3),
        Received(RunFailed(job_id=jobs[1].event.job.job_id, code="refused", detail="", **ends), None),
        Received(RunCancelled(job_id=jobs[2].event.job.job_id, charge_credits=2, **ends), None),
    ]
    assert len({handlers.batch(type(outcome.event)) for outcome in outcomes}) == 1
    await _deliver(database, handlers, outcomes)
    assert await numbers(database, account_id) == (5, 0)
    words = [kind for kind, _ in await said(database, account_id)][-3:]
    assert words == ["credits.captured", "credits.released", "credits.captured"]


async def test_the_same_person_registered_by_two_events_is_greeted_once(database: Database):
    handlers = Handlers()
    register(handlers, sign_up_credits=10)
    account_id, user_id = new_id(), new_id()
    for _ in range(2):
        event = UserRegistered(account_id=account_id, user_id=user_id, email="a@b.c", locale="en", plan="free")
        await _deliver(database, handlers, [Received(event, None)])
    assert await numbers(database, account_id) == (10, 0)


async def test_nobody_is_greeted_with_nothing(database: Database):
    handlers = Handlers()
    register(handlers, sign_up_credits=0)
    event = UserRegistered(account_id=new_id(), user_id=new_id(), email="a@b.c", locale="en", plan="free")
    await _deliver(database, handlers, [Received(event, None)])
    assert await said(database, event.account_id) == []


async def test_a_random_crowd_leaves_a_ledger_without_a_fault(
    database: Database, account_with: GiveCredits, submitted: Submit
):
    """Grants, holds, settlements and expiry from many hands at once; the fixture audits afterwards."""
    seed = 20301
    chooser = random.Random(seed)  # noqa: S311 - reproducible
    accounts = [await account_with(chooser.randint(5, 30)) for _ in range(5)]
    jobs: list[Received[JobSubmitted]] = []

    async def act() -> None:
        for _ in range(12):
            match chooser.choice(["hold", "hold", "settle", "settle", "grant", "expire"]):
                case "hold":
                    batch = [submitted(chooser.choice(accounts), chooser.randint(0, 6)) for _ in range(4)]
                    await hold_all(database, batch)
                    jobs.extend(batch)
                case "settle" if jobs:
                    ends = []
                    for job in chooser.sample(jobs, min(len(jobs), 4)):
                        charge = chooser.randint(0, job.event.job.price_credits)
                        reason = chooser.choice(["completed", "cancelled"])
                        ends.append(settlement(job, charge, reason))
                    await database.transact(settle, ends)
                case "grant":
                    lifetime = timedelta(milliseconds=chooser.randint(20, 400))
                    await account_with(chooser.randint(1, 9), lifetime, chooser.choice(accounts))
                case _:
                    await database.transact(expire_holds)

    await asyncio.gather(*(act() for _ in range(8)))
    granted, spent = 0, 0
    async with database.unit_of_work() as uow:
        for row in await uow.rows(
            "SELECT book, sum(amount_credits) AS total FROM entries JOIN transfers USING (transfer_id)"
            " WHERE transfers.account_id = ANY(CAST(:accounts AS uuid[])) GROUP BY book",
            {"accounts": accounts},
        ):
            if row.book == "promotions":
                granted -= int(row.total)
            elif row.book in ("revenue", "expired"):
                spent += int(row.total)
    left = [await numbers(database, account_id) for account_id in accounts]
    assert granted == spent + sum(available + held for available, held in left), f"seed {seed}"
