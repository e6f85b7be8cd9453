"""A payment starts the work once: credits, hold and job in one transaction, whatever Stripe's messages do."""

import asyncio
import itertools
from dataclasses import replace
from datetime import timedelta

from billing.purchases.reversals import Reversals
from billing.stripe import storage
from billing.stripe.handling import handle

from ..stripe.reversing import refund
from ..stripe.test_reversals import AsItWas, handled
from .counter import CREDITS, KIND, PRICE, Counter, id_of

TYPES = ("checkout.session.completed", "payment_intent.succeeded")


async def test_a_payment_grants_holds_and_sends_the_job_on_its_way(counter: Counter) -> None:
    async with counter.shop.worker():
        order = await counter.paid()

    (paid,) = await counter.told("order.paid")
    (held,) = await counter.told("credits.held")
    assert await counter.balance(order) == (0, CREDITS, 0)
    assert held["job"] == paid["job"]
    assert held["account_id"] == paid["order_id"] == str(id_of(order))
    assert (held["job"]["kind"], held["job"]["input"]) == (KIND, {"prompt": "a lighthouse"})
    assert (paid["email"], paid["amount_minor"], paid["currency"]) == ("ada@example.com", PRICE, "eur")
    assert paid["event_id"] < held["event_id"]
    await counter.shop.assert_ledger_is_sound()


async def test_every_order_of_messages_with_duplicates_starts_the_work_once(counter: Counter) -> None:
    shop = counter.shop
    await shop.silence()
    for number, types in enumerate(itertools.permutations(TYPES)):
        order = await counter.ordered()
        await shop.pay(order["checkout_url"])
        async with shop.worker():
            for event_type in types:
                event = await shop.vendor_event(event_type)
                await shop.deliver(event)
                await shop.deliver(event)
                await shop.deliver(event | {"id": f"evt_again_{number}_{event_type.replace('.', '_')}"})
            await shop.all_handled()
        assert await counter.balance(order) == (0, CREDITS, 0)
    assert len(await counter.told("order.paid")) == len(await counter.told("credits.held")) == 2
    await shop.assert_ledger_is_sound()


async def test_twenty_events_about_one_payment_at_once_start_the_work_once(counter: Counter) -> None:
    shop = counter.shop
    await shop.silence()
    order = await counter.ordered()
    await shop.pay(order["checkout_url"])
    event = await shop.vendor_event(TYPES[0])
    for number in range(20):
        await shop.deliver(event | {"id": f"evt_{number}"})
    async with shop.database.autocommit() as connection:
        claimed = await storage.claim_due(connection, 20, timedelta(minutes=1))
    outcomes = await asyncio.gather(*(handle(shop.database, shop.parts.api, each) for each in claimed))

    assert sorted(outcomes) == ["order_paid"] + ["order_paid_before"] * 19
    assert len(await counter.told("order.paid")) == len(await counter.told("credits.held")) == 1
    await shop.assert_ledger_is_sound()


async def test_an_abandoned_page_expires_its_order(counter: Counter) -> None:
    async with counter.shop.worker():
        order = await counter.ordered()
        session_id = await counter.shop.value("SELECT stripe_session_id FROM orders")
        await counter.shop.vendor.post(f"/stripe/v1/checkout/sessions/{session_id}/expire")
        await counter.shop.eventually("SELECT status FROM orders", "expired")

    state = await counter.state(order)
    assert (state["checkout_url"], state["paid_at"]) == (None, None)
    assert state["ended_at"]


async def test_an_order_that_stripe_says_nothing_of_expires_by_itself_and_is_honoured_when_paid(
    counter: Counter,
) -> None:
    order = await counter.ordered()
    async with counter.shop.database.unit_of_work() as uow:
        await uow.execute("UPDATE orders SET created_at = created_at - interval '26 hours'")
    await counter.worker.keep_house()
    assert (await counter.state(order))["status"] == "expired"

    async with counter.shop.worker():
        await counter.shop.pay(order["checkout_url"])
        await counter.shop.eventually("SELECT status FROM orders", "paid")
    assert await counter.balance(order) == (0, CREDITS, 0)
    assert len(await counter.told("order.paid")) == 1


async def test_what_was_not_paid_in_full_waits_for_a_person(counter: Counter) -> None:
    shop = counter.shop
    await shop.silence()
    order = await counter.ordered()
    await shop.pay(order["checkout_url"])
    async with shop.database.unit_of_work() as uow:
        await uow.execute("UPDATE orders SET price_minor = price_minor + 1")
    async with shop.worker():
        await shop.deliver(await shop.vendor_event(TYPES[0]))
        await shop.eventually("SELECT error LIKE 'mismatch: %' FROM stripe_events", True)

    assert (await counter.state(order))["status"] == "open"
    assert await counter.told("credits.held") == []


async def test_money_that_was_back_before_we_heard_of_it_starts_no_work(counter: Counter) -> None:
    shop = counter.shop
    await shop.silence()
    order = await counter.ordered()
    await shop.pay(order["checkout_url"])
    intent = (await shop.vendor_event("payment_intent.succeeded"))["data"]["object"]["id"]
    await refund(shop, intent)
    async with shop.worker():
        await shop.deliver(await shop.vendor_event(TYPES[0]))
        await shop.all_handled()

    assert (await counter.state(order))["status"] == "refunded"
    assert await counter.balance(order) == (0, 0, 0)
    assert await counter.told("order.paid") == await counter.told("credits.held") == []
    await shop.assert_ledger_is_sound()


async def test_an_end_of_the_page_that_is_told_late_takes_nothing_from_a_paid_order(counter: Counter) -> None:
    shop = counter.shop
    async with shop.worker():
        order = await counter.paid()
        await shop.all_handled()
    session = await shop.parts.api.session(await shop.value("SELECT stripe_session_id FROM orders"))
    ended = replace(session, status="expired", payment_status="unpaid")
    outcome = await handled(shop, AsItWas(ended, Reversals()), "evt_late")

    assert outcome == "undecided"
    assert (await counter.state(order))["status"] == "paid"
