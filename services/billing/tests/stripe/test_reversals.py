"""From money that goes back to the credits: exactly, whatever the number, order and timing of Stripe's events."""

import asyncio
import itertools
from dataclasses import replace
from datetime import timedelta

import pytest

from billing.ledger.holds import place_holds
from billing.ledger.reversals import NothingGranted, credits_to_take_back
from billing.ledger.settlements import Settlement, settle
from billing.ledger.views import credits_of
from billing.purchases.ports import PaymentsRefused, PaymentsUnavailable
from billing.purchases.reversals import Reversals
from billing.purchases.rules import CheckoutSession
from billing.stripe import client, handling, inbox, storage
from billing.stripe.client import StripeApi
from billing.stripe.handling import Outcome, handle
from billing.stripe.storage import ClaimedEvent
from common.bus.handlers import Received
from common.clock import now
from common.events.jobs import JobSpec, JobSubmitted
from common.ids import new_id

from .reversing import CREDITS, PRICE, bought, decide, dispute, fail_refund, granted, refund, tell
from .shop import Shop
from .test_inbox import counted, foreign_session
from .test_signature import EVENT


class AsItWas(StripeApi):
    """Stripe's answers of some moment, as a process has them that was held up between asking and writing."""

    def __init__(self, session: CheckoutSession, reversals: Reversals) -> None:
        self._session = session
        self._reversals = reversals

    async def session(self, session_id: str) -> CheckoutSession:
        """The session of that moment."""
        return self._session

    async def reversals_of_payment(self, payment_intent_id: str, currency: str) -> Reversals:
        """The reversals of that moment."""
        return self._reversals


async def handled(shop: Shop, api: StripeApi, event_id: str) -> Outcome:
    """What comes of an event with these answers of Stripe's."""
    await shop.deliver(EVENT | {"id": event_id})
    return await handle(shop.database, api, ClaimedEvent(event_id, EVENT["type"], "cs_1", 1, None))


async def credits_and_debt(shop: Shop) -> tuple[int, int]:
    view = await credits_of(shop.database, shop.account_id)
    return view.available, view.debt


async def spend(shop: Shop, credits: int) -> None:
    """A job that costs so much, from submission to charge."""
    job = JobSpec(
        job_id=new_id(),
        kind="text_to_design",
        job_class="image",
        price_credits=credits,
        input={},
        deadline_at=now() + timedelta(minutes=5),
    )
    submitted = Received(JobSubmitted(account_id=shop.account_id, job=job), None)
    await shop.database.transact(lambda uow: place_holds([submitted], uow))
    await shop.database.transact(settle, [Settlement(shop.account_id, job.job_id, credits, "completed", None)])


async def test_a_full_refund_takes_all_credits_back(shop: Shop) -> None:
    async with shop.worker():
        intent_id = await granted(shop)
        assert await shop.available() == CREDITS
        await refund(shop, intent_id)
        await tell(shop, "refund.created", "charge.refunded")
    assert await credits_and_debt(shop) == (0, 0)
    assert await shop.value("SELECT sum(postings) FROM payment_reversals") == 1
    await shop.assert_ledger_is_sound()


@pytest.mark.parametrize("event_type", ["charge.refunded", "refund.created"])
async def test_two_partial_refunds_take_their_shares(shop: Shop, event_type: str) -> None:
    async with shop.worker():
        intent_id = await granted(shop)
        await refund(shop, intent_id, 100)
        await tell(shop, event_type)
        assert await shop.available() == CREDITS - credits_to_take_back(CREDITS, PRICE, 100)
        await refund(shop, intent_id, 150)
        await tell(shop, event_type)
    assert await shop.available() == CREDITS - credits_to_take_back(CREDITS, PRICE, 250)
    await shop.assert_ledger_is_sound()


async def test_a_refund_that_fails_later_gives_its_credits_back(shop: Shop) -> None:
    async with shop.worker():
        intent_id = await granted(shop)
        await refund(shop, intent_id, 100)
        failing = await refund(shop, intent_id, 399)
        await tell(shop, "refund.created")
        assert await shop.available() == 0
        await fail_refund(shop, failing)
        await tell(shop, "refund.failed")
    assert await credits_and_debt(shop) == (CREDITS - credits_to_take_back(CREDITS, PRICE, 100), 0)
    await shop.assert_ledger_is_sound()


async def test_a_dispute_takes_the_credits_when_it_is_opened_and_keeps_them_when_it_is_lost(shop: Shop) -> None:
    async with shop.worker():
        dispute_id = await dispute(shop, await granted(shop))
        await tell(shop, "charge.dispute.created")
        assert await shop.available() == 0
        await tell(shop, "charge.dispute.funds_withdrawn")
        await decide(shop, dispute_id, "lost")
        await tell(shop, "charge.dispute.closed")
    assert await credits_and_debt(shop) == (0, 0)
    assert await shop.value("SELECT sum(postings) FROM payment_reversals") == 1
    await shop.assert_ledger_is_sound()


