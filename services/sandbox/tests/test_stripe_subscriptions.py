"""Subscriptions with the real client: bought, renewed, past due, changed, cancelled."""

from datetime import UTC, datetime
from typing import Any

import pytest
import stripe

from sandbox.vendors.stripe.periods import period_end

from .stripe_shop import Shop

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>' to upload:DeprecationWarning")


def _period(subscription: Any) -> tuple[int, int]:
    item = subscription["items"].data[0]
    return item.current_period_start, item.current_period_end


@pytest.mark.parametrize("interval", ["month", "year"])
async def test_checkout_starts_an_active_subscription_with_a_paid_invoice(shop: Shop, interval: str) -> None:
    subscription = await shop.subscribe(
        await shop.price(1900, interval), subscription_data={"metadata": {"plan": "pro"}}
    )
    assert subscription.status == "active"
    start, end = _period(subscription)
    assert end - start in (
        [86_400 * days for days in range(28, 32)] if interval == "month" else [86_400 * 365, 86_400 * 366]
    )
    invoice = subscription.latest_invoice
    assert (invoice.status, invoice.amount_paid, invoice.billing_reason) == ("paid", 1900, "subscription_create")
    assert invoice.parent.subscription_details.subscription == subscription.id
    assert invoice.parent.subscription_details.metadata["plan"] == "pro"
    line = invoice.lines.data[0]
    assert (line.period.start, line.period.end) == (start, end)
    assert line.parent.subscription_item_details.subscription_item == subscription["items"].data[0].id
    intent = await shop.v1.payment_intents.retrieve_async(invoice.payments.data[0].payment.payment_intent)
    assert intent.status == "succeeded"
    found = await shop.v1.invoice_payments.list_async(
        {"payment": {"type": "payment_intent", "payment_intent": intent.id}}
    )
    assert [one.invoice for one in found.data] == [invoice.id]


async def test_every_event_of_a_first_payment_is_told(shop: Shop) -> None:
    await shop.subscribe()
    expected = [
        "customer.subscription.created",
        "invoice.created",
        "invoice.finalized",
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice.paid",
        "invoice.payment_succeeded",
        "checkout.session.completed",
    ]
    told = await shop.types()
    assert set(expected) <= set(told)
    assert told[-1] == "checkout.session.completed"
    session = (await shop.event("checkout.session.completed")).data.object
    assert session.payment_status == "paid"
    assert session.payment_intent is None
    assert session.invoice


async def test_payments_of_an_invoice_are_shown_only_when_expanded(shop: Shop) -> None:
    subscription = await shop.subscribe()
    plain = await shop.v1.invoices.retrieve_async(subscription.latest_invoice.id)
    assert "payments" not in plain.to_dict()


async def test_renewal_begins_the_next_period_and_is_paid(shop: Shop) -> None:
    subscription = await shop.subscribe()
    before = _period(subscription)
    await shop.order(f"subscriptions/{subscription.id}/renew", outcome="paid", advance="period")
    renewed = await shop.subscription(subscription.id)
    assert _period(renewed)[0] == before[1]
    assert renewed.latest_invoice.id != subscription.latest_invoice.id
    assert renewed.latest_invoice.billing_reason == "subscription_cycle"
    assert (renewed.latest_invoice.period_start, renewed.latest_invoice.period_end) == before
    listed = await shop.v1.invoices.list_async({"subscription": subscription.id, "status": "paid"})
    assert len(listed.data) == 2
    assert len({one.number for one in listed.data}) == 2
    changed = await shop.event("customer.subscription.updated")
    assert changed.data.previous_attributes["latest_invoice"] == subscription.latest_invoice.id


