"""What is done about an event: ask Stripe for the payment or subscription, then act in a transaction with its row.

Every event of a purchase or of a one-off order leads to the same: the session of its payment and what was reversed of
it are fetched, the purchase is settled, and the credits follow. So a refund may be told before its payment, and a
payment after its refund.
Every event of a subscription likewise: the subscription is fetched with its invoices, and `subscriptions.following`
makes plan and credits what they show.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

from billing.invoice_payments.rules import invoice_id_in
from billing.invoice_payments.settlement import Outcome as InvoiceOutcome
from billing.invoice_payments.settlement import settle_invoice
from billing.ledger.reversals import NothingGranted
from billing.orders.rules import order_id_in as one_off_order_id_in
from billing.orders.settlement import Outcome as OneOffOutcome
from billing.orders.settlement import settle_order
from billing.purchases.ports import PaymentsUnavailable
from billing.purchases.reversals import Reversals, follow_reversals
from billing.purchases.rules import CheckoutSession, purchase_id_in
from billing.purchases.settlement import Outcome as PurchaseOutcome
from billing.purchases.settlement import settle_purchase
from billing.stripe import storage
from billing.stripe.answers import ObjectMissing
from billing.stripe.client import StripeApi
from billing.stripe.schedule_api import ScheduleApi
from billing.stripe.storage import ClaimedEvent
from billing.stripe.subscription_api import SubscriptionApi
from billing.subscriptions.following import GRACE, Look, follow, follow_money, look
from billing.subscriptions.following import Outcome as FollowOutcome
from billing.subscriptions.order_storage import expire_order
from billing.subscriptions.periods import UnknownPrice
from billing.subscriptions.rules import order_id_in
from common.db.database import Database
from common.db.unit_of_work import UnitOfWork

FETCH_SECONDS_MAX = 45.0

Outcome = Literal[
    PurchaseOutcome,
    OneOffOutcome,
    InvoiceOutcome,
    FollowOutcome,
    "taken_back",
    "given_back",
    "returned_ungranted",
    "foreign",
    "handled_before",
]
About = Literal["session", "payment", "invoice", "subscription"]

Find = Callable[[StripeApi, str], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class Payment:
    """A session as it is now, and what was reversed of its payment."""

    session: CheckoutSession
    reversals: Reversals


@dataclass(frozen=True, slots=True)
class SubscriptionNews:
    """A subscription as it is now; where the event is about a payment of an invoice, what was reversed of it."""

    seen: Look
    invoice_id: str | None = None
    reversals: Reversals = Reversals()  # noqa: RUF009 - immutable


@dataclass(frozen=True, slots=True)
class OrderNews:
    """The payment page of a subscription's order, which has led to none (yet)."""

    session: CheckoutSession


@dataclass(frozen=True, slots=True)
class InvoiceNews:
    """A session of the link of an invoice that an account has issued, and what was reversed of its payment."""

    invoice_id: UUID
    session: CheckoutSession
    reversals: Reversals


News = InvoiceNews | Payment | SubscriptionNews | OrderNews


async def _itself(_: StripeApi, object_id: str) -> str | None:
    return object_id


async def _payment_of_charge(api: StripeApi, object_id: str) -> str | None:
    return await api.payment_of_charge(object_id)


async def _payment_of_refund(api: StripeApi, object_id: str) -> str | None:
    return await api.payment_of_refund(object_id)


async def _payment_of_dispute(api: StripeApi, object_id: str) -> str | None:
    return await api.payment_of_dispute(object_id)


async def _subscription_of_schedule(api: StripeApi, object_id: str) -> str | None:
    return await ScheduleApi(api).subscription_of(object_id)


