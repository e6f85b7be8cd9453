"""Every order in which a payment's events may come, with duplicates, ends in one balance.

The payment: ordered by bank transfer, paid days later, refunded in two parts, disputed, and the dispute won.
"""

import asyncio
import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest

from billing.ledger.reversals import credits_to_take_back
from billing.purchases.reversals import Reversals
from billing.purchases.rules import PREFIX, CheckoutSession
from billing.stripe.handling import handle
from billing.stripe.storage import ClaimedEvent
from common.ids import new_id, to_text

from ..ledger.invariants import findings
from .orders import Steps, orders_through_every_step, some_at_a_time
from .reversing import CREDITS, PRICE
from .shop import Shop
from .test_reversals import AsItWas
from .test_signature import EVENT

PARTS = (100, 150)
DISPUTED = 200
FINAL = CREDITS - credits_to_take_back(CREDITS, PRICE, sum(PARTS))
HISTORY = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "payment_intent.succeeded",
    "refund.created",
    "charge.refunded",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
)
"""The events about the payment, in the order in which Stripe says them."""
_STATES = """
    SELECT purchase.account_id, purchase.status, coalesce(available_credits, 0) AS available,
           coalesce(debt_credits, 0) AS debt, coalesce(reversed_minor, 0) AS reversed,
           coalesce(reinstated_minor, 0) AS reinstated, coalesce(taken_back_credits, 0) AS taken_back
    FROM purchases AS purchase LEFT JOIN balances USING (account_id) LEFT JOIN payment_reversals USING (account_id)
"""


@dataclass(slots=True)
class Story:
    """One payment at Stripe, and how far it has come."""

    account_id: UUID
    reference: str
    session_id: str
    url: str
    about: dict[str, str] = field(default_factory=dict)
    happened: int = 0

    @property
    def intent_id(self) -> str:
        """The payment, once the money is there."""
        return self.about["payment_intent.succeeded"]

    async def happen(self, shop: Shop, count: int) -> None:
        """Let Stripe's side of the payment come as far as the first `count` events of its history."""
        while self.happened < count:
            await self._next(shop, HISTORY[self.happened])
            self.happened += 1

    async def _next(self, shop: Shop, event_type: str) -> None:
        match event_type:
            case "checkout.session.completed":
                assert (await shop.vendor.post(self.url, data={"action": "bank_transfer"})).status_code == 303
                self.about[event_type] = self.session_id
            case "checkout.session.async_payment_succeeded":
                path = f"/sandbox/stripe/checkout/sessions/{self.session_id}/async_payment"
                session = await _posted(shop, path, json={"outcome": "succeeded"})
                self.about |= {event_type: self.session_id, "payment_intent.succeeded": session["payment_intent"]}
            case "refund.created":
                self.about[event_type] = (await self._refund(shop, PARTS[0]))["id"]
            case "charge.refunded":
                self.about[event_type] = (await self._refund(shop, PARTS[1]))["charge"]
            case "charge.dispute.funds_withdrawn":
                about = {"payment_intent": self.intent_id, "amount": DISPUTED}
                self.about[event_type] = (await _posted(shop, "/sandbox/stripe/disputes", json=about))["id"]
            case "charge.dispute.funds_reinstated":
                self.about[event_type] = dispute_id = self.about["charge.dispute.funds_withdrawn"]
                await _posted(shop, f"/sandbox/stripe/disputes/{dispute_id}", json={"status": "won"})

    async def _refund(self, shop: Shop, amount: int) -> dict[str, Any]:
        form = {"payment_intent": self.intent_id, "amount": str(amount)}
        return await _posted(shop, "/stripe/v1/refunds", data=form)

    def event(self, number: int, told: str = "once") -> dict[str, Any]:
        """The event of that place in the history, as Stripe delivers it."""
        event_type = HISTORY[number]
        object_id = self.about.get(event_type, self.session_id)
        return EVENT | {
            "id": f"evt_{told}_{self.account_id.hex}_{number}",
            "type": event_type,
            "data": {"object": {"id": object_id}},
        }


async def _posted(shop: Shop, path: str, **body: Any) -> dict[str, Any]:
    answer = await shop.vendor.post(path, **body)
    assert answer.is_success, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def _told(shop: Shop) -> Story:
    """An order of an account of its own, not yet paid."""
    shop.account_id = new_id()
    opened = await shop.order({"product_id": "pack-50"})
    assert opened.is_success, opened.text
    (row,) = await shop.rows(
        "SELECT purchase_id, stripe_session_id, checkout_url FROM purchases WHERE account_id = :account_id",
        account_id=shop.account_id,
    )
    return Story(shop.account_id, to_text(PREFIX, row.purchase_id), row.stripe_session_id, row.checkout_url)


async def _states(shop: Shop) -> dict[UUID, tuple[Any, ...]]:
    return {row.account_id: tuple(row)[1:] for row in await shop.rows(_STATES)}


async def _assert_all_ended_alike(shop: Shop, count: int) -> None:
    expected = ("paid", FINAL, 0, sum(PARTS) + DISPUTED, DISPUTED, CREDITS - FINAL)
    states = await _states(shop)
    assert (len(states), set(states.values())) == (count, {expected})
    assert len(await shop.completed()) == count, "each purchase was announced once"
    await shop.assert_ledger_is_sound()
    assert await shop.database.transact(findings) == []


