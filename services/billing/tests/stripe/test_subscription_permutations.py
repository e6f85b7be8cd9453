"""Every order in which the events of a subscription's payment may come, with duplicates, ends in one balance.

The payment: the first month, refunded in part, disputed in part, and the dispute won.
"""

import asyncio
import itertools
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from billing.ledger.reversals import credits_to_take_back
from common.ids import new_id

from ..ledger.invariants import findings
from ..subscriptions.subscribing import checkout, pay
from .orders import Steps, orders_through_every_step, some_at_a_time
from .shop import Shop
from .test_signature import EVENT

CREDITS = 300
PRICE = 1900
REFUNDED, DISPUTED = 190, 380
FINAL = CREDITS - credits_to_take_back(CREDITS, PRICE, REFUNDED)
HISTORY = (
    "checkout.session.completed",
    "invoice.paid",
    "refund.created",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
)
"""The events about the payment, in the order in which Stripe says them; the first two come together."""


@dataclass(slots=True)
class Story:
    """One subscription at Stripe, paid for, and how far its payment has come."""

    account_id: UUID
    intent_id: str
    about: dict[str, str] = field(default_factory=dict)

    async def happen(self, shop: Shop, number: int) -> None:
        """Let Stripe's side of the payment come as far as this event of its history."""
        for event_type in HISTORY[: number + 1]:
            if event_type not in self.about:
                self.about[event_type] = await self._next(shop, event_type)

    async def _next(self, shop: Shop, event_type: str) -> str:
        payment: dict[str, Any] = {"payment_intent": self.intent_id}
        match event_type:
            case "refund.created":
                answer = await shop.vendor.post("/stripe/v1/refunds", data=payment | {"amount": str(REFUNDED)})
            case "charge.dispute.funds_withdrawn":
                answer = await shop.vendor.post("/sandbox/stripe/disputes", json=payment | {"amount": DISPUTED})
            case _:
                dispute_id = self.about["charge.dispute.funds_withdrawn"]
                answer = await shop.vendor.post(f"/sandbox/stripe/disputes/{dispute_id}", json={"status": "won"})
        assert answer.is_success, answer.text
        object_id: str = answer.json()["id"]
        return object_id

    def event(self, number: int, told: str = "once") -> dict[str, Any]:
        """The event of that place in the history, as Stripe delivers it."""
        event_type = HISTORY[number]
        return EVENT | {
            "id": f"evt_{told}_{self.account_id.hex}_{number}",
            "type": event_type,
            "data": {"object": {"id": self.about[event_type]}},
        }


async def _paid(shop: Shop) -> Story:
    """A subscription of an account of its own that is paid for, of which nobody was told."""
    shop.account_id = new_id()
    await pay(shop, await checkout(shop))
    newest = {name: (await shop.vendor_event(name))["data"]["object"]["id"] for name in HISTORY[:2]}
    intent_id = (await shop.vendor_event("payment_intent.succeeded"))["data"]["object"]["id"]
    return Story(shop.account_id, intent_id, newest)


async def _states(shop: Shop) -> dict[UUID, tuple[Any, ...]]:
    rows = await shop.rows("SELECT account_id, available_credits, held_credits, debt_credits FROM balances")
    return {row.account_id: tuple(row)[1:] for row in rows}


async def test_every_order_of_deliveries_through_the_webhook_ends_in_one_balance(shop: Shop) -> None:
    """All 120 orders of five events, each told twice at once; Stripe's side goes on as late as the deliveries allow."""
    await shop.silence()
    orders = orders_through_every_step(len(HISTORY))
    stories = [await _paid(shop) for _ in orders]
    accounts = [story.account_id for story in stories]
    seen = Steps()

    async def happen_and_deliver(story: Story, number: int) -> None:
        await story.happen(shop, number)
        answers = await asyncio.gather(*(shop.deliver(story.event(number)) for _ in range(2)))
        assert {answer.status_code for answer in answers} == {200}

    async with shop.worker():
        for place in range(len(HISTORY)):
            numbers = [order[place] for order in orders]
            await some_at_a_time(itertools.starmap(happen_and_deliver, zip(stories, numbers, strict=True)))
            await shop.all_handled()
            seen.compare(await _states(shop), accounts, orders, place)
        await some_at_a_time(
            shop.deliver(story.event(order[0], "again")) for story, order in zip(stories, orders, strict=True)
        )
        await shop.all_handled()
    assert await _states(shop) == dict.fromkeys(accounts, (FINAL, 0, 0))
    await shop.assert_ledger_is_sound()
    assert await shop.database.transact(findings) == []
