"""From the checkout to the plan and its credits, and on: renewal, failure, change, cancellation, portal."""

from datetime import datetime, timedelta

import pytest

from billing.subscriptions.closing import close_accounts
from billing.subscriptions.following import GRACE, review_next
from common.bus.handlers import Received
from common.clock import now
from common.events.deletion import AccountDeletionRequested
from common.ids import new_id

from ..stripe.reversing import decide, dispute, refund
from ..stripe.shop import SHOP_ORIGIN, Shop
from .subscribing import checkout, lots, newest, order, pay, post, renew, shown, subscribed, tell, told


async def test_without_a_subscription_the_free_plan_is_shown(shop: Shop) -> None:
    assert await shown(shop) == {
        "id": None,
        "plan": "free",
        "status": None,
        "interval": None,
        "period_end": None,
        "cancel_at_period_end": False,
        "next_plan": None,
        "next_interval": None,
        "grace_until": None,
    }


async def test_a_paid_subscription_gives_the_plan_and_its_credits(shop: Shop) -> None:
    await subscribed(shop)
    found = await shown(shop)
    assert (found["plan"], found["status"], found["interval"], found["next_plan"]) == ("pro", "active", "month", "pro")
    assert found["id"].startswith("sbs_")
    ((credits, expires_at),) = await lots(shop)
    assert credits == 300
    assert timedelta(days=27) < expires_at - now() < timedelta(days=32)
    assert expires_at.isoformat() == found["period_end"].replace("Z", "+00:00")
    assert await shop.value("SELECT status FROM subscription_orders") == "completed"
    (changed,) = await told(shop, "account.changed")
    assert (changed["plan"], changed["previous_plan"], changed["version"]) == ("pro", "free", 1)
    (subscription,) = await told(shop, "subscription.changed")
    assert (subscription["plan"], subscription["status"], subscription["next_plan"]) == ("pro", "active", "pro")
    paid_since = datetime.fromisoformat(subscription["paid_since"])
    assert paid_since == await shop.value("SELECT min(starts_at) FROM paid_periods")
    await shop.assert_ledger_is_sound()


async def test_an_account_of_before_is_told_since_when_it_pays(shop: Shop) -> None:
    await subscribed(shop)
    async with shop.database.unit_of_work() as uow:
        await uow.execute("UPDATE account_plans SET paid_since = NULL, review_at = now()")

    assert await shop.database.transact(review_next, GRACE, now())

    first, second = await told(shop, "subscription.changed")
    assert (second["paid_since"], second["version"]) == (first["paid_since"], 2)
    assert len(await told(shop, "account.changed")) == 1


async def test_renewal_gives_the_next_months_credits_once(shop: Shop) -> None:
    subscription_id = await subscribed(shop)
    await renew(shop, subscription_id)
    await tell(shop, "invoice.paid", "customer.subscription.updated", "payment_intent.succeeded", "invoice.paid")
    assert [credits for credits, _ in await lots(shop)] == [300, 300]
    assert await shop.available() == 600
    assert len(await told(shop, "account.changed")) == 1
    await shop.assert_ledger_is_sound()


async def test_a_failed_renewal_is_told_once_and_healed_by_a_payment(shop: Shop) -> None:
    subscription_id = await subscribed(shop)
    before = await shown(shop)
    await renew(shop, subscription_id, "failed")
    await tell(shop, "invoice.payment_failed", "customer.subscription.updated", "invoice.payment_failed")
    due = await shown(shop)
    assert (due["plan"], due["status"]) == ("pro", "past_due")
    (failure,) = await told(shop, "subscription.payment_failed")
    assert (failure["plan"], failure["amount_minor"], failure["currency"]) == ("pro", 1900, "eur")
    assert failure["grace_until"] == due["grace_until"]
    assert due["grace_until"] > before["period_end"]
    assert await shop.available() == 300
    await order(shop, f"invoices/{failure['invoice']}/retry", outcome="paid")
    await tell(shop, "invoice.paid")
    healed = await shown(shop)
    assert (healed["status"], healed["grace_until"]) == ("active", None)
    assert await shop.available() == 600
    assert len(await told(shop, "subscription.payment_failed")) == 1


@pytest.mark.parametrize("status", ["canceled", "unpaid"])
async def test_a_subscription_that_stripe_gives_up_leaves_the_free_plan(shop: Shop, status: str) -> None:
    subscription_id = await subscribed(shop)
    await renew(shop, subscription_id, "failed")
    await order(shop, f"subscriptions/{subscription_id}/give_up", status=status)
    await tell(shop, "customer.subscription.deleted" if status == "canceled" else "customer.subscription.updated")
    assert ((await shown(shop))["plan"], (await shown(shop))["status"]) == ("free", status)
    assert [event["plan"] for event in await told(shop, "account.changed")] == ["pro", "free"]