async def test_every_order_of_deliveries_through_the_webhook_ends_in_one_balance(shop: Shop) -> None:
    """All 120 orders of five events, each told twice at once; Stripe's side goes on as late as the deliveries allow."""
    delivered = (0, 1, 3, 5, 6)
    await shop.silence()
    orders = [tuple(delivered[place] for place in order) for order in orders_through_every_step(len(delivered))]
    stories = [await _told(shop) for _ in orders]
    seen = Steps()

    async def happen_and_deliver(story: Story, number: int) -> None:
        await story.happen(shop, number + 1)
        answers = await asyncio.gather(*(shop.deliver(story.event(number)) for _ in range(2)))
        assert {answer.status_code for answer in answers} == {200}

    async with shop.worker():
        for place in range(len(delivered)):
            numbers = [order[place] for order in orders]
            await some_at_a_time(itertools.starmap(happen_and_deliver, zip(stories, numbers, strict=True)))
            await shop.all_handled()
            seen.compare(await _states(shop), [story.account_id for story in stories], orders, place)
    assert await shop.value("SELECT count(*) FROM stripe_events") == len(orders) * len(delivered)
    await _assert_all_ended_alike(shop, len(orders))


async def test_every_order_of_answers_that_grew_old_ends_in_one_balance(shop: Shop) -> None:
    """All 5,040 orders of seven events, each handled with Stripe's answers of its moment, and the first one again."""
    await shop.silence()
    orders = orders_through_every_step(len(HISTORY))
    moments = await _moments(shop, await _told(shop))
    stories = [await _told(shop) for _ in orders]
    seen = Steps()

    async def hear(story: Story, number: int, told: str) -> None:
        event = story.event(number, told)
        claimed = ClaimedEvent(event["id"], event["type"], "its_object", 1, None)
        await handle(shop.database, moments[number].of(story), claimed)

    for place in range(len(HISTORY)):
        numbers = [order[place] for order in orders]
        await _store(shop, itertools.starmap(Story.event, zip(stories, numbers, strict=True)))
        await some_at_a_time(hear(story, number, "once") for story, number in zip(stories, numbers, strict=True))
        seen.compare(await _states(shop), [story.account_id for story in stories], orders, place)
    await _store(shop, (story.event(order[0], "again") for story, order in zip(stories, orders, strict=True)))
    await some_at_a_time(hear(story, order[0], "again") for story, order in zip(stories, orders, strict=True))
    await _assert_all_ended_alike(shop, len(orders))


@dataclass(frozen=True, slots=True)
class Moment:
    """What Stripe answered at some moment of a payment."""

    session: CheckoutSession
    reversals: Reversals

    def of(self, story: Story) -> "AtThatTime":
        """The same about another payment."""
        session = replace(
            self.session,
            session_id=story.session_id,
            client_reference_id=story.reference,
            payment_intent_id=self.session.payment_intent_id and f"pi_{story.account_id.hex}",
        )
        return AtThatTime(session, self.reversals)


class AtThatTime(AsItWas):
    """Old answers, whatever object of the payment is asked for."""

    async def session_of_payment(self, payment_intent_id: str) -> CheckoutSession:
        """The session of that moment."""
        return self._session

    async def payment_of_charge(self, charge_id: str) -> str:
        """The payment it is all about."""
        return "pi_of_the_story"

    async def payment_of_refund(self, refund_id: str) -> str:
        """The payment it is all about."""
        return "pi_of_the_story"

    async def payment_of_dispute(self, dispute_id: str) -> str:
        """The payment it is all about."""
        return "pi_of_the_story"


async def _store(shop: Shop, events: Iterable[dict[str, Any]]) -> None:
    """What the webhook keeps of deliveries."""
    rows = [{"id": event["id"], "type": event["type"], "raw": b"{}"} for event in events]
    async with shop.database.unit_of_work() as uow:
        await uow.execute(
            "INSERT INTO stripe_events (event_id, type, livemode, created, raw)"
            " VALUES (:id, :type, false, now(), :raw)",
            rows,
        )


async def _moments(shop: Shop, story: Story) -> list[Moment]:
    """Stripe's answers at the moment of each event of the history."""
    moments = []
    for count in range(1, len(HISTORY) + 1):
        await story.happen(shop, count)
        session = await shop.parts.api.session(story.session_id)
        reversals = Reversals()
        if session.payment_intent_id and session.currency:
            reversals = await shop.parts.api.reversals_of_payment(session.payment_intent_id, session.currency)
        moments.append(Moment(session, reversals))
    async with shop.database.unit_of_work() as uow:
        await uow.execute("DELETE FROM purchases")
    return moments


async def test_all_events_of_a_payment_at_once_end_in_one_balance(shop: Shop) -> None:
    """Seven events, each told by two ids, in fourteen hands at the same moment."""
    await shop.silence()
    stories = [await _told(shop) for _ in range(6)]
    for story in stories:
        await story.happen(shop, len(HISTORY))
        start = asyncio.Barrier(2 * len(HISTORY))

        async def hear(event: dict[str, Any], start: asyncio.Barrier = start) -> None:
            await shop.deliver(event)
            await start.wait()
            claimed = ClaimedEvent(event["id"], event["type"], event["data"]["object"]["id"], 1, None)
            await handle(shop.database, shop.parts.api, claimed)

        await asyncio.gather(
            *(hear(story.event(number, told)) for number in range(len(HISTORY)) for told in ("once", "again"))
        )
    await _assert_all_ended_alike(shop, len(stories))


@pytest.mark.parametrize("count", [3, 4, 7])
def test_the_orders_that_are_tried_go_through_every_step(count: int) -> None:
    tried = {
        (frozenset(order[:place]), order[place]) for order in orders_through_every_step(count) for place in range(count)
    }
    steps = {
        (frozenset(order[:place]), order[place])
        for order in itertools.permutations(range(count))
        for place in range(count)
    }
    assert tried == steps