async def test_a_dispute_that_is_won_gives_the_credits_back(shop: Shop) -> None:
    async with shop.worker():
        dispute_id = await dispute(shop, await granted(shop))
        await tell(shop, "charge.dispute.funds_withdrawn")
        assert await shop.available() == 0
        await decide(shop, dispute_id, "won")
        await tell(shop, "charge.dispute.closed", "charge.dispute.funds_reinstated")
    assert await credits_and_debt(shop) == (CREDITS, 0)
    assert await shop.value("SELECT sum(postings) FROM payment_reversals") == 2
    await shop.assert_ledger_is_sound()


async def test_refunded_and_disputed_together_never_take_more_than_was_granted(shop: Shop) -> None:
    async with shop.worker():
        intent_id = await granted(shop)
        await refund(shop, intent_id, 300)
        await tell(shop, "charge.refunded")
        await dispute(shop, intent_id)
        await tell(shop, "charge.dispute.funds_withdrawn")
    assert await credits_and_debt(shop) == (0, 0)
    await shop.assert_ledger_is_sound()


async def test_credits_that_are_spent_become_debt(shop: Shop) -> None:
    async with shop.worker():
        intent_id = await granted(shop)
        await spend(shop, 30)
        await refund(shop, intent_id)
        await tell(shop, "charge.refunded")
    assert await credits_and_debt(shop) == (0, 30)
    await shop.assert_ledger_is_sound()


@pytest.mark.parametrize("first", ["charge.refunded", "refund.created"])
async def test_a_refund_told_before_its_purchase_grants_and_takes_back(shop: Shop, first: str) -> None:
    await shop.silence()
    await refund(shop, await bought(shop), 100)
    left = CREDITS - credits_to_take_back(CREDITS, PRICE, 100)
    async with shop.worker():
        await tell(shop, first)
        assert await shop.available() == left
        await tell(shop, "checkout.session.completed", "payment_intent.succeeded")
    assert await shop.available() == left
    assert len(await shop.completed()) == 1
    await shop.assert_ledger_is_sound()


@pytest.mark.parametrize("event_type", ["checkout.session.completed", "payment_intent.succeeded"])
async def test_a_purchase_told_after_its_refund_keeps_nothing(shop: Shop, event_type: str) -> None:
    await shop.silence()
    await refund(shop, await bought(shop))
    async with shop.worker():
        await tell(shop, event_type)
    assert await credits_and_debt(shop) == (0, 0)
    assert await shop.value("SELECT status FROM purchases") == "paid"
    await shop.assert_ledger_is_sound()


async def test_every_order_of_delivery_with_duplicates_ends_in_one_balance(shop: Shop) -> None:
    await shop.silence()
    types = ("checkout.session.completed", "refund.created", "charge.dispute.funds_withdrawn")
    for number, order in enumerate(itertools.permutations(types)):
        shop.account_id = new_id()
        intent_id = await bought(shop)
        await refund(shop, intent_id, 100)
        await dispute(shop, intent_id, 200)
        async with shop.worker():
            for event_type in (*order, *order[::-1]):
                event = await shop.vendor_event(event_type)
                await shop.deliver(event)
                await shop.deliver(event | {"id": f"evt_again_{number}_{event_type.replace('.', '_')}"})
            await shop.all_handled()
        assert await shop.available() == CREDITS - credits_to_take_back(CREDITS, PRICE, 300)
    await shop.assert_ledger_is_sound()


async def test_answers_that_grew_old_before_they_were_written_end_in_one_balance(shop: Shop) -> None:
    await shop.silence()
    moments = (Reversals(), Reversals(100, 0), Reversals(499, 0), Reversals(499, 399))
    for number, order in enumerate(itertools.permutations(moments)):
        shop.account_id = new_id()
        await bought(shop)
        session = await shop.parts.api.session(
            await shop.value("SELECT stripe_session_id FROM purchases ORDER BY purchase_id DESC LIMIT 1")
        )
        for step, reversals in enumerate((*order, order[0], order[2])):
            await handled(shop, AsItWas(session, reversals), f"evt_{number}_{step}")
        assert await shop.available() == CREDITS - credits_to_take_back(CREDITS, PRICE, 100), order
    await shop.assert_ledger_is_sound()


async def test_twenty_events_about_one_refund_at_once_take_it_back_once(shop: Shop) -> None:
    async with shop.worker():
        await refund(shop, await granted(shop), 100)
    event = await shop.vendor_event("refund.created")
    for number in range(20):
        await shop.deliver(event | {"id": f"evt_{number}"})
    async with shop.database.autocommit() as connection:
        claimed = await storage.claim_due(connection, 20, timedelta(minutes=1))
    outcomes = await asyncio.gather(*(handle(shop.database, shop.parts.api, each) for each in claimed))
    assert sorted(outcomes) == ["granted_before"] * 19 + ["taken_back"]
    assert await shop.available() == CREDITS - credits_to_take_back(CREDITS, PRICE, 100)
    await shop.assert_ledger_is_sound()