async def test_failed_renewal_is_past_due_and_a_retry_heals_it(shop: Shop) -> None:
    subscription = await shop.subscribe()
    await shop.order(f"subscriptions/{subscription.id}/renew", outcome="failed")
    due = await shop.subscription(subscription.id)
    assert due.status == "past_due"
    invoice = due.latest_invoice
    assert (invoice.status, invoice.attempt_count, invoice.amount_remaining) == ("open", 1, 1900)
    assert invoice.next_payment_attempt
    changed = await shop.event("customer.subscription.updated")
    assert changed.data.previous_attributes["status"] == "active"
    assert {"invoice.payment_failed", "payment_intent.payment_failed"} <= set(await shop.types())
    await shop.order(f"invoices/{invoice.id}/retry", outcome="failed")
    await shop.order(f"invoices/{invoice.id}/retry")
    healed = await shop.subscription(subscription.id)
    assert (healed.status, healed.latest_invoice.status, healed.latest_invoice.attempt_count) == ("active", "paid", 3)


@pytest.mark.parametrize(("status", "event"), [("canceled", "deleted"), ("unpaid", "updated")])
async def test_subscription_ends_as_ordered_when_all_retries_failed(shop: Shop, status: str, event: str) -> None:
    subscription = await shop.subscribe()
    await shop.order(f"subscriptions/{subscription.id}/renew", outcome="failed")
    await shop.order(f"subscriptions/{subscription.id}/give_up", status=status)
    assert (await shop.subscription(subscription.id)).status == status
    told = (await shop.event(f"customer.subscription.{event}")).data.object
    assert told.status == status


async def test_renewal_that_needs_authentication_is_paid_on_its_page(shop: Shop) -> None:
    subscription = await shop.subscribe(card="4000002760003184")
    await shop.order(f"subscriptions/{subscription.id}/renew")
    due = await shop.subscription(subscription.id)
    assert due.status == "past_due"
    assert "invoice.payment_action_required" in await shop.types()
    intent = await shop.v1.payment_intents.retrieve_async(due.latest_invoice.payments.data[0].payment.payment_intent)
    assert intent.status == "requires_action"
    page = await shop.http.get(intent.next_action.redirect_to_url.url)
    assert "€19.00" in page.text
    assert (await shop.http.post(intent.next_action.redirect_to_url.url)).status_code == 200
    healed = await shop.subscription(subscription.id)
    assert (healed.status, healed.latest_invoice.status) == ("active", "paid")


async def test_cancelled_at_period_end_ends_with_the_period(shop: Shop) -> None:
    subscription = await shop.subscribe()
    ending = await shop.v1.subscriptions.update_async(subscription.id, {"cancel_at_period_end": True})
    assert (ending.status, ending.cancel_at) == ("active", _period(subscription)[1])
    assert ending.cancellation_details.reason == "cancellation_requested"
    await shop.order(f"subscriptions/{subscription.id}/renew")
    over = await shop.subscription(subscription.id)
    assert (over.status, over.ended_at) == ("canceled", _period(subscription)[1])
    assert over.latest_invoice.id == subscription.latest_invoice.id
    assert (await shop.types())[-1] == "customer.subscription.deleted"


async def test_cancellation_can_be_taken_back(shop: Shop) -> None:
    subscription = await shop.subscribe()
    await shop.v1.subscriptions.update_async(subscription.id, {"cancel_at_period_end": True})
    back = await shop.v1.subscriptions.update_async(subscription.id, {"cancel_at_period_end": False})
    assert (back.cancel_at, back.canceled_at, back.cancel_at_period_end) == (None, None, False)


async def test_cancel_now_ends_it_and_nothing_more_can_be_done(shop: Shop) -> None:
    subscription = await shop.subscribe()
    over = await shop.v1.subscriptions.cancel_async(
        subscription.id, {"cancellation_details": {"comment": "too dear", "feedback": "too_expensive"}}
    )
    assert (over.status, over.cancellation_details.comment) == ("canceled", "too dear")
    with pytest.raises(stripe.InvalidRequestError):
        await shop.v1.subscriptions.update_async(subscription.id, {"cancel_at_period_end": True})
    assert (await shop.v1.subscriptions.list_async({"customer": subscription.customer})).data == []
    gone = await shop.v1.subscriptions.list_async({"customer": subscription.customer, "status": "all"})
    assert [one.id for one in gone.data] == [subscription.id]


