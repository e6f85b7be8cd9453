"""What is done about an event: ask Stripe for the payment, then act in a transaction with the event's row.

Every event leads to the same: the session of its payment and what was reversed of it are fetched, the purchase is
settled, and the credits follow. So a refund may be told before its payment, and a payment after its refund.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from billing.purchases.ports import PaymentsUnavailable
from billing.purchases.reversals import Reversals, follow_reversals
from billing.purchases.rules import CheckoutSession, purchase_id_in
from billing.purchases.settlement import Outcome as PurchaseOutcome
from billing.purchases.settlement import settle_purchase
from billing.stripe import storage
from billing.stripe.answers import ObjectMissing
from billing.stripe.client import StripeApi
from billing.stripe.storage import ClaimedEvent
from common.db.database import Database
from common.db.unit_of_work import UnitOfWork

FETCH_SECONDS_MAX = 45.0

Outcome = Literal[PurchaseOutcome, "taken_back", "given_back", "returned_ungranted", "foreign", "handled_before"]

Fetch = Callable[[StripeApi, str], Awaitable[CheckoutSession | None]]


@dataclass(frozen=True, slots=True)
class Payment:
    """A session as it is now, and what was reversed of its payment."""

    session: CheckoutSession
    reversals: Reversals


async def _session(api: StripeApi, object_id: str) -> CheckoutSession | None:
    return await api.session(object_id)


async def _session_of_payment(api: StripeApi, object_id: str | None) -> CheckoutSession | None:
    return await api.session_of_payment(object_id) if object_id is not None else None


async def _session_of_charge(api: StripeApi, object_id: str) -> CheckoutSession | None:
    return await _session_of_payment(api, await api.payment_of_charge(object_id))


async def _session_of_refund(api: StripeApi, object_id: str) -> CheckoutSession | None:
    return await _session_of_payment(api, await api.payment_of_refund(object_id))


async def _session_of_dispute(api: StripeApi, object_id: str) -> CheckoutSession | None:
    return await _session_of_payment(api, await api.payment_of_dispute(object_id))


_FETCH: Mapping[str, Fetch] = {
    "checkout.session.completed": _session,
    "checkout.session.async_payment_succeeded": _session,
    "checkout.session.async_payment_failed": _session,
    "checkout.session.expired": _session,
    "payment_intent.succeeded": _session_of_payment,
    "charge.refunded": _session_of_charge,
    "charge.refund.updated": _session_of_refund,
    "refund.created": _session_of_refund,
    "refund.updated": _session_of_refund,
    "refund.failed": _session_of_refund,
    "charge.dispute.created": _session_of_dispute,
    "charge.dispute.updated": _session_of_dispute,
    "charge.dispute.closed": _session_of_dispute,
    "charge.dispute.funds_withdrawn": _session_of_dispute,
    "charge.dispute.funds_reinstated": _session_of_dispute,
}
HANDLED_TYPES = frozenset(_FETCH)


def label_of(event_type: str) -> str:
    """The type as a metric's label: those we act on by name, all others as one."""
    return event_type if event_type in HANDLED_TYPES else "other"


async def handle(database: Database, api: StripeApi, event: ClaimedEvent) -> Outcome:
    """Do what an event calls for. What the event itself says of the object is old news and is not looked at.

    Raises:
        ObjectMissing: the object or the purchase is not there (yet).
        NothingGranted: what was reversed is not paid yet, as far as Stripe shows.
        PaymentsUnavailable: Stripe does not answer.
        PaymentsRefused: Stripe does not let us ask.
    """
    try:
        async with asyncio.timeout(FETCH_SECONDS_MAX):
            payment = await _fetch(api, event)
    except TimeoutError as error:
        raise PaymentsUnavailable("no answers in time") from error
    return await database.transact(_apply, event, payment)


async def _fetch(api: StripeApi, event: ClaimedEvent) -> Payment | None:
    """The payment an event is about; None when it is no payment for a purchase of ours."""
    session = await _FETCH[event.type](api, event.object_id) if event.object_id else None
    if session is None or purchase_id_in(session.client_reference_id) is None:
        return None
    if session.payment_intent_id is None or session.currency is None:
        return Payment(session, Reversals())
    return Payment(session, await api.reversals_of_payment(session.payment_intent_id, session.currency))


async def _apply(uow: UnitOfWork, event: ClaimedEvent, payment: Payment | None) -> Outcome:
    if not await storage.lock_unhandled(uow, event.event_id):
        return "handled_before"
    purchase_id = purchase_id_in(payment.session.client_reference_id) if payment is not None else None
    if payment is None or purchase_id is None:
        await storage.mark_handled(uow, event.event_id)
        return "foreign"
    settlement = await settle_purchase(uow, purchase_id, payment.session)
    if settlement.outcome == "unknown_purchase":
        raise ObjectMissing("there is no such purchase")
    outcome: Outcome = settlement.outcome
    if settlement.outcome == "mismatch":
        if not payment.reversals.leaves_nothing_of(payment.session.amount_total_minor or 0):
            await storage.park(uow.connection, event.event_id, f"mismatch: {settlement.detail}")
            return "mismatch"
        outcome = "returned_ungranted"
    elif difference := await follow_reversals(uow, payment.session, payment.reversals):
        outcome = "taken_back" if difference > 0 else "given_back"
    await storage.mark_handled(uow, event.event_id)
    return outcome
