"""The credits of a yearly plan: month by month, once, through outages, and no longer than was paid for."""

import asyncio
import itertools
from datetime import datetime, timedelta

from billing.subscriptions.clock import SubscriptionClock
from billing.subscriptions.following import GRACE
from common.clock import now

from ..stripe.reversing import decide, dispute, refund
from ..stripe.shop import Shop
from .subscribing import lots, post, subscribed, tell


def clock_at(shop: Shop, moment: datetime) -> SubscriptionClock:
    return SubscriptionClock(shop.database, GRACE, read_clock=lambda: moment)


async def boundaries(shop: Shop) -> tuple[datetime, datetime]:
    ((start, end),) = await shop.rows("SELECT starts_at, ends_at FROM paid_periods")
    return start, end


async def payment_of(shop: Shop) -> str:
    intent: str = (await shop.vendor_event("payment_intent.succeeded"))["data"]["object"]["id"]
    return intent


async def test_a_yearly_plan_gives_its_credits_month_by_month(shop: Shop) -> None:
    await subscribed(shop, "pro", "year")
    start, end = await boundaries(shop)
    assert [credits for credits, _ in await lots(shop)] == [300]
    for days in range(1, 400, 3):
        await clock_at(shop, start + timedelta(days=days)).tick()
    given = await lots(shop)
    assert [credits for credits, _ in given] == [300] * 12
    assert given[-1][1] == end
    assert len({expires_at for _, expires_at in given}) == 12
    gaps = [later[1] - earlier[1] for earlier, later in itertools.pairwise(given)]
    assert all(timedelta(days=28) <= gap <= timedelta(days=31) for gap in gaps)
    await shop.assert_ledger_is_sound()


async def test_a_month_is_given_when_it_begins_and_not_before(shop: Shop) -> None:
    await subscribed(shop, "pro", "year")
    due_at = await shop.value("SELECT next_grant_at FROM paid_periods")
    assert await clock_at(shop, due_at - timedelta(seconds=1)).tick() == (0, 0)
    assert (await clock_at(shop, due_at).tick())[0] == 1
    assert (await clock_at(shop, due_at).tick())[0] == 0


async def test_an_outage_is_caught_up_with_month_by_month_and_nothing_is_lost(shop: Shop) -> None:
    await subscribed(shop, "pro", "year")
    start, _ = await boundaries(shop)
    moment = start + timedelta(days=100)
    assert (await clock_at(shop, moment).tick())[0] == 3
    late = (await lots(shop))[1:]
    assert [credits for credits, _ in late] == [300] * 3
    assert len({expires_at for _, expires_at in late}) == 1
    assert moment < late[0][1] <= moment + timedelta(days=31)


async def test_many_writers_at_once_give_each_month_once(shop: Shop) -> None:
    await subscribed(shop, "pro", "year")
    start, _ = await boundaries(shop)
    clocks = [clock_at(shop, start + timedelta(days=200)) for _ in range(8)]
    given = await asyncio.gather(*(clock.tick() for clock in clocks))
    assert sum(months for months, _ in given) == 6
    assert await shop.available() == 7 * 300
    assert await shop.value("SELECT count(*) FROM subscription_grants") == 7
    await shop.assert_ledger_is_sound()


async def test_the_clock_and_a_webhook_at_once_give_the_first_month_once(shop: Shop) -> None:
    subscription_id = await subscribed(shop, "pro", "year")
    assert subscription_id
    async with shop.database.unit_of_work() as uow:
        await uow.execute("DELETE FROM subscription_grants")
        await uow.execute("UPDATE paid_periods SET months_granted = 0, next_grant_at = starts_at")
    await asyncio.gather(tell(shop, "invoice.paid"), *(clock_at(shop, now()).tick() for _ in range(4)))
    assert await shop.available() == 300
    await shop.assert_ledger_is_sound()


async def test_nothing_more_is_given_once_the_subscription_has_ended(shop: Shop) -> None:
    subscription_id = await subscribed(shop, "pro", "year")
    await shop.vendor.delete(f"/stripe/v1/subscriptions/{subscription_id}")
    await tell(shop, "customer.subscription.deleted")
    assert (await clock_at(shop, now() + timedelta(days=200)).tick())[0] == 0
    assert await shop.available() == 300


async def test_a_cancelled_year_is_given_to_its_end(shop: Shop) -> None:
    await subscribed(shop, "pro", "year")
    await post(shop, "/v1/subscription/cancel")
    assert (await clock_at(shop, now() + timedelta(days=200)).tick())[0] == 6


async def test_an_upgraded_year_gives_both_parts_every_month(shop: Shop) -> None:
    await subscribed(shop, "pro", "year")
    await post(shop, "/v1/subscription/change", {"plan": "enterprise", "interval": "year"})
    before = await shop.available()
    assert before == 5000, "the share of a month is rounded once, however late in its first second"
    await clock_at(shop, now() + timedelta(days=32)).tick()
    assert await shop.available() == before + 5000


async def test_a_refunded_year_gives_no_more_and_a_part_of_it_a_part(shop: Shop) -> None:
    await subscribed(shop, "pro", "year")
    await refund(shop, await payment_of(shop), 9500)
    await tell(shop, "charge.refunded")
    assert await shop.available() == 150
    assert (await clock_at(shop, now() + timedelta(days=32)).tick())[0] == 1
    assert await shop.available() == 300
    await refund(shop, await payment_of(shop))
    await tell(shop, "charge.refunded")
    assert await shop.available() == 0
    assert (await clock_at(shop, now() + timedelta(days=200)).tick())[0] == 0
    await shop.assert_ledger_is_sound()


async def test_a_disputed_year_is_caught_up_with_when_it_is_won(shop: Shop) -> None:
    await subscribed(shop, "pro", "year")
    dispute_id = await dispute(shop, await payment_of(shop))
    await tell(shop, "charge.dispute.funds_withdrawn")
    later = clock_at(shop, now() + timedelta(days=65))
    assert (await later.tick())[0] == 0
    await decide(shop, dispute_id, "won")
    await tell(shop, "charge.dispute.funds_reinstated")
    assert (await later.tick())[0] == 2
    assert await shop.available() == 900
    await shop.assert_ledger_is_sound()
