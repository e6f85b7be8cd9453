"""What is done about an event: ask Stripe for the object, then act in a transaction with the event's row."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

from billing.purchases.rules import CheckoutSession, purchase_id_in
from billing.purchases.settlement import Outcome as PurchaseOutcome
from billing.purchases.settlement import settle_purchase
from billing.stripe import storage
from billing.stripe.answers import ObjectMissing
from billing.stripe.client import StripeApi
from billing.stripe.storage import ClaimedEvent
from common.db.database import Database
from common.db.unit_of_work import UnitOfWork

Outcome = Literal[PurchaseOutcome, "foreign", "handled_before"]

Fetch = Callable[[StripeApi, str], Awaitable[CheckoutSession | None]]


async def _session(api: StripeApi, object_id: str) -> CheckoutSession | None:
    return await api.session(object_id)


async def _session_of_payment(api: StripeApi, object_id: str) -> CheckoutSession | None:
    return await api.session_of_payment(object_id)


_FETCH: Mapping[str, Fetch] = {
    "checkout.session.completed": _session,
    "checkout.session.async_payment_succeeded": _session,
    "checkout.session.async_payment_failed": _session,
    "checkout.session.expired": _session,
    "payment_intent.succeeded": _session_of_payment,
}
HANDLED_TYPES = frozenset(_FETCH)


def label_of(event_type: str) -> str:
    """The type as a metric's label: those we act on by name, all others as one."""
    return event_type if event_type in HANDLED_TYPES else "other"


async def handle(database: Database, api: StripeApi, event: ClaimedEvent) -> Outcome:
    """Do what an event calls for. What the event itself says of the object is old news and is not looked at.

    Raises:
        ObjectMissing: the object or the purchase is not there (yet).
        PaymentsUnavailable: Stripe does not answer.
        PaymentsRefused: Stripe does not let us ask.
    """
    session = await _FETCH[event.type](api, event.object_id) if event.object_id else None
    return await database.transact(_apply, event, session)


async def _apply(uow: UnitOfWork, event: ClaimedEvent, session: CheckoutSession | None) -> Outcome:
    if not await storage.lock_unhandled(uow, event.event_id):
        return "handled_before"
    purchase_id = purchase_id_in(session.client_reference_id) if session is not None else None
    if session is None or purchase_id is None:
        await storage.mark_handled(uow, event.event_id)
        return "foreign"
    settlement = await settle_purchase(uow, purchase_id, session)
    if settlement.outcome == "unknown_purchase":
        raise ObjectMissing("there is no such purchase")
    if settlement.outcome == "mismatch":
        await storage.park(uow.connection, event.event_id, f"mismatch: {settlement.detail}")
    else:
        await storage.mark_handled(uow, event.event_id)
    return settlement.outcome
