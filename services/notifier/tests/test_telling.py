"""The account event log: dense numbers, stale news dropped, any order, nothing told twice."""

import asyncio
import itertools
import json

import pytest

from common.clock import now
from common.events import credits
from common.events.subscriptions import SubscriptionChanged
from common.ids import new_id, to_text
from notifier.feed.storage import lock_feeds
from notifier.feed.telling import TRIM_EVERY


async def test_tells_a_job_from_submission_to_charge(notifier, facts, handle, log_of):
    job_id = new_id()
    for event in facts.whole_job(job_id):
        await handle(notifier, event)
    log = await log_of(notifier, facts.account_id)
    assert [row.sequence for row in log] == list(range(1, 9))
    assert [row.type for row in log] == [
        "job.submitted", "job.queued", "job.started", "job.progress", "job.progress", "job.progress",
        "job.succeeded", "job.charged",
    ]  # fmt: skip
    assert [row.final for row in log] == [False] * 7 + [True]
    body = json.loads(log[-1].body)
    assert body["sequence"] == 8
    assert body["job_id"] == to_text("job", job_id)
    assert body["captured_credits"] == 5
    assert "\n" not in log[3].body


async def test_one_batch_tells_the_same_as_one_by_one(notifier, facts, other_facts, handle, log_of):
    job_id = new_id()
    await handle(notifier, *facts.whole_job(job_id), *other_facts.whole_job(new_id()))
    for account_id in (facts.account_id, other_facts.account_id):
        log = await log_of(notifier, account_id)
        assert [row.sequence for row in log] == list(range(1, 9))
        assert log[-1].final


async def test_drops_progress_of_a_lost_worker_and_after_the_outcome(notifier, facts, handle, log_of):
    job_id = new_id()
    await handle(notifier, facts.started(job_id, 1), facts.progressed(job_id, 4, attempt=1))
    await handle(notifier, facts.started(job_id, 2), facts.progressed(job_id, 1, attempt=2))
    await handle(notifier, facts.progressed(job_id, 5, attempt=1), facts.progressed(job_id, 1, attempt=2))
    await handle(notifier, facts.completed(job_id))
    await handle(notifier, facts.progressed(job_id, 9, attempt=2), facts.queued(job_id), facts.started(job_id, 3))
    log = await log_of(notifier, facts.account_id)
    assert [row.type for row in log] == [
        "job.started", "job.progress", "job.started", "job.progress", "job.succeeded",
    ]  # fmt: skip


async def test_keeps_the_first_outcome(notifier, facts, handle, log_of):
    job_id = new_id()
    await handle(notifier, facts.failed(job_id))
    await handle(notifier, facts.completed(job_id), facts.cancelled(job_id))
    assert [row.type for row in await log_of(notifier, facts.account_id)] == ["job.failed"]


async def test_failure_names_the_credits_that_go_back(notifier, facts, handle, log_of):
    job_id = new_id()
    await handle(notifier, facts.held(job_id), facts.failed(job_id))
    (row,) = await log_of(notifier, facts.account_id)
    assert json.loads(row.body)["credits_returned"] == 5
    assert json.loads(row.body)["code"] == "PROVIDER_UNAVAILABLE"


async def test_cancelled_work_names_the_parts_that_were_delivered_and_charged(notifier, facts, handle, log_of):
    await handle(notifier, facts.cancelled(new_id()))
    (row,) = await log_of(notifier, facts.account_id)
    body = json.loads(row.body)
    assert body["charge_credits"] == 2
    assert body["parts"] == [{"name": "page-1", "credits": 2, "result": {"url": "u"}}]


async def test_a_rejected_job_is_final_at_once(notifier, facts, handle, log_of):
    job_id = new_id()
    await handle(notifier, facts.submitted(job_id), facts.refused(job_id))
    log = await log_of(notifier, facts.account_id)
    assert [(row.type, row.final) for row in log] == [("job.submitted", False), ("job.rejected", True)]
    assert json.loads(log[1].body) | {"required_credits": 5, "available_credits": 1} == json.loads(log[1].body)


async def test_exactly_one_event_is_final_in_any_order(notifier, facts, handle, log_of):
    for order in itertools.permutations(["submitted", "held", "started", "completed", "captured"]):
        maker, job_id = type(facts)(), new_id()
        await handle(notifier, *(getattr(maker, name)(job_id) for name in order))
        log = await log_of(notifier, maker.account_id)
        assert [row.type for row in log if row.final] in (["job.charged"], ["job.succeeded"])
        assert {"job.submitted", "job.succeeded", "job.charged"} <= {row.type for row in log}
        assert [row.sequence for row in log] == list(range(1, len(log) + 1))