_ABOUT: Mapping[str, tuple[About, Find]] = {
    "checkout.session.completed": ("session", _itself),
    "checkout.session.async_payment_succeeded": ("session", _itself),
    "checkout.session.async_payment_failed": ("session", _itself),
    "checkout.session.expired": ("session", _itself),
    "payment_intent.succeeded": ("payment", _itself),
    "charge.refunded": ("payment", _payment_of_charge),
    "charge.refund.updated": ("payment", _payment_of_refund),
    "refund.created": ("payment", _payment_of_refund),
    "refund.updated": ("payment", _payment_of_refund),
    "refund.failed": ("payment", _payment_of_refund),
    "charge.dispute.created": ("payment", _payment_of_dispute),
    "charge.dispute.updated": ("payment", _payment_of_dispute),
    "charge.dispute.closed": ("payment", _payment_of_dispute),
    "charge.dispute.funds_withdrawn": ("payment", _payment_of_dispute),
    "charge.dispute.funds_reinstated": ("payment", _payment_of_dispute),
    "customer.subscription.created": ("subscription", _itself),
    "customer.subscription.updated": ("subscription", _itself),
    "customer.subscription.deleted": ("subscription", _itself),
    "customer.subscription.paused": ("subscription", _itself),
    "customer.subscription.resumed": ("subscription", _itself),
    "subscription_schedule.created": ("subscription", _subscription_of_schedule),
    "subscription_schedule.updated": ("subscription", _subscription_of_schedule),
    "subscription_schedule.released": ("subscription", _subscription_of_schedule),
    "subscription_schedule.canceled": ("subscription", _subscription_of_schedule),
    "subscription_schedule.aborted": ("subscription", _subscription_of_schedule),
    "subscription_schedule.completed": ("subscription", _subscription_of_schedule),
    "invoice.paid": ("invoice", _itself),
    "invoice.payment_failed": ("invoice", _itself),
    "invoice.payment_action_required": ("invoice", _itself),
    "invoice.voided": ("invoice", _itself),
    "invoice.marked_uncollectible": ("invoice", _itself),
}
HANDLED_TYPES = frozenset(_ABOUT)


def label_of(event_type: str) -> str:
    """The type as a metric's label: those we act on by name, all others as one."""
    return event_type if event_type in HANDLED_TYPES else "other"


async def handle(database: Database, api: StripeApi, event: ClaimedEvent, grace: timedelta = GRACE) -> Outcome:
    """Do what an event calls for. What the event itself says of the object is old news and is not looked at.

    Args:
        grace: how long a plan stays that is not paid for any more.

    Raises:
        ObjectMissing: the object or the purchase is not there (yet).
        NothingGranted: what was reversed is not paid yet, as far as Stripe shows.
        PaymentsUnavailable: Stripe does not answer.
        PaymentsRefused: Stripe does not let us ask.
    """
    try:
        async with asyncio.timeout(FETCH_SECONDS_MAX):
            news = await _fetch(database, api, event)
    except TimeoutError as error:
        raise PaymentsUnavailable("no answers in time") from error
    return await database.transact(_apply, event, news, grace)


async def _fetch(database: Database, api: StripeApi, event: ClaimedEvent) -> News | None:
    """What an event is about, as it is now; None when it is about nothing of ours."""
    about, find = _ABOUT[event.type]
    object_id = await find(api, event.object_id) if event.object_id else None
    if object_id is None:
        return None
    match about:
        case "session":
            return await _of_session(database, api, object_id)
        case "payment":
            return await _of_payment(database, api, object_id)
        case "invoice":
            return await _of_invoice(database, api, object_id)
        case "subscription":
            return SubscriptionNews(await look(database, SubscriptionApi(api), object_id))


async def _of_session(database: Database, api: StripeApi, session_id: str) -> News | None:
    session = await api.session(session_id)
    if (invoice := await _of_link(api, session)) is not None:
        return invoice
    if order_id_in(session.client_reference_id) is None:
        return await _purchase(api, session)
    subscriptions = SubscriptionApi(api)
    subscription_id = await subscriptions.subscription_of_session(session_id)
    if subscription_id is None:
        return OrderNews(session)
    return SubscriptionNews(await look(database, subscriptions, subscription_id))


async def _of_payment(database: Database, api: StripeApi, payment_intent_id: str) -> News | None:
    session = await api.session_of_payment(payment_intent_id)
    if session is not None and (invoice := await _of_link(api, session)) is not None:
        return invoice
    if session is not None and order_id_in(session.client_reference_id) is None:
        return await _purchase(api, session)
    invoice_id = await SubscriptionApi(api).invoice_of_payment(payment_intent_id)
    return await _of_invoice(database, api, invoice_id, payment_intent_id) if invoice_id is not None else None


async def _of_link(api: StripeApi, session: CheckoutSession) -> InvoiceNews | None:
    """Looked at before all else: who opens a link may give the session a `client_reference_id` of their liking."""
    invoice_id = invoice_id_in(session.invoice_reference)
    if invoice_id is None:
        return None
    if session.payment_intent_id is None or session.currency is None:
        return InvoiceNews(invoice_id, session, Reversals())
    reversals = await api.reversals_of_payment(session.payment_intent_id, session.currency)
    return InvoiceNews(invoice_id, session, reversals)