async def test_the_grace_period_ends_by_the_clock(shop: Shop) -> None:
    subscription_id = await subscribed(shop)
    await renew(shop, subscription_id, "failed")
    await tell(shop, "invoice.payment_failed")
    async with shop.database.unit_of_work() as uow:  # as if the period had ended more than the grace ago
        await uow.execute(
            "UPDATE paid_periods SET starts_at = now() - interval '40 days', ends_at = now() - CAST(:past AS interval)",
            {"past": GRACE + timedelta(minutes=1)},
        )
        await uow.execute("UPDATE account_plans SET review_at = now()")
    assert (await shown(shop))["plan"] == "pro"
    assert await shop.parts.clock.tick() == (0, 1)
    assert ((await shown(shop))["plan"], (await shown(shop))["status"]) == ("free", "past_due")
    assert await shop.parts.clock.tick() == (0, 0)


async def test_cancelled_and_resumed_and_ended(shop: Shop) -> None:
    subscription_id = await subscribed(shop)
    cancelled = await post(shop, "/v1/subscription/cancel")
    assert (cancelled.status_code, cancelled.json()["cancel_at_period_end"]) == (200, True)
    assert (cancelled.json()["plan"], cancelled.json()["next_plan"]) == ("pro", "free")
    resumed = await post(shop, "/v1/subscription/resume")
    assert (resumed.json()["cancel_at_period_end"], resumed.json()["next_plan"]) == (False, "pro")
    await post(shop, "/v1/subscription/cancel")
    await renew(shop, subscription_id)
    await tell(shop, "customer.subscription.deleted")
    assert ((await shown(shop))["plan"], (await shown(shop))["status"]) == ("free", "canceled")
    assert await shop.available() == 300
    await pay(shop, await checkout(shop))
    await tell(shop, "checkout.session.completed")
    assert (await shown(shop))["plan"] == "pro"


async def test_an_upgrade_counts_at_once_and_gives_the_difference(shop: Shop) -> None:
    await subscribed(shop)
    changed = await post(shop, "/v1/subscription/change", {"plan": "enterprise", "interval": "month"})
    assert changed.status_code == 200, changed.text
    assert (changed.json()["plan"], changed.json()["next_plan"]) == ("enterprise", "enterprise")
    assert 4999 <= await shop.available() <= 5000
    await tell(shop, "invoice.paid", "customer.subscription.updated")
    assert len(await lots(shop)) == 2
    assert [event["plan"] for event in await told(shop, "account.changed")] == ["pro", "enterprise"]


async def test_a_downgrade_waits_for_the_renewal_and_can_be_taken_back(shop: Shop) -> None:
    subscription_id = await subscribed(shop, "enterprise")
    lesser = await post(shop, "/v1/subscription/change", {"plan": "pro", "interval": "month"})
    assert (lesser.json()["plan"], lesser.json()["next_plan"]) == ("enterprise", "pro")
    assert await shop.available() == 5000
    refused = await post(shop, "/v1/subscription/change", {"plan": "enterprise", "interval": "year"})
    assert (refused.status_code, "take that back first" in refused.json()["detail"]) == (409, True)
    back = await post(shop, "/v1/subscription/change", {"plan": "enterprise", "interval": "month"})
    assert back.json()["next_plan"] == "enterprise"
    await post(shop, "/v1/subscription/change", {"plan": "pro", "interval": "month"})
    await renew(shop, subscription_id)
    await tell(shop, "invoice.paid")
    assert [credits for credits, _ in await lots(shop)] == [5000, 300]
    assert await shop.value("SELECT total_minor FROM subscription_invoices ORDER BY created_at DESC LIMIT 1") == 1900


async def test_a_change_to_a_year_begins_a_year_and_gives_the_month_under_way_once(shop: Shop) -> None:
    await subscribed(shop)
    changed = (await post(shop, "/v1/subscription/change", {"plan": "pro", "interval": "year"})).json()
    assert (changed["plan"], changed["interval"]) == ("pro", "year")
    assert await shop.available() in (300, 301)
    assert await shop.value("SELECT max(ends_at) - min(starts_at) > interval '360 days' FROM paid_periods")


