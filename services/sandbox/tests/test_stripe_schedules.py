"""Schedules of subscriptions: a change at the period's end, taken back, carried out, and left behind."""

from typing import Any

import pytest
import stripe

from .stripe_shop import Shop

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>' to upload:DeprecationWarning")


async def _planned(shop: Shop) -> tuple[Any, Any, Any]:
    """A yearly subscription that goes on by the month; the subscription, its schedule, and the monthly price."""
    yearly, monthly = await shop.price(19000, "year"), await shop.price(1900)
    subscription = await shop.subscribe(yearly)
    schedule = await shop.v1.subscription_schedules.create_async({"from_subscription": subscription.id})
    (phase,) = schedule.phases
    assert (phase.end_date, phase["items"][0].price) == (
        subscription["items"].data[0].current_period_end,
        yearly.id,
    )
    schedule = await shop.v1.subscription_schedules.update_async(
        schedule.id,
        {
            "end_behavior": "release",
            "proration_behavior": "none",
            "phases": [
                {"items": [{"price": yearly.id}], "start_date": phase.start_date, "end_date": phase.end_date},
                {
                    "items": [{"price": monthly.id}],
                    "duration": {"interval": "month"},
                    "proration_behavior": "none",
                    "default_payment_method": subscription.default_payment_method,
                },
            ],
        },
    )
    return await shop.subscription(subscription.id), schedule, monthly


async def test_the_next_phase_begins_with_the_renewal_and_then_the_schedule_lets_go(shop: Shop) -> None:
    subscription, schedule, monthly = await _planned(shop)
    assert (subscription.schedule, subscription["items"].data[0].price.unit_amount) == (schedule.id, 19000)
    await shop.order(f"subscriptions/{subscription.id}/renew")
    renewed = await shop.subscription(subscription.id)
    item = renewed["items"].data[0]
    assert (item.price.id, renewed.schedule, renewed.latest_invoice.amount_paid) == (monthly.id, schedule.id, 1900)
    assert item.current_period_start == schedule.phases[1].start_date
    assert item.current_period_end == schedule.phases[1].end_date
    assert renewed.billing_cycle_anchor == item.current_period_start
    await shop.order(f"subscriptions/{subscription.id}/renew")
    let_go = await shop.subscription(subscription.id)
    assert (let_go.schedule, let_go["items"].data[0].price.id) == (None, monthly.id)
    over = await shop.v1.subscription_schedules.retrieve_async(schedule.id)
    assert (over.status, over.subscription, over.released_subscription) == ("released", None, subscription.id)


async def test_released_before_its_time_nothing_changes(shop: Shop) -> None:
    subscription, schedule, _ = await _planned(shop)
    with pytest.raises(stripe.InvalidRequestError, match="managed by the subscription schedule"):
        await shop.v1.subscriptions.update_async(subscription.id, {"cancel_at_period_end": True})
    with pytest.raises(stripe.InvalidRequestError, match="already attached"):
        await shop.v1.subscription_schedules.create_async({"from_subscription": subscription.id})
    await shop.v1.subscription_schedules.release_async(schedule.id)
    with pytest.raises(stripe.InvalidRequestError):
        await shop.v1.subscription_schedules.release_async(schedule.id)
    await shop.order(f"subscriptions/{subscription.id}/renew")
    assert (await shop.subscription(subscription.id)).latest_invoice.amount_paid == 19000
    told = await shop.types()
    assert [name for name in told if "schedule" in name] == [
        "subscription_schedule.created",
        "subscription_schedule.updated",
        "subscription_schedule.released",
    ]


async def test_a_schedule_ends_with_its_subscription(shop: Shop) -> None:
    subscription, schedule, _ = await _planned(shop)
    await shop.v1.subscriptions.cancel_async(subscription.id)
    assert (await shop.v1.subscription_schedules.retrieve_async(schedule.id)).status == "canceled"
    assert (await shop.event("subscription_schedule.canceled")).data.object["id"] == schedule.id