async def _of_invoice(
    database: Database, api: StripeApi, invoice_id: str, payment_intent_id: str | None = None
) -> News | None:
    subscriptions = SubscriptionApi(api)
    subscription_id = await subscriptions.subscription_of_invoice(invoice_id)
    if subscription_id is None:
        return None
    seen = await look(database, subscriptions, subscription_id, invoice_id)
    if payment_intent_id is None:
        return SubscriptionNews(seen, invoice_id)
    reversals = await api.reversals_of_payment(payment_intent_id, seen.facts.currency)
    return SubscriptionNews(seen, invoice_id, reversals)


async def _purchase(api: StripeApi, session: CheckoutSession) -> Payment | None:
    reference = session.client_reference_id
    if purchase_id_in(reference) is None and one_off_order_id_in(reference) is None:
        return None
    if session.payment_intent_id is None or session.currency is None:
        return Payment(session, Reversals())
    return Payment(session, await api.reversals_of_payment(session.payment_intent_id, session.currency))


async def _apply(uow: UnitOfWork, event: ClaimedEvent, news: News | None, grace: timedelta) -> Outcome:
    if not await storage.lock_unhandled(uow, event.event_id):
        return "handled_before"
    outcome: Outcome
    match news:
        case InvoiceNews():
            outcome, mismatch = await _settle_invoice(uow, news)
        case Payment():
            outcome, mismatch = await _settle(uow, news)
        case SubscriptionNews():
            outcome, mismatch = await _follow(uow, news, grace)
        case OrderNews():
            outcome, mismatch = await _close_order(uow, news), None
        case None:
            outcome, mismatch = "foreign", None
    if mismatch is not None:
        await storage.park(uow.connection, event.event_id, f"mismatch: {mismatch}")
    else:
        await storage.mark_handled(uow, event.event_id)
    return outcome


async def _settle(uow: UnitOfWork, payment: Payment) -> tuple[Outcome, str | None]:
    """The outcome, and what does not fit where a person has to look."""
    order_id = one_off_order_id_in(payment.session.client_reference_id)
    if order_id is not None:
        return await _settle_order(uow, order_id, payment)
    purchase_id = purchase_id_in(payment.session.client_reference_id)
    if purchase_id is None:
        return "foreign", None
    settlement = await settle_purchase(uow, purchase_id, payment.session)
    if settlement.outcome == "unknown_purchase":
        raise ObjectMissing("there is no such purchase")
    if settlement.outcome == "mismatch":
        if payment.reversals.leaves_nothing_of(payment.session.amount_total_minor or 0):
            return "returned_ungranted", None
        return "mismatch", settlement.detail
    if difference := await follow_reversals(uow, payment.session, payment.reversals):
        return ("taken_back" if difference > 0 else "given_back"), None
    return settlement.outcome, None


async def _settle_order(uow: UnitOfWork, order_id: UUID, payment: Payment) -> tuple[Outcome, str | None]:
    """As `_settle`."""
    settled = await settle_order(uow, order_id, payment.session, payment.reversals)
    if settled.outcome == "unknown_order":
        raise ObjectMissing("there is no such order")
    return settled.outcome, settled.detail if settled.outcome == "mismatch" else None


async def _settle_invoice(uow: UnitOfWork, news: InvoiceNews) -> tuple[Outcome, str | None]:
    """As `_settle`."""
    settled = await settle_invoice(uow, news.invoice_id, news.session, news.reversals)
    if settled.outcome == "unknown_invoice":
        raise ObjectMissing("there is no such invoice")
    return settled.outcome, settled.detail if settled.outcome == "mismatch" else None


async def _follow(uow: UnitOfWork, news: SubscriptionNews, grace: timedelta) -> tuple[Outcome, str | None]:
    """As `_settle`."""
    try:
        outcome = await follow(uow, news.seen, grace)
    except UnknownPrice as error:
        return "mismatch", str(error)
    if outcome == "unknown_customer" or news.invoice_id is None or not news.reversals.reversed_minor:
        return outcome, None
    paid = {invoice.invoice_id for invoice in news.seen.facts.paid_invoices}
    if news.invoice_id not in paid:
        raise NothingGranted(news.invoice_id)
    difference = await follow_money(
        uow, news.seen.facts, news.invoice_id, grace, news.reversals.reversed_minor, news.reversals.reinstated_minor
    )
    if difference:
        return ("taken_back" if difference > 0 else "given_back"), None
    return outcome, None


async def _close_order(uow: UnitOfWork, news: OrderNews) -> Outcome:
    order_id = order_id_in(news.session.client_reference_id)
    if order_id is None or news.session.status != "expired":
        return "undecided"
    await expire_order(uow.connection, order_id)
    return "expired"