async def _change(shop: Shop, subscription: Any, price: Any, **more: Any) -> Any:
    item = {"id": subscription["items"].data[0].id, "price": price.id}
    await shop.v1.subscriptions.update_async(subscription.id, {"items": [item], **more})
    return await shop.subscription(subscription.id)


async def test_upgrade_is_invoiced_at_once_for_the_difference(shop: Shop) -> None:
    subscription = await shop.subscribe(await shop.price(1000))
    start, end = _period(subscription)
    changed = await _change(
        shop,
        subscription,
        await shop.price(3000),
        proration_behavior="always_invoice",
        proration_date=start + (end - start) // 2,
    )
    invoice = changed.latest_invoice
    assert [line.amount for line in invoice.lines.data] == [-500, 1500]
    assert all(line.parent.subscription_item_details.proration for line in invoice.lines.data)
    assert (invoice.billing_reason, invoice.status, invoice.amount_paid) == ("subscription_update", "paid", 1000)
    assert _period(changed) == (start, end)
    assert changed["items"].data[0].price.unit_amount == 3000
    told = await shop.event("customer.subscription.updated")
    assert told.data.previous_attributes["items"]["data"][0]["price"]["unit_amount"] == 1000


async def test_prorations_wait_for_the_renewal_unless_told_otherwise(shop: Shop) -> None:
    subscription = await shop.subscribe(await shop.price(1000))
    start, end = _period(subscription)
    changed = await _change(shop, subscription, await shop.price(3000), proration_date=start + (end - start) // 2)
    assert changed.latest_invoice.id == subscription.latest_invoice.id
    await shop.order(f"subscriptions/{subscription.id}/renew")
    renewed = await shop.subscription(subscription.id)
    assert [line.amount for line in renewed.latest_invoice.lines.data] == [-500, 1500, 3000]
    assert renewed.latest_invoice.amount_paid == 4000


async def test_change_without_proration_costs_nothing_now(shop: Shop) -> None:
    subscription = await shop.subscribe(await shop.price(1000))
    await _change(shop, subscription, await shop.price(3000), proration_behavior="none")
    await shop.order(f"subscriptions/{subscription.id}/renew")
    assert (await shop.subscription(subscription.id)).latest_invoice.amount_paid == 3000


async def test_other_interval_begins_a_new_period_with_credit_for_the_old(shop: Shop) -> None:
    subscription = await shop.subscribe(await shop.price(1000))
    start, _ = _period(subscription)
    changed = await _change(shop, subscription, await shop.price(12000, "year"), proration_date=start)
    assert [line.amount for line in changed.latest_invoice.lines.data] == [-1000, 12000]
    begun, ends = _period(changed)
    assert begun == start
    assert (ends - begun) // 86_400 in (365, 366)


async def test_downgrade_leaves_credit_for_the_next_invoice(shop: Shop) -> None:
    subscription = await shop.subscribe(await shop.price(3000))
    start, _ = _period(subscription)
    changed = await _change(
        shop, subscription, await shop.price(1000), proration_behavior="always_invoice", proration_date=start
    )
    assert (changed.latest_invoice.total, changed.latest_invoice.amount_due) == (-2000, 0)
    assert (await shop.v1.customers.retrieve_async(subscription.customer)).balance == -2000
    await shop.order(f"subscriptions/{subscription.id}/renew")
    renewed = (await shop.subscription(subscription.id)).latest_invoice
    assert (renewed.total, renewed.starting_balance, renewed.ending_balance, renewed.amount_due) == (
        1000,
        -2000,
        -1000,
        0,
    )


@pytest.mark.parametrize("behaviour", ["allow_incomplete", "error_if_incomplete"])
async def test_upgrade_that_cannot_be_paid(shop: Shop, behaviour: str) -> None:
    subscription = await shop.subscribe(await shop.price(1000))
    await shop.order(f"payment_methods/{subscription.default_payment_method}", behaviour="card_declined")
    options = {"proration_behavior": "always_invoice", "payment_behavior": behaviour}
    price = await shop.price(3000)
    if behaviour == "error_if_incomplete":
        with pytest.raises(stripe.CardError):
            await _change(shop, subscription, price, **options)
        kept = await shop.subscription(subscription.id)
        assert (kept.status, kept["items"].data[0].price.unit_amount) == ("active", 1000)
    else:
        changed = await _change(shop, subscription, price, **options)
        assert (changed.status, changed.latest_invoice.status) == ("past_due", "open")


async def test_items_are_listed_and_changed_by_themselves(shop: Shop) -> None:
    subscription = await shop.subscribe(await shop.price(1000))
    (item,) = (await shop.v1.subscription_items.list_async({"subscription": subscription.id})).data
    await shop.v1.subscription_items.update_async(item.id, {"quantity": 3, "proration_behavior": "none"})
    assert (await shop.v1.subscription_items.retrieve_async(item.id)).quantity == 3
    await shop.order(f"subscriptions/{subscription.id}/renew")
    assert (await shop.subscription(subscription.id)).latest_invoice.amount_paid == 3000


async def test_an_open_invoice_is_paid_by_api_or_refused(shop: Shop) -> None:
    subscription = await shop.subscribe(card="4000000000000341")
    await shop.order(f"subscriptions/{subscription.id}/renew")
    invoice = (await shop.subscription(subscription.id)).latest_invoice
    with pytest.raises(stripe.CardError) as caught:
        await shop.v1.invoices.pay_async(invoice.id)
    assert caught.value.code == "card_declined"
    paid = await shop.v1.invoices.pay_async(invoice.id, {"payment_method": "pm_card_visa"})
    assert paid.status == "paid"
    assert (await shop.subscription(subscription.id)).status == "active"
    with pytest.raises(stripe.InvalidRequestError):
        await shop.v1.invoices.pay_async(invoice.id)


async def test_voided_invoice_cannot_be_paid_any_more(shop: Shop) -> None:
    subscription = await shop.subscribe()
    await shop.order(f"subscriptions/{subscription.id}/renew", outcome="failed")
    invoice = (await shop.subscription(subscription.id)).latest_invoice
    voided = await shop.v1.invoices.void_invoice_async(invoice.id)
    assert voided.status == "void"
    intent = await shop.v1.payment_intents.retrieve_async(invoice.payments.data[0].payment.payment_intent)
    assert intent.status == "canceled"
    with pytest.raises(stripe.InvalidRequestError):
        await shop.v1.invoices.pay_async(invoice.id)


@pytest.mark.parametrize(
    ("anchor", "starts"),
    [("2026-01-31", ["2026-02-28", "2026-03-31", "2026-04-30"]), ("2024-02-29", ["2024-03-29", "2024-04-29"])],
)
def test_months_keep_the_anchors_day_where_they_have_it(anchor: str, starts: list[str]) -> None:
    at = first = int(datetime.fromisoformat(anchor).replace(tzinfo=UTC).timestamp())
    for expected in starts:
        at = period_end(first, at, {"interval": "month", "interval_count": 1})
        assert datetime.fromtimestamp(at, UTC).date().isoformat() == expected


def test_a_leap_day_is_billed_on_the_28th_in_other_years() -> None:
    first = int(datetime(2024, 2, 29, tzinfo=UTC).timestamp())
    ends = datetime.fromtimestamp(period_end(first, first, {"interval": "year", "interval_count": 1}), UTC)
    assert ends.date().isoformat() == "2025-02-28"
