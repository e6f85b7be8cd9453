"""Whatever the number, order and age of Stripe's messages, plan, credits and mails end the same."""

import itertools
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from billing.stripe.handling import handle
from billing.stripe.signature import StripeEvent
from billing.stripe.storage import ClaimedEvent, store_event
from billing.stripe.subscription_api import SubscriptionApi
from billing.subscriptions.following import GRACE, Look, follow

from ..stripe.reversing import refund
from ..stripe.shop import Shop
from .subscribing import checkout, newest, order, pay, renew, shown, told

STATE = (
    "subscription_grants",
    "paid_periods",
    "subscription_invoices",
    "account_plans",
    "subscriptions",
    "hold_lots",
    "holds",
    "lots",
    "entries",
    "transfers",
    "balances",
    "outbox",
    "stripe_events",
)


async def forget(shop: Shop) -> None:
    """As if Stripe had said nothing yet; customers, orders and prices stay."""
    async with shop.database.unit_of_work() as uow:
        await uow.execute("SET LOCAL session_replication_role = replica")
        for table in STATE:
            await uow.execute(f"DELETE FROM {table}")  # noqa: S608 - constants only
        await uow.execute("UPDATE subscription_orders SET status = 'open'")


async def state(shop: Shop) -> dict[str, Any]:
    """All that counts in the end."""
    lots = await shop.rows("SELECT reference, granted_credits, remaining_credits, expires_at FROM lots ORDER BY 1")
    return {
        "shown": {name: value for name, value in (await shown(shop)).items() if name != "id"},
        "lots": [tuple(lot) for lot in lots],
        "available": await shop.available(),
        "orders": await shop.value("SELECT string_agg(status, ',') FROM subscription_orders"),
        "plans": [event["plan"] for event in await told(shop, "account.changed")],
        "failures": len(await told(shop, "subscription.payment_failed")),
    }


def remember_answers(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing changes at the vendor any more, so that each question needs to be asked once."""
    transport = shop.parts.api._transport
    ask, answers = transport.request_async, {}  # type: ignore[var-annotated]

    async def request_async(
        method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        if (method, url) not in answers:
            answers[method, url] = await ask(method, url, headers, post_data)
        found: tuple[bytes, int, Mapping[str, str]] = answers[method, url]
        return found

    monkeypatch.setattr(transport, "request_async", request_async)


async def handled(shop: Shop, event: dict[str, Any], event_id: str) -> None:
    """Store an event under an id and do what it calls for."""
    stored = StripeEvent.model_validate(event | {"id": event_id})
    async with shop.database.autocommit() as connection:
        assert await store_event(connection, stored, b"", to_do=True, traceparent=None)
    claimed = ClaimedEvent(event_id, stored.type, stored.data.object.id, 1, None)
    await handle(shop.database, shop.parts.api, claimed)


async def test_every_order_of_the_events_of_a_failed_renewal_ends_the_same(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.silence()
    await pay(shop, await checkout(shop))
    subscription_id = await newest(shop)
    events = [
        await shop.vendor_event(name)
        for name in ("checkout.session.completed", "customer.subscription.created", "invoice.paid")
    ]
    await renew(shop, subscription_id, "failed")
    events += [await shop.vendor_event(name) for name in ("customer.subscription.updated", "invoice.payment_failed")]
    remember_answers(shop, monkeypatch)
    expected = None
    for number, order_of_events in enumerate(itertools.permutations(events)):
        await forget(shop)
        for step, event in enumerate((*order_of_events, order_of_events[number % 5])):
            await handled(shop, event, f"evt_{number}_{step}")
        found = await state(shop)
        expected = expected or found
        assert found == expected, [event["type"] for event in order_of_events]
    assert expected is not None
    assert (expected["shown"]["plan"], expected["shown"]["status"]) == ("pro", "past_due")
    assert (expected["available"], expected["plans"], expected["failures"]) == (300, ["pro"], 1)
    assert expected["orders"] == "completed"
    await shop.assert_ledger_is_sound()


async def test_payment_refund_and_end_in_any_order_end_the_same(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await shop.silence()
    await pay(shop, await checkout(shop))
    subscription_id = await newest(shop)
    intent_id = (await shop.vendor_event("payment_intent.succeeded"))["data"]["object"]["id"]
    await refund(shop, intent_id, 950)
    await shop.vendor.delete(f"/stripe/v1/subscriptions/{subscription_id}")
    names = ("invoice.paid", "payment_intent.succeeded", "charge.refunded", "customer.subscription.deleted")
    events = [await shop.vendor_event(name) for name in names]
    remember_answers(shop, monkeypatch)
    for number, order_of_events in enumerate(itertools.permutations(events)):
        await forget(shop)
        for step, event in enumerate((*order_of_events, *order_of_events[::-1])):
            await handled(shop, event, f"evt_{number}_{step}")
        found = await state(shop)
        assert (found["available"], found["shown"]["plan"], found["plans"]) == (150, "free", [])
        assert await shop.value("SELECT sum(postings) FROM subscription_grants") == 1
    await shop.assert_ledger_is_sound()


async def test_looks_that_grew_old_before_they_were_written_end_the_same(shop: Shop) -> None:
    """Active, failed, healed and renewed again: each look may be written at any time after it was taken."""
    await shop.silence()
    await pay(shop, await checkout(shop))
    subscription_id, api = await newest(shop), SubscriptionApi(shop.parts.api)
    moments = [await api.facts(subscription_id)]
    await renew(shop, subscription_id, "failed")
    moments.append(await api.facts(subscription_id))
    assert moments[-1].latest_invoice is not None
    await order(shop, f"invoices/{moments[-1].latest_invoice.invoice_id}/retry", outcome="paid")
    moments.append(await api.facts(subscription_id))
    await renew(shop, subscription_id)
    moments.append(await api.facts(subscription_id))
    looks = [Look(facts, number) for number, facts in enumerate(moments, start=1)]
    expected = None
    for order_of_looks in itertools.permutations(looks):
        await forget(shop)
        for look in (*order_of_looks, order_of_looks[0]):
            await shop.database.transact(follow, look, GRACE)
        found = await state(shop) | {"failures": None}  # whoever looked while it had failed has told of it
        expected = expected or found
        assert found == expected
    assert expected is not None
    assert (expected["available"], expected["shown"]["status"]) == (900, "active")


async def test_an_older_look_cannot_undo_an_end(shop: Shop) -> None:
    await shop.silence()
    await pay(shop, await checkout(shop))
    subscription_id = await newest(shop)
    alive = await SubscriptionApi(shop.parts.api).facts(subscription_id)
    over = replace(alive, status="canceled", ended_at=alive.started_at + timedelta(seconds=5))
    await shop.database.transact(follow, Look(over, 2), GRACE)
    await shop.database.transact(follow, Look(alive, 1), GRACE)
    assert ((await shown(shop))["plan"], await shop.available()) == ("free", 300)
