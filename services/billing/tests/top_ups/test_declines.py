"""A card that is declined is left alone for longer and longer; a bank that wants the owner gets the owner."""

from datetime import UTC, datetime, timedelta

import pytest

from billing.top_ups.rules import month_of, next_try_after

from .till import CREDITS, DECLINED_LATER, PRICE, WANTS_ITS_OWNER, Till

HOURS = (1, 6, 24)


async def paused_for(till: Till) -> timedelta:
    found: timedelta = await till.shop.value("SELECT next_try_at - now() FROM auto_top_ups")
    return found


async def test_a_decline_is_tried_again_after_1_6_and_24_hours_and_then_never(till: Till) -> None:
    await till.open(DECLINED_LATER)
    for number, hours in enumerate(HOURS, start=1):
        await till.look(3)
        assert await till.statuses() == ["failed"] * number
        assert abs(await paused_for(till) - timedelta(hours=hours)) < timedelta(minutes=1)
        assert (await till.get())["paused_until"] is not None
        await till.wait_is_over()
    await till.look(3)
    shown = await till.get()
    assert (shown["enabled"], shown["disabled_reason"]) == (False, "generic_decline")
    await till.wait_is_over()
    await till.look(2)
    assert await till.statuses() == ["failed"] * 4
    assert len({one["id"] for one in await till.intents()}) == 4
    told = await till.told("top_up.failed")
    assert [event["declines"] for event in told] == [1, 2, 3, 4]
    assert [event["next_try_at"] is None for event in told] == [False, False, False, True]
    assert (await till.get())["spent_this_month_minor"] == 0


async def test_a_success_forgets_earlier_declines(till: Till) -> None:
    await till.open(DECLINED_LATER)
    await till.look()
    await till.save_card()
    assert (await till.put()).status_code == 200
    await till.look(2)
    assert await till.statuses() == ["failed", "paid"]
    assert await till.shop.value("SELECT declines FROM auto_top_ups") == 0


async def test_a_card_that_was_taken_away_switches_it_off(till: Till) -> None:
    await till.open()
    methods = await till.shop.vendor.get(
        "/stripe/v1/payment_methods",
        params={"customer": await till.shop.value("SELECT stripe_customer_id FROM stripe_customers")},
    )
    for method in methods.json()["data"]:
        await till.shop.vendor.post(f"/stripe/v1/payment_methods/{method['id']}/detach")
    await till.look(2)
    assert (await till.get())["disabled_reason"] == "no_card"
    assert await till.intents() == []


async def test_a_bank_that_wants_the_owner_gets_a_page_and_one_payment(till: Till) -> None:
    await till.open(WANTS_ITS_OWNER)
    await till.look(3)
    assert await till.statuses() == ["requires_action"]
    (told,) = await till.told("top_up.action_required")
    assert (told["amount_minor"], told["product"]) == (PRICE, "pack-50")
    assert [one["status"] for one in await till.intents()] == ["canceled"]

    async with till.shop.worker():
        await till.shop.pay(told["pay_url"])
        await till.shop.eventually("SELECT status FROM purchases", "paid")
    await till.look(2)
    assert await till.statuses() == ["paid"]
    assert await till.shop.available() == 5 + CREDITS
    assert len(await till.shop.completed()) == 1
    await till.shop.assert_ledger_is_sound()


async def test_no_second_attempt_while_the_owner_is_awaited(till: Till) -> None:
    await till.open(WANTS_ITS_OWNER)
    await till.look(2)
    await till.wait_is_over()
    await till.look(3)
    assert await till.statuses() == ["requires_action"]
    assert len(await till.told("top_up.action_required")) == 1


async def test_an_owner_is_told_once_by_however_many_hands(till: Till) -> None:
    await till.open(WANTS_ITS_OWNER)
    await till.two_hands()
    assert await till.statuses() == ["requires_action"]
    assert len(await till.told("top_up.action_required")) == 1


async def test_a_decline_counts_once_by_however_many_hands(till: Till) -> None:
    await till.open(DECLINED_LATER)
    await till.two_hands()
    assert await till.statuses() == ["failed"]
    assert [event["declines"] for event in await till.told("top_up.failed")] == [1]


async def test_an_owner_who_does_not_come_switches_it_off(till: Till) -> None:
    await till.open(WANTS_ITS_OWNER)
    await till.look(2)
    session_id = await till.shop.value("SELECT stripe_session_id FROM purchases")
    async with till.shop.worker():
        await till.shop.vendor.post(f"/stripe/v1/checkout/sessions/{session_id}/expire")
        await till.shop.eventually("SELECT status FROM purchases", "expired")
    await till.look(2)
    assert (await till.get())["disabled_reason"] == "not_authenticated"
    (failed,) = await till.told("top_up.failed")
    assert failed["next_try_at"] is None


@pytest.mark.parametrize("operation", ["payment_intents.cancel", "checkout.create"])
async def test_a_crash_on_the_way_to_the_page_tells_the_owner_once(till: Till, operation: str) -> None:
    await till.open(WANTS_ITS_OWNER)
    await till.shop.fault(operation, {"disconnect": True, "after_work": True}, times=4)
    await till.look(4)
    assert await till.statuses() == ["requires_action"]
    assert len(await till.told("top_up.action_required")) == 1
    assert await till.shop.value("SELECT count(*) FROM purchases") == 1


def test_pauses_and_months() -> None:
    moment = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)
    assert [next_try_after(number, moment) for number in (1, 2, 3)] == [moment + timedelta(hours=h) for h in HOURS]
    assert next_try_after(4, moment) is None
    assert month_of(moment) == datetime(2026, 3, 1, tzinfo=UTC)
