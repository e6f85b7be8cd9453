"""Reconciliation knows orders: what nobody was told of is put right, and what differs is told."""

import pytest

from billing.reconciliation import feeding
from billing.reconciliation.assembly import build_reconciler
from billing.reconciliation.rules import Report

from ..stripe.reversing import refund
from .counter import CREDITS, PRICE, Counter


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeding, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(feeding, "PATIENCE_SECONDS", 3.0)


async def reconciled(counter: Counter) -> Report:
    shop = counter.shop
    async with shop.worker():
        report = await build_reconciler(shop.settings, shop.database, shop.parts.api, shop.parts.inbox.wake).run(
            "operator"
        )
    assert report is not None
    return report


async def test_an_order_whose_webhooks_were_all_lost_is_worked_on(counter: Counter) -> None:
    await counter.shop.silence()
    order = await counter.ordered()
    await counter.shop.pay(order["checkout_url"])
    report = await reconciled(counter)

    assert (report.status, report.counts.payments_compared, report.counts.payments_foreign) == ("clean", 1, 0)
    assert await counter.balance(order) == (0, CREDITS, 0)
    assert len(await counter.told("order.paid")) == 1


async def test_a_refund_that_nobody_was_told_of_closes_the_account(counter: Counter) -> None:
    async with counter.shop.worker():
        order = await counter.failed()
        await counter.shop.all_handled()
    await counter.shop.silence()
    while await counter.worker.look():
        pass
    assert await counter.balance(order) == (CREDITS, 0, 0)
    report = await reconciled(counter)

    assert (report.status, report.counts.differences) == ("clean", 0)
    assert await counter.balance(order) == (0, 0, 0)
    await counter.shop.assert_ledger_is_sound()


async def test_an_order_booked_otherwise_than_it_was_paid_is_told(counter: Counter) -> None:
    async with counter.shop.worker():
        await counter.paid()
        await counter.shop.all_handled()
    async with counter.shop.database.unit_of_work() as uow:
        await uow.execute("UPDATE orders SET price_minor = 449, price_credits = 4")
    report = await reconciled(counter)

    (difference,) = report.differences
    assert (report.status, difference.reason) == ("differs", "paid")
    assert (difference.stripe_paid_minor, difference.booked_paid_minor) == (PRICE, 449)


async def test_a_part_paid_back_by_hand_agrees(counter: Counter) -> None:
    async with counter.shop.worker():
        await counter.paid()
        await refund(counter.shop, await counter.shop.value("SELECT stripe_payment_intent_id FROM orders"), 90)
        await counter.shop.all_handled()

    assert (await reconciled(counter)).status == "clean"