async def test_an_upgrade_that_cannot_be_paid_changes_nothing_and_can_be_tried_again(shop: Shop) -> None:
    subscription_id = await subscribed(shop, card="4000000000000341")
    wish = {"plan": "enterprise", "interval": "month"}
    for _ in range(2):
        declined = await post(shop, "/v1/subscription/change", wish, "upgrade-1")
        assert (declined.status_code, declined.json()["code"]) == (409, "CONFLICT")
    assert ((await shown(shop))["plan"], await shop.available()) == ("pro", 300)
    portal = (await post(shop, "/v1/billing/portal")).json()["url"]
    assert (
        await shop.vendor.post(portal, data={"action": "update_card", "card": "4242424242424242"})
    ).status_code == 303
    assert (await post(shop, "/v1/subscription/change", wish, "upgrade-2")).json()["plan"] == "enterprise"
    mismatch = await post(shop, "/v1/subscription/change", {"plan": "pro", "interval": "month"}, "upgrade-2")
    assert mismatch.status_code == 422
    assert subscription_id == await newest(shop)


async def test_the_portal_cancels_and_we_follow(shop: Shop) -> None:
    subscription_id = await subscribed(shop)
    opened = await post(shop, "/v1/billing/portal", {"return_url": f"{SHOP_ORIGIN}/account"})
    assert opened.status_code == 201
    done = await shop.vendor.post(opened.json()["url"], data={"action": "cancel", "subscription": subscription_id})
    assert done.status_code == 303
    await tell(shop, "customer.subscription.updated")
    assert (await shown(shop))["cancel_at_period_end"] is True
    changing = {"action": "change_plan", "subscription": subscription_id, "price": "price_x"}
    assert (await shop.vendor.post(opened.json()["url"], data=changing)).status_code == 403
    elsewhere = await post(shop, "/v1/billing/portal", {"return_url": "https://evil.example/"})
    assert elsewhere.status_code == 422


@pytest.mark.parametrize("path", ["subscription/cancel", "subscription/resume", "billing/portal"])
async def test_nothing_to_manage_without_a_subscription(shop: Shop, path: str) -> None:
    assert (await post(shop, f"/v1/{path}")).status_code == 404


async def test_one_key_is_one_order_with_one_page(shop: Shop) -> None:
    url = await checkout(shop, key="subscribe-1")
    assert await checkout(shop, key="subscribe-1") == url
    other = await post(shop, "/v1/subscription/checkout", {"plan": "enterprise", "interval": "month"}, "subscribe-1")
    assert other.status_code == 422
    assert await shop.value("SELECT count(*) FROM stripe_customers") == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"plan": "free", "interval": "month"}, 422),
        ({"plan": "gold", "interval": "month"}, 422),
        ({"plan": "pro", "interval": "week"}, 422),
        ({"plan": "pro", "interval": "month", "success_url": "https://evil.example/"}, 422),
        ({"plan": "pro"}, 422),
    ],
)
async def test_refuses_what_is_not_sold(shop: Shop, body: dict[str, str], status: int) -> None:
    assert (await post(shop, "/v1/subscription/checkout", body)).status_code == status
    assert await shop.value("SELECT count(*) FROM subscription_orders") == 0


async def test_a_second_page_closes_the_first_and_a_second_subscription_is_refused(shop: Shop) -> None:
    await shop.silence()
    first = await checkout(shop)
    second = await checkout(shop, "enterprise")
    assert (await shop.vendor.post(first, data={})).status_code == 410
    await pay(shop, second)
    before_any_word = await post(shop, "/v1/subscription/checkout", {"plan": "pro", "interval": "month"})
    assert before_any_word.status_code == 409
    await tell(shop, "checkout.session.completed")
    assert (await shown(shop))["plan"] == "enterprise"
    refused = await post(shop, "/v1/subscription/checkout", {"plan": "pro", "interval": "month"})
    assert refused.status_code == 409


async def test_a_page_left_open_ends_the_order(shop: Shop) -> None:
    await shop.silence()
    session_id = (await checkout(shop)).rpartition("/")[2]
    await shop.vendor.post(f"/stripe/v1/checkout/sessions/{session_id}/expire")
    await tell(shop, "checkout.session.expired")
    assert await shop.value("SELECT status FROM subscription_orders") == "expired"


async def test_a_stranger_sees_nothing(shop: Shop) -> None:
    await subscribed(shop)
    shop.account_id = new_id()
    assert (await shown(shop))["plan"] == "free"
    assert (await post(shop, "/v1/subscription/cancel")).status_code == 404


@pytest.mark.parametrize("gone", ["customer", "price"])
async def test_what_stripe_has_lost_is_made_anew(shop: Shop, gone: str) -> None:
    await checkout(shop)
    if gone == "customer":
        statement = "UPDATE stripe_customers SET stripe_customer_id = 'cus_gone'"
    else:
        statement = "UPDATE stripe_prices SET stripe_price_id = 'price_gone' WHERE lookup_key = 'plan:pro:month'"
    async with shop.database.unit_of_work() as uow:
        await uow.execute(statement)
    assert await checkout(shop)