async def test_tells_the_balance_that_a_fact_about_a_job_carries(notifier, facts, handle, log_of):
    job_id = new_id()
    held = facts.held(job_id).model_copy(update={"balance": credits.Balance(
        available_credits=5, held_credits=5, debt_credits=0, version=2
    )})  # fmt: skip
    captured = facts.captured(job_id).model_copy(update={"balance": credits.Balance(
        available_credits=5, held_credits=0, debt_credits=0, version=3
    )})  # fmt: skip
    await handle(notifier, captured, held)
    log = await log_of(notifier, facts.account_id)
    assert [(row.type, json.loads(row.body).get("held_credits")) for row in log] == [
        ("job.charged", None), ("balance.changed", 0),
    ]  # fmt: skip
    assert len({json.loads(row.body)["id"] for row in log}) == 2
    await handle(notifier, facts.balance(4))
    assert [row.sequence for row in await log_of(notifier, facts.account_id)] == [1, 2, 3]


async def test_tells_what_becomes_of_a_subscription(notifier, facts, handle, log_of):
    changed = SubscriptionChanged(
        account_id=facts.account_id, subscription_id=new_id(), plan="pro", status="past_due", interval="month",
        period_end=now(), next_plan="pro", version=3,
    )  # fmt: skip
    await handle(notifier, changed)
    (row,) = await log_of(notifier, facts.account_id)
    body = json.loads(row.body)
    assert (row.type, body["plan"], body["status"], body["version"]) == ("subscription.changed", "pro", "past_due", 3)
    assert body["grace_until"] is None


async def test_tells_balances_in_order_of_version(notifier, facts, handle, log_of):
    await handle(notifier, facts.balance(2, 20), facts.balance(1, 10))
    await handle(notifier, facts.balance(2, 20), facts.balance(3, 30))
    log = await log_of(notifier, facts.account_id)
    assert [json.loads(row.body)["available_credits"] for row in log] == [20, 30]


async def test_a_redelivered_event_is_told_once(notifier, facts, handle, log_of):
    events = facts.whole_job(new_id())
    await handle(notifier, *events)
    await handle(notifier, *events)
    await handle(notifier, *reversed(events))
    assert len(await log_of(notifier, facts.account_id)) == 8


async def test_two_consumers_of_one_account_leave_no_gap(notifier, build, facts, other_facts, handle, log_of):
    peer = build()

    async def consume(member, events):
        for event in events:
            await handle(member, event)

    def stream(start):
        return [event for version in range(start, start + 30) for event in (facts.purchased(), other_facts.purchased())]

    await asyncio.gather(*(consume(member, stream(n)) for n, member in enumerate([notifier, peer, notifier, peer])))
    for account_id in (facts.account_id, other_facts.account_id):
        assert [row.sequence for row in await log_of(notifier, account_id)] == list(range(1, 121))


async def test_accounts_are_locked_in_id_order(notifier):
    account_ids = [new_id() for _ in range(40)]
    async with notifier.database.unit_of_work() as uow:
        feeds = await lock_feeds(uow, account_ids[::-1])
    assert list(feeds) == sorted(account_ids)


async def test_opposite_batches_of_many_accounts_do_not_deadlock(notifier, build, facts, handle, rows):
    peer = build()
    makers = [type(facts)() for _ in range(20)]

    async def deadlocks():
        (row,) = await rows(notifier, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return row.deadlocks

    async def consume(member, order):
        for _ in range(10):
            await handle(member, *(maker.purchased() for maker in order))

    before = await deadlocks()
    async with asyncio.timeout(10):
        await asyncio.gather(consume(notifier, makers), consume(peer, makers[::-1]))
    assert await deadlocks() == before
    counts = await rows(notifier, "SELECT last_sequence FROM feeds")
    assert [count.last_sequence for count in counts] == [20] * 20


async def test_a_job_of_another_account_is_refused(notifier, facts, other_facts, handle):
    job_id = new_id()
    await handle(notifier, facts.submitted(job_id))
    with pytest.raises(ValueError, match="another account"):
        await handle(notifier, other_facts.completed(job_id))


async def test_keeps_a_bounded_number_of_entries(build, facts, handle, log_of):
    notifier = build(log_keep_events=100)
    for _ in range(6):
        await handle(notifier, *(facts.purchased() for _ in range(50)))
    log = await log_of(notifier, facts.account_id)
    assert log[-1].sequence == 300
    assert 100 <= len(log) <= 100 + TRIM_EVERY
    assert [row.sequence for row in log] == list(range(log[0].sequence, 301))


async def test_forgets_entries_that_are_too_old(notifier, facts, handle, rows, log_of):
    await handle(notifier, facts.purchased(), facts.purchased(), facts.purchased())
    await rows(
        notifier,
        "UPDATE account_events SET created_at = now() - interval '8 days' WHERE sequence < 3 RETURNING 1",
    )
    await notifier.retention.forget()
    assert [row.sequence for row in await log_of(notifier, facts.account_id)] == [3]
