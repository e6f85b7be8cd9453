"""Money that somebody gives back at Stripe: a delivered order follows it, its buyer is told of each sum once."""

import itertools
from typing import Any

from ..stripe.reversing import dispute, fail_refund, refund
from .counter import CREDITS, PRICE, Counter
from .test_refunding import look_until_still

PART = 150


async def delivered(counter: Counter) -> tuple[dict[str, Any], str]:
    """An order whose work is done and charged, and its payment; the inbox must be running."""
    order = await counter.paid()
    await counter.work_ends(order, "completed", CREDITS)
    await look_until_still(counter)
    intent: str = await counter.shop.value("SELECT stripe_payment_intent_id FROM orders")
    return order, intent


async def followed(counter: Counter, refunded_minor: int) -> None:
    await counter.shop.eventually("SELECT refunded_minor FROM orders", refunded_minor)
    await counter.shop.all_handled()


async def sums_told(counter: Counter) -> list[int]:
    return [event["amount_minor"] for event in await counter.told("order.refunded")]


async def test_a_delivered_order_that_is_refunded_in_full_says_so_once(counter: Counter) -> None:
    async with counter.shop.worker():
        order, intent = await delivered(counter)
        refund_id = await refund(counter.shop, intent)
        await followed(counter, PRICE)
        state = await counter.state(order)
        assert (state["status"], state["refunded_minor"]) == ("refunded", PRICE)
        assert await sums_told(counter) == [PRICE]
        for event_type in ("charge.refunded", "refund.created"):
            again = await counter.shop.vendor_event(event_type)
            await counter.shop.deliver(again | {"id": f"{again['id']}again"})
        await counter.shop.all_handled()
        assert await sums_told(counter) == [PRICE]
        assert await counter.balance(order) == (0, 0, CREDITS)

        await fail_refund(counter.shop, refund_id)  # the bank sends it back: for a person
        await counter.shop.eventually("SELECT status FROM orders", "refund_failed")
        await refund(counter.shop, intent)
        await counter.shop.eventually("SELECT status FROM orders", "refunded")
        await counter.shop.all_handled()
    assert await sums_told(counter) == [PRICE]
    await counter.shop.assert_ledger_is_sound()


async def test_a_part_leaves_the_order_delivered_and_the_rest_makes_it_refunded(counter: Counter) -> None:
    async with counter.shop.worker():
        order, intent = await delivered(counter)
        await refund(counter.shop, intent, PART)
        await followed(counter, PART)
        state = await counter.state(order)
        assert (state["status"], state["refunded_minor"]) == ("delivered", PART)
        await refund(counter.shop, intent)
        await followed(counter, PRICE)
    assert (await counter.state(order))["status"] == "refunded"
    assert await sums_told(counter) == [PART, PRICE]
    await counter.shop.assert_ledger_is_sound()


async def test_work_under_way_goes_on_and_ends_as_refunded_when_all_is_back(counter: Counter) -> None:
    async with counter.shop.worker():
        order = await counter.paid()
        intent: str = await counter.shop.value("SELECT stripe_payment_intent_id FROM orders")
        await refund(counter.shop, intent)
        await followed(counter, PRICE)
        assert (await counter.state(order))["status"] == "paid"
        await counter.work_ends(order, "completed", CREDITS)
        await look_until_still(counter)
    assert (await counter.state(order))["status"] == "refunded"
    assert await sums_told(counter) == [PRICE]
    await counter.shop.assert_ledger_is_sound()


async def test_a_part_by_hand_and_then_work_that_fails_gives_the_rest_back(counter: Counter) -> None:
    async with counter.shop.worker():
        order = await counter.paid()
        intent: str = await counter.shop.value("SELECT stripe_payment_intent_id FROM orders")
        await refund(counter.shop, intent, PART)
        await followed(counter, PART)
        await counter.work_ends(order, "failed")
        await look_until_still(counter)
        await followed(counter, PRICE)
    assert (await counter.state(order))["status"] == "refunded"
    assert sorted(given["amount"] for given in await counter.refunds()) == [PART, PRICE - PART]
    assert await sums_told(counter) == [PART, PRICE]
    assert await counter.balance(order) == (0, 0, 0)
    await counter.shop.assert_ledger_is_sound()


async def test_a_dispute_is_no_refund_of_ours(counter: Counter) -> None:
    async with counter.shop.worker():
        order, intent = await delivered(counter)
        await dispute(counter.shop, intent)
        await counter.shop.eventually("SELECT sum(postings) FROM payment_reversals", 1)
        await counter.shop.all_handled()
    assert (await counter.state(order))["status"] == "delivered"
    assert await sums_told(counter) == []


async def test_every_order_of_what_is_told_of_two_refunds_ends_the_same(counter: Counter) -> None:
    """The vendor shows both refunds by then; whoever is told first acts on all of it, and the others on nothing."""
    shop = counter.shop
    async with shop.worker():
        order, intent = await delivered(counter)
    await shop.silence()
    await refund(shop, intent, PART)
    events = [await shop.vendor_event("charge.refunded")]
    await refund(shop, intent)
    events += [await shop.vendor_event("refund.created"), await shop.vendor_event("payment_intent.succeeded")]
    before = await counter.balance(order)
    async with shop.worker():
        for number, told in enumerate(itertools.permutations(events)):
            for event in told:
                await shop.deliver(event | {"id": f"evt_{number}_{event['id']}"})
            await shop.all_handled()
            state = await counter.state(order)
            assert (state["status"], state["refunded_minor"]) == ("refunded", PRICE)
            assert await sums_told(counter) == [PRICE]
            async with shop.database.unit_of_work() as uow:
                await uow.execute("SET LOCAL session_replication_role = replica")
                await uow.execute("UPDATE orders SET status = 'delivered', refunded_minor = 0, refund_told_minor = 0")
                await uow.execute("DELETE FROM outbox WHERE type = 'order.refunded'")
    assert (before, await counter.balance(order)) == ((0, 0, 0), (0, 0, CREDITS))
    await shop.assert_ledger_is_sound()
