"""A pack is bought when credits run low: once, within the ceiling, whatever is lost on the way."""

import asyncio
from typing import Any

import pytest

from billing.reconciliation.assembly import build_reconciler
from billing.stripe.off_session import OffSessionApi
from billing.top_ups import placing
from billing.top_ups.buying import Buyer
from billing.top_ups.placing import place_due
from common.ids import new_id

from ..stripe.reversing import refund
from ..stripe.shop import PUBLIC_URL
from .till import CREDITS, PRICE, Till


async def assert_bought(till: Till, times: int = 1) -> None:
    assert await till.statuses() == ["paid"] * times
    assert len([one for one in await till.intents() if one["status"] == "succeeded"]) == times
    assert await till.shop.available() == 5 + CREDITS * times
    assert len(await till.shop.completed()) == times
    await till.shop.assert_ledger_is_sound()


async def test_buys_a_pack_when_credits_are_below_the_threshold(till: Till) -> None:
    await till.open()
    await till.look(3)
    await assert_bought(till)
    (intent,) = await till.intents()
    assert (intent["amount"], intent["currency"]) == (PRICE, "eur")
    listed = await till.shop.http.get("/v1/purchases", headers=till.shop.identity())
    assert [(item["product_id"], item["status"]) for item in listed.json()["items"]] == [("pack-50", "paid")]
    assert (await till.get())["spent_this_month_minor"] == PRICE


@pytest.mark.parametrize("rule", [{"threshold_credits": 5}, {"enabled": False}])
async def test_buys_nothing_at_the_threshold_or_when_it_is_off(till: Till, rule: dict[str, Any]) -> None:
    await till.open(**rule)
    await till.look(2)
    assert await till.statuses() == []
    assert await till.intents() == []


async def test_begins_nothing_while_nothing_new_is_taken(till: Till) -> None:
    await till.open()
    till.paused = True
    await till.look(2)
    assert await till.statuses() == []

    till.paused = False
    await till.look()
    assert len(await till.statuses()) == 1
    till.paused = True
    await till.look(2)
    await assert_bought(till)


async def test_twenty_triggers_at_once_make_one_payment(till: Till) -> None:
    await till.open()
    workers = [till.build().worker for _ in range(4)]
    await asyncio.gather(*(till.shop.database.transact(place_due, PUBLIC_URL) for _ in range(12)))
    await asyncio.gather(*(worker.look() for worker in workers for _ in range(5)))
    await till.look(2)
    await assert_bought(till)


async def test_the_ceiling_of_a_month_holds_for_whoever_asks_at_once(till: Till) -> None:
    await till.open(monthly_ceiling_minor=2 * PRICE + PRICE - 1, threshold_credits=1000)
    workers = [till.build().worker for _ in range(4)]
    for _ in range(4):
        await asyncio.gather(*(worker.look() for worker in workers))
        await till.make_due()
        await till.wait_is_over()
    await assert_bought(till, 2)
    assert (await till.get())["spent_this_month_minor"] == 2 * PRICE


async def test_a_new_month_has_its_own_ceiling(till: Till) -> None:
    await till.open(monthly_ceiling_minor=PRICE, threshold_credits=1000)
    await till.look(3)
    await assert_bought(till, 1)
    async with till.shop.database.unit_of_work() as uow:
        await uow.execute("UPDATE top_ups SET created_at = created_at - interval '32 days'")
    await till.wait_is_over()
    await till.look(3)
    await assert_bought(till, 2)


async def test_accounts_at_their_ceiling_do_not_keep_others_waiting(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing, "BATCH_MAX", 1)
    await till.open(monthly_ceiling_minor=PRICE, threshold_credits=1000)
    await till.look(2)
    assert await till.statuses() == ["paid"]
    async with till.shop.database.unit_of_work() as uow:
        await uow.execute("UPDATE auto_top_ups SET next_try_at = now() - interval '1 day'")
    till.shop.account_id = new_id()
    await till.open()
    await till.look(3)
    assert await till.statuses() == ["paid", "paid"]
    assert await till.shop.available() == 5 + CREDITS


@pytest.mark.parametrize("webhook_first", [True, False])
async def test_webhook_and_answer_grant_once(till: Till, webhook_first: bool) -> None:
    await till.open()
    if webhook_first:
        await till.shop.silence()
        await till.shop.fault("payment_intents.create", {"disconnect": True, "after_work": True}, times=None)
        await till.look()
        await till.shop.fault("payment_intents.list", {"status": 500}, times=None)
    else:
        await till.look()
    async with till.shop.worker():
        await till.shop.deliver(await till.shop.vendor_event("payment_intent.succeeded"))
        await till.shop.all_handled()
    await till.shop.heal()
    await till.look(2)
    await assert_bought(till)


@pytest.mark.parametrize(
    "fault",
    [
        {"disconnect": True, "after_work": True},
        {"status": 500, "after_work": True},
        {"disconnect": True},
        {"status": 503},
    ],
)
async def test_a_lost_answer_is_found_again_and_nothing_is_paid_twice(till: Till, fault: dict[str, Any]) -> None:
    await till.open()
    await till.shop.fault("payment_intents.create", fault, times=5)
    await till.look()
    await till.look(3)
    await assert_bought(till)


async def test_a_crash_between_answer_and_commit_grants_once(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    await till.open()

    async def crash(*_: object) -> str:
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr(Buyer, "_follow", crash)
        await till.look()
    assert (await till.statuses(), await till.shop.available()) == (["pending"], 5)
    assert [one["status"] for one in await till.intents()] == ["succeeded"]

    async def asks_again(*_: object) -> None:
        raise AssertionError("it was paid already")

    monkeypatch.setattr(OffSessionApi, "buy", asks_again)
    await till.look()
    await assert_bought(till)


async def test_one_attempt_in_several_hands_is_paid_and_granted_once(till: Till) -> None:
    await till.open()
    await till.two_hands()
    await assert_bought(till)


async def test_an_attempt_older_than_its_key_is_not_paid_again(till: Till) -> None:
    await till.open()
    await till.shop.fault("payment_intents.create", {"status": 503}, times=None)
    await till.look()
    async with till.shop.database.unit_of_work() as uow:
        await uow.execute("UPDATE top_ups SET created_at = now() - interval '24 hours'")
    await till.shop.heal()
    await till.look()
    assert await till.intents() == []
    (failed,) = await till.told("top_up.failed")
    assert failed["reason"] == "no_answer"


async def test_a_refund_of_a_top_up_takes_its_credits_back(till: Till) -> None:
    await till.open()
    await till.look()
    await till.shop.silence()
    await refund(till.shop, (await till.intents())[0]["id"])
    async with till.shop.worker():
        await till.shop.deliver(await till.shop.vendor_event("charge.refunded"))
        await till.shop.all_handled()
    assert await till.shop.available() == 5
    await till.shop.assert_ledger_is_sound()


async def test_reconciliation_knows_top_ups(till: Till) -> None:
    await till.shop.silence()
    await till.open()
    await till.look()
    reconciler = build_reconciler(
        till.shop.settings, till.shop.database, till.shop.parts.api, till.shop.parts.inbox.wake
    )
    async with till.shop.worker():
        report = await reconciler.run("operator")
    assert report is not None
    assert (report.status, report.counts.payments_compared) == ("clean", 1)
    await assert_bought(till)
