"""Changes of plan that begin with the renewal: year to months, taken back, cancelled, cut off, in any order."""

import itertools
from dataclasses import replace
from typing import Any

import pytest

from billing.stripe.subscription_api import SubscriptionApi
from billing.subscriptions.following import GRACE, Look, follow

from ..stripe.shop import Shop
from .subscribing import checkout, lots, newest, pay, post, renew, shown, subscribed, tell, told
from .test_orders_of_events import forget, handled, remember_answers, state

MONTHLY = {"plan": "pro", "interval": "month"}
YEARLY = {"plan": "pro", "interval": "year"}


async def change(shop: Shop, wish: dict[str, str], key: str | None = None) -> dict[str, Any]:
    answer = await post(shop, "/v1/subscription/change", wish, key)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def at_stripe(shop: Shop, subscription_id: str) -> dict[str, Any]:
    answer = await shop.vendor.get(f"/stripe/v1/subscriptions/{subscription_id}", params={"expand[]": "schedule"})
    found: dict[str, Any] = answer.json()
    return found


def terms(view: dict[str, Any]) -> tuple[str, str, str, str]:
    return view["plan"], view["interval"], view["next_plan"], view["next_interval"]


@pytest.mark.parametrize("lesser", ["pro", "enterprise"])
async def test_from_a_year_to_months_one_changes_with_the_renewal(shop: Shop, lesser: str) -> None:
    subscription_id = await subscribed(shop, "enterprise", "year")
    planned = await change(shop, {"plan": lesser, "interval": "month"})
    assert terms(planned) == ("enterprise", "year", lesser, "month")
    assert await shop.available() == 5000
    card = (await at_stripe(shop, subscription_id))["default_payment_method"]
    assert card is not None
    (news,) = (each for each in await told(shop, "subscription.changed") if each["next_interval"] == "month")
    assert (news["interval"], news["next_plan"]) == ("year", lesser)

    await renew(shop, subscription_id)
    await tell(shop, "subscription_schedule.updated", "invoice.paid")

    assert terms(await shown(shop))[1:] == ("month", lesser, "month")  # the year that was paid for is not over in truth
    assert [credits for credits, _ in await lots(shop)] == [5000, {"pro": 300, "enterprise": 5000}[lesser]]
    assert (
        await shop.value("SELECT total_minor FROM subscription_invoices ORDER BY created_at DESC LIMIT 1")
        == {
            "pro": 1900,
            "enterprise": 24900,
        }[lesser]
    )
    await renew(shop, subscription_id)
    await tell(shop, "subscription_schedule.released", "invoice.paid")
    left = await at_stripe(shop, subscription_id)
    assert (left["schedule"], left["default_payment_method"]) == (None, card), "its card goes along"
    assert terms(await shown(shop))[1:] == ("month", lesser, "month")
    await shop.assert_ledger_is_sound()


async def test_a_change_to_come_is_taken_back_by_asking_for_the_present_plan(shop: Shop) -> None:
    subscription_id = await subscribed(shop, "pro", "year")
    await change(shop, MONTHLY)
    upgrade = await post(shop, "/v1/subscription/change", {"plan": "enterprise", "interval": "year"})
    assert (upgrade.status_code, "take that back first" in upgrade.json()["detail"]) == (409, True)
    assert terms(await change(shop, YEARLY)) == ("pro", "year", "pro", "year")
    assert (await at_stripe(shop, subscription_id))["schedule"] is None
    assert terms(await change(shop, {"plan": "enterprise", "interval": "year"}))[0] == "enterprise"


async def test_another_wish_takes_the_place_of_the_one_before(shop: Shop) -> None:
    subscription_id = await subscribed(shop, "enterprise", "year")
    await change(shop, {"plan": "pro", "interval": "year"})
    assert terms(await change(shop, MONTHLY)) == ("enterprise", "year", "pro", "month")
    assert terms(await change(shop, {"plan": "enterprise", "interval": "month"}))[2:] == ("enterprise", "month")
    assert terms(await change(shop, {"plan": "pro", "interval": "year"}))[2:] == ("pro", "year")
    await renew(shop, subscription_id)
    await tell(shop, "invoice.paid")
    assert terms(await shown(shop))[1:] == ("year", "pro", "year")