async def test_one_event_in_twenty_hands_is_handled_once(shop: Shop) -> None:
    async with shop.worker():
        await refund(shop, await granted(shop), 100)
    await shop.deliver(await shop.vendor_event("charge.refunded"))
    async with shop.database.autocommit() as connection:
        (claimed,) = await storage.claim_due(connection, 20, timedelta(minutes=1))
    outcomes = await asyncio.gather(*(handle(shop.database, shop.parts.api, claimed) for _ in range(20)))
    assert sorted(outcomes) == ["handled_before"] * 19 + ["taken_back"]
    await shop.assert_ledger_is_sound()


async def test_a_reversal_of_a_payment_that_shows_as_unpaid_is_tried_again(shop: Shop) -> None:
    await shop.silence()
    await bought(shop)
    session = await shop.parts.api.session(await shop.value("SELECT stripe_session_id FROM purchases"))
    unpaid = replace(session, status="open", payment_status="unpaid")
    with pytest.raises(NothingGranted):
        await handled(shop, AsItWas(unpaid, Reversals(100, 0)), "evt_early")
    assert await handled(shop, AsItWas(session, Reversals(100, 0)), "evt_early") == "taken_back"
    assert await shop.available() == CREDITS - credits_to_take_back(CREDITS, PRICE, 100)


@pytest.mark.parametrize("event_type", ["charge.refunded", "charge.dispute.created"])
async def test_reversals_of_payments_for_something_else_are_passed_over(shop: Shop, event_type: str) -> None:
    await shop.silence()
    await foreign_session(shop, "order-of-another-shop")
    intent_id = (await shop.vendor_event("payment_intent.succeeded"))["data"]["object"]["id"]
    await refund(shop, intent_id, 100)
    await dispute(shop, intent_id, 100)
    before = counted("foreign", event_type)
    async with shop.worker():
        await tell(shop, event_type)
    assert counted("foreign", event_type) == before + 1
    assert await shop.value("SELECT count(*) FROM payment_reversals") == 0


async def test_money_that_matched_no_order_needs_no_person_once_it_is_all_returned(shop: Shop) -> None:
    await shop.silence()
    intent_id = await bought(shop)
    async with shop.database.unit_of_work() as uow:
        await uow.execute("UPDATE purchases SET amount_minor = 500")
    await refund(shop, intent_id, 100)
    async with shop.worker():
        await shop.deliver(await shop.vendor_event("refund.created"))
        await shop.eventually("SELECT error LIKE 'mismatch: %' FROM stripe_events", True)
        before = counted("returned_ungranted", "charge.refunded")
        await refund(shop, intent_id, 399)
        await shop.deliver(await shop.vendor_event("charge.refunded"))
        await shop.eventually("SELECT count(*) FROM stripe_events WHERE handled_at IS NOT NULL", 1)
    assert counted("returned_ungranted", "charge.refunded") == before + 1
    assert await shop.value("SELECT count(*) FROM lots") == 0


async def test_reads_every_page_of_refunds_and_refuses_a_list_too_long(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "REVERSALS_PER_PAGE", 2)
    await shop.silence()
    intent_id = await bought(shop)
    for _ in range(5):
        await refund(shop, intent_id, 10)
    assert await shop.parts.api.reversals_of_payment(intent_id, "eur") == Reversals(50, 0, 50, 0)
    monkeypatch.setattr(client, "REVERSAL_PAGES_MAX", 2)
    with pytest.raises(PaymentsRefused):
        await shop.parts.api.reversals_of_payment(intent_id, "eur")


@pytest.mark.parametrize("operation", ["refunds.list", "disputes.list"])
async def test_a_purchase_is_not_settled_while_its_reversals_are_unknown(shop: Shop, operation: str) -> None:
    await shop.silence()
    await bought(shop)
    await shop.fault(operation, {"status": 500}, times=None)
    async with shop.worker():
        await shop.deliver(await shop.vendor_event("checkout.session.completed"))
        await shop.eventually("SELECT error IS NOT NULL AND next_try_at > now() FROM stripe_events", True)
        assert await shop.available() == 0


async def test_all_questions_about_one_event_end_within_its_lease(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await shop.silence()
    await bought(shop)
    await shop.deliver(await shop.vendor_event("checkout.session.completed"))
    async with shop.database.autocommit() as connection:
        (claimed,) = await storage.claim_due(connection, 1, timedelta(minutes=1))
    await shop.fault("disputes.list", {"delay_seconds": 5}, times=None)
    assert timedelta(seconds=handling.FETCH_SECONDS_MAX) < inbox.LEASE
    monkeypatch.setattr(handling, "FETCH_SECONDS_MAX", 0.3)
    with pytest.raises(PaymentsUnavailable):
        await handle(shop.database, shop.parts.api, claimed)
