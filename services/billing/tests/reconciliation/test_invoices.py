"""Invoices of subscriptions are compared and put right as purchases are."""

import pytest

from billing.reconciliation import feeding

from ..stripe.reversing import refund
from ..stripe.shop import Shop
from ..subscriptions.subscribing import checkout, pay, subscribed
from .test_reconciler import reconciled

NO_EVENTS = {"status": 200, "body": {"object": "list", "data": [], "has_more": False, "url": "/v1/events"}}
CREDITS = 300


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeding, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(feeding, "PATIENCE_SECONDS", 3.0)


async def intent_of_invoice(shop: Shop) -> str:
    found: str = (await shop.vendor_event("payment_intent.succeeded"))["data"]["object"]["id"]
    return found


@pytest.mark.parametrize("events_are_gone", [False, True])
async def test_a_subscription_nobody_told_of_is_granted(shop: Shop, events_are_gone: bool) -> None:
    await shop.silence()
    await pay(shop, await checkout(shop))
    if events_are_gone:
        await shop.fault("events.list", NO_EVENTS, times=None)
    report = await reconciled(shop)
    assert (report.status, report.counts.payments_compared, report.counts.payments_foreign) == ("clean", 1, 0)
    assert report.counts.payments_repaired == int(events_are_gone)
    assert await shop.available() == CREDITS
    await shop.assert_ledger_is_sound()


@pytest.mark.parametrize("events_are_gone", [False, True])
async def test_a_refund_of_an_invoice_nobody_told_of_is_followed(shop: Shop, events_are_gone: bool) -> None:
    await subscribed(shop)
    await refund(shop, await intent_of_invoice(shop))
    if events_are_gone:
        await shop.fault("events.list", NO_EVENTS, times=None)
    report = await reconciled(shop)
    assert (report.status, report.counts.payments_compared) == ("clean", 1)
    assert await shop.available() == 0
    assert (await reconciled(shop)).status == "clean"
    await shop.assert_ledger_is_sound()


async def test_a_planted_difference_of_an_invoice_is_told(shop: Shop) -> None:
    await subscribed(shop)
    async with shop.database.unit_of_work() as uow:
        await uow.execute("UPDATE subscription_invoices SET total_minor = total_minor + 1")
    report = await reconciled(shop)
    assert [(one.reason, one.booked_paid_minor - one.stripe_paid_minor) for one in report.differences] == [("paid", 1)]


async def test_an_invoice_stripe_knows_nothing_of_is_told(shop: Shop) -> None:
    await subscribed(shop)
    async with shop.database.unit_of_work() as uow:
        await uow.execute(
            "INSERT INTO subscription_invoices (stripe_invoice_id, subscription_id, total_minor, currency, paid)"
            " SELECT 'in_of_nobody', subscription_id, 1900, 'eur', true FROM subscriptions"
        )
    report = await reconciled(shop)
    assert [(one.payment_id, one.reason) for one in report.differences] == [("in_of_nobody", "not_at_stripe")]