async def test_cancelling_forgets_the_change_to_come(shop: Shop) -> None:
    subscription_id = await subscribed(shop, "pro", "year")
    await change(shop, MONTHLY)
    cancelled = (await post(shop, "/v1/subscription/cancel")).json()
    assert (cancelled["cancel_at_period_end"], cancelled["next_plan"]) == (True, "free")
    resumed = (await post(shop, "/v1/subscription/resume")).json()
    assert terms(resumed) == ("pro", "year", "pro", "year")
    await change(shop, MONTHLY)
    await renew(shop, subscription_id)
    await tell(shop, "invoice.paid")
    ended = (await post(shop, "/v1/subscription/cancel")).json()
    assert (ended["plan"], ended["interval"], ended["next_plan"]) == ("pro", "month", "free")


@pytest.mark.parametrize("operation", ["create", "update"])
async def test_a_change_that_was_cut_off_goes_on_under_its_key(shop: Shop, operation: str) -> None:
    subscription_id = await subscribed(shop, "pro", "year")
    await shop.fault(f"subscription_schedules.{operation}", {"status": 503}, times=None)
    assert (await post(shop, "/v1/subscription/change", MONTHLY, "to-months")).status_code == 503
    assert terms(await shown(shop)) == ("pro", "year", "pro", "year")
    await shop.heal()
    for _ in range(2):
        assert terms(await change(shop, MONTHLY, "to-months")) == ("pro", "year", "pro", "month")
    made = (await shop.vendor.get("/stripe/v1/subscription_schedules")).json()["data"]
    assert [each["subscription"] for each in made] == [subscription_id]


async def test_a_change_made_in_stripes_dashboard_is_followed_by_its_events(shop: Shop) -> None:
    subscription_id = await subscribed(shop, "pro", "year")
    api = SubscriptionApi(shop.parts.api)
    await shop.parts.catalogue.sync()
    price = await shop.value("SELECT stripe_price_id FROM stripe_prices WHERE lookup_key = 'plan:pro:month'")
    await api.change_at_period_end(subscription_id, price, "month", "by-hand")
    await tell(shop, "subscription_schedule.updated")
    assert terms(await shown(shop))[2:] == ("pro", "month")
    await api.cancel_at_period_end(subscription_id, cancel=False, key="by-hand-too")
    await tell(shop, "subscription_schedule.released")
    assert terms(await shown(shop))[2:] == ("pro", "year")


async def test_every_order_of_the_events_of_a_change_ends_the_same(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await shop.silence()
    await pay(shop, await checkout(shop, "pro", "year"))
    subscription_id = await newest(shop)
    events = [await shop.vendor_event("checkout.session.completed")]
    await tell(shop, "checkout.session.completed")
    await change(shop, MONTHLY)
    events += [await shop.vendor_event(f"subscription_schedule.{name}") for name in ("created", "updated")]
    await renew(shop, subscription_id)
    events.append(await shop.vendor_event("invoice.paid"))
    remember_answers(shop, monkeypatch)
    expected = None
    for number, order_of_events in enumerate(itertools.permutations(events)):
        await forget(shop)
        for step, event in enumerate((*order_of_events, order_of_events[number % 4])):
            await handled(shop, event, f"evt_{number}_{step}")
        found = await state(shop)
        expected = expected or found
        assert found == expected, [event["type"] for event in order_of_events]
    assert expected is not None
    assert terms(expected["shown"])[2:] == ("pro", "month")
    assert (expected["available"], expected["plans"]) == (600, ["pro"])
    await shop.assert_ledger_is_sound()


async def test_looks_before_within_and_after_a_change_end_the_same(shop: Shop) -> None:
    await shop.silence()
    await pay(shop, await checkout(shop, "pro", "year"))
    subscription_id, api = await newest(shop), SubscriptionApi(shop.parts.api)
    moments = [await api.facts(subscription_id)]
    await shop.parts.catalogue.sync()
    price = await shop.value("SELECT stripe_price_id FROM stripe_prices WHERE lookup_key = 'plan:pro:month'")
    await api.change_at_period_end(subscription_id, price, "month", "planned")
    moments.append(await api.facts(subscription_id))
    await renew(shop, subscription_id)
    moments.append(await api.facts(subscription_id))
    assert [facts.next_price_id == facts.price_id for facts in moments] == [True, False, True]
    moments.append(replace(moments[-1], status="past_due"))
    expected = None
    for order_of_looks in itertools.permutations([Look(facts, number) for number, facts in enumerate(moments, 1)]):
        await forget(shop)
        for look in order_of_looks:
            await shop.database.transact(follow, look, GRACE)
        found = await state(shop)
        expected = expected or found
        assert found == expected
    assert expected is not None
    assert (expected["shown"]["interval"], expected["shown"]["status"]) == ("month", "past_due")
