"""Work that came to nothing is paid back by itself, once, whatever dies on the way; the account closes at zero."""

import asyncio

import pytest

from billing.orders import refunding
from billing.orders.refund_storage import LEASE, claim_due, follow_outcomes
from billing.orders.refunding import Refunder
from billing.stripe.order_api import OrderApi

from ..stripe.reversing import fail_refund, refund
from .counter import CREDITS, PRICE, Counter, id_of


async def look_until_still(counter: Counter) -> None:
    """Do what the worker does, until there is nothing left to do."""
    while await counter.worker.look():
        pass


async def overdue(counter: Counter) -> None:
    """The pause is over."""
    async with counter.shop.database.unit_of_work() as uow:
        await uow.execute("UPDATE orders SET next_step_at = now() - interval '1 second'")


async def test_delivered_work_is_charged_and_closes_the_order(counter: Counter) -> None:
    async with counter.shop.worker():
        order = await counter.paid()
    await counter.work_ends(order, "completed", CREDITS)
    await look_until_still(counter)

    assert (await counter.state(order))["status"] == "delivered"
    assert await counter.balance(order) == (0, 0, 0)
    assert await counter.refunds() == []
    await counter.shop.assert_ledger_is_sound()


@pytest.mark.parametrize("reason", ["failed", "cancelled", "expired"])
async def test_work_that_came_to_nothing_is_paid_back_once(counter: Counter, reason: str) -> None:
    async with counter.shop.worker():
        order = await counter.paid()
        await counter.work_ends(order, reason)
        await look_until_still(counter)
        await counter.shop.eventually("SELECT sum(postings) FROM payment_reversals", 1)
        await counter.shop.all_handled()

    (given_back,) = await counter.refunds()
    assert given_back["amount"] == PRICE
    assert (await counter.state(order))["status"] == "refunded"
    assert len(await counter.told("order.refunded")) == 1
    assert await counter.balance(order) == (0, 0, 0)
    await counter.shop.assert_ledger_is_sound()


async def test_a_process_that_died_after_asking_leaves_one_refund(counter: Counter) -> None:
    async with counter.shop.worker():
        order = await counter.failed()
        assert await counter.shop.database.transact(follow_outcomes, 10)
        async with counter.shop.database.autocommit() as connection:
            (claimed,) = await claim_due(connection, 1, LEASE)
        await OrderApi(counter.shop.parts.api).pay_back(claimed)  # and then the process was gone
        await overdue(counter)
        await look_until_still(counter)
        await counter.shop.all_handled()

    assert len(await counter.refunds()) == 1
    assert len(await counter.told("order.refunded")) == 1
    assert (await counter.state(order))["status"] == "refunded"


async def test_four_workers_at_once_pay_back_once(counter: Counter) -> None:
    async with counter.shop.worker():
        await counter.failed()
        await asyncio.gather(*(look_until_still(counter) for _ in range(4)))

    assert len(await counter.refunds()) == 1
    assert len(await counter.told("order.refunded")) == 1


async def test_two_that_hold_the_same_refund_pay_back_once(counter: Counter) -> None:
    async with counter.shop.worker():
        await counter.failed()
    await counter.shop.database.transact(follow_outcomes, 10)
    async with counter.shop.database.autocommit() as connection:
        (claimed,) = await claim_due(connection, 1, LEASE)
    refunder = Refunder(counter.shop.database, OrderApi(counter.shop.parts.api))
    states = await asyncio.gather(*(refunder.go_on(claimed) for _ in range(5)))

    assert sorted(states) == ["closed_before"] * 4 + ["refunded"]
    assert len(await counter.refunds()) == 1
    assert len(await counter.told("order.refunded")) == 1


async def test_a_refund_waits_for_a_vendor_that_is_away(counter: Counter) -> None:
    async with counter.shop.worker():
        order = await counter.failed()
        await counter.shop.fault("refunds.create", {"status": 500}, times=None)
        await look_until_still(counter)
        assert (await counter.state(order))["status"] == "refund_due"
        assert await counter.told("order.refunded") == []
        await counter.shop.heal()
        await overdue(counter)
        await look_until_still(counter)

    assert (await counter.state(order))["status"] == "refunded"
    assert len(await counter.refunds()) == 1


async def test_a_refund_made_by_hand_meanwhile_is_not_made_again(counter: Counter) -> None:
    async with counter.shop.worker():
        order = await counter.failed()
        intent = await counter.shop.value("SELECT stripe_payment_intent_id FROM orders")
        await refund(counter.shop, intent)
        await counter.shop.all_handled()
        await look_until_still(counter)

    assert len(await counter.refunds()) == 1
    assert (await counter.state(order))["status"] == "refunded"
    assert await counter.balance(order) == (0, 0, 0)
    await counter.shop.assert_ledger_is_sound()


async def test_a_refund_that_does_not_arrive_waits_for_a_person_and_the_ledger_says_so(counter: Counter) -> None:
    async with counter.shop.worker():
        order = await counter.failed()
        await look_until_still(counter)
        await counter.shop.eventually("SELECT sum(postings) FROM payment_reversals", 1)
        (given_back,) = await counter.refunds()
        await fail_refund(counter.shop, given_back["id"])
        await counter.shop.eventually("SELECT status FROM orders", "refund_failed")
        await counter.shop.all_handled()
        assert await counter.balance(order) == (CREDITS, 0, 0)
        await refund(counter.shop, given_back["payment_intent"])
        await counter.shop.eventually("SELECT status FROM orders", "refunded")
        await counter.shop.all_handled()

    assert await counter.balance(order) == (0, 0, 0)
    assert len(await counter.told("order.refunded")) == 1
    await counter.shop.assert_ledger_is_sound()


async def test_what_the_vendor_goes_on_refusing_is_given_to_people(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refunding, "REFUSED_TRIES_MAX", 2)
    async with counter.shop.worker():
        order = await counter.failed()
        await counter.shop.fault("refunds.create", {"status": 403}, times=None)
        await look_until_still(counter)
        assert (await counter.state(order))["status"] == "refund_due"
        await overdue(counter)
        await look_until_still(counter)

    assert (await counter.state(order))["status"] == "refund_failed"


async def test_the_buyer_is_forgotten_in_time_and_the_sale_is_not(counter: Counter) -> None:
    async with counter.shop.worker():
        order = await counter.failed()
        await look_until_still(counter)
        await counter.shop.all_handled()
    await counter.worker.keep_house()
    assert await counter.shop.value("SELECT email FROM orders") == "ada@example.com"
    async with counter.shop.database.unit_of_work() as uow:
        await uow.execute("UPDATE orders SET ended_at = ended_at - interval '91 days'")
    await counter.worker.keep_house()
    await counter.worker.keep_house()

    (row,) = await counter.shop.rows("SELECT * FROM orders")
    assert (row.email, row.input, row.idempotency_hash, row.checkout_url) == (None, None, None, None)
    assert (row.price_minor, row.currency, row.title) == (PRICE, "eur", "One design")
    assert row.paid_at
    assert row.stripe_payment_intent_id
    (forgotten,) = await counter.told("order.buyer_forgotten")
    assert forgotten["order_id"] == str(id_of(order))