@pytest.mark.parametrize("operation", ["customers.create", "products.get", "prices.create", "checkout.create"])
async def test_an_outage_is_503_and_the_same_key_goes_on(shop: Shop, operation: str) -> None:
    await shop.fault(operation, {"status": 503}, times=None)
    body = {"plan": "pro", "interval": "month"}
    assert (await post(shop, "/v1/subscription/checkout", body, "again")).status_code == 503
    await shop.heal()
    assert (await post(shop, "/v1/subscription/checkout", body, "again")).status_code == 201
    assert await shop.value("SELECT count(*) FROM subscription_orders") == 1


async def test_a_refund_takes_the_months_credits_and_the_plan(shop: Shop) -> None:
    await subscribed(shop)
    intent_id = (await shop.vendor_event("payment_intent.succeeded"))["data"]["object"]["id"]
    await refund(shop, intent_id, 950)
    await tell(shop, "charge.refunded")
    assert (await shop.available(), (await shown(shop))["plan"]) == (150, "pro")
    await refund(shop, intent_id)
    await tell(shop, "refund.created", "charge.refunded")
    assert (await shop.available(), (await shown(shop))["plan"]) == (0, "free")
    await shop.assert_ledger_is_sound()


async def test_a_dispute_that_is_won_gives_credits_and_plan_back(shop: Shop) -> None:
    await subscribed(shop)
    intent_id = (await shop.vendor_event("payment_intent.succeeded"))["data"]["object"]["id"]
    dispute_id = await dispute(shop, intent_id)
    await tell(shop, "charge.dispute.funds_withdrawn")
    assert (await shop.available(), (await shown(shop))["plan"]) == (0, "free")
    await decide(shop, dispute_id, "won")
    await tell(shop, "charge.dispute.closed", "charge.dispute.funds_reinstated")
    assert (await shop.available(), (await shown(shop))["plan"]) == (300, "pro")
    await shop.assert_ledger_is_sound()


async def test_subscriptions_of_another_shop_are_passed_over(shop: Shop) -> None:
    await subscribed(shop)
    async with shop.database.unit_of_work() as uow:
        for table in ("plan_changes", "subscription_grants", "paid_periods", "subscription_invoices", "account_plans"):
            await uow.execute(f"DELETE FROM {table}")  # noqa: S608
        for table in ("subscriptions", "subscription_orders", "stripe_customers"):
            await uow.execute(f"DELETE FROM {table}")  # noqa: S608
    await tell(shop, "customer.subscription.created", "invoice.paid")
    assert await shop.value("SELECT count(*) FROM subscriptions") == 0


async def test_a_price_that_is_not_ours_is_left_to_a_person(shop: Shop) -> None:
    await subscribed(shop)
    async with shop.database.unit_of_work() as uow:
        await uow.execute("DELETE FROM stripe_prices")
    await shop.deliver(await shop.vendor_event("invoice.paid"))
    async with shop.worker():
        await shop.eventually(
            "SELECT count(*) FROM stripe_events WHERE error LIKE 'mismatch: price%' AND next_try_at IS NULL", 1
        )


async def test_a_deleted_account_pays_no_more(shop: Shop) -> None:
    subscription_id = await subscribed(shop)
    deleted = AccountDeletionRequested(account_id=shop.account_id, user_id=new_id(), deletion_id=new_id())
    for _ in range(2):
        async with shop.database.unit_of_work() as uow:
            await close_accounts([Received(deleted, None)], uow)
    await shop.fault("subscriptions.cancel", {"status": 503}, times=None)
    assert await shop.parts.closing.tick() == 0
    await shop.heal()
    assert await shop.parts.closing.tick() == 1
    ended = (await shop.vendor.get(f"/stripe/v1/subscriptions/{subscription_id}")).json()
    assert ended["status"] == "canceled"
    assert ((await shown(shop))["plan"], await shop.parts.closing.tick()) == ("free", 0)


async def test_an_account_deleted_while_it_paid_pays_no_more_either(shop: Shop) -> None:
    await shop.silence()
    url = await checkout(shop)
    deleted = AccountDeletionRequested(account_id=shop.account_id, user_id=new_id(), deletion_id=new_id())
    async with shop.database.unit_of_work() as uow:
        await close_accounts([Received(deleted, None)], uow)
    await pay(shop, url)
    await tell(shop, "invoice.paid")
    assert await shop.parts.closing.tick() == 1
    assert (await shown(shop))["status"] == "canceled"
