"""Reads subscriptions, invoices and prices as Stripe describes them into our facts.

Shapes are those of the pinned API version: periods live on the items, an invoice names its subscription in `parent`
and its payments only when they are expanded (docs.stripe.com/api/subscriptions/object, …/invoices/object).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import stripe
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from billing.catalogue.rules import StripePrice
from billing.purchases.ports import PaymentsRefused, PaymentsUnavailable
from billing.subscriptions.periods import InvoiceLine
from billing.subscriptions.rules import Facts, Invoice

ORDER_METADATA = "subscription_order_id"


def _instant(value: Any) -> Any:
    return datetime.fromtimestamp(value, UTC) if isinstance(value, int) else value


Instant = Annotated[datetime, BeforeValidator(_instant)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Recurring(_Part):
    interval: str
    interval_count: int = 1


class _Price(_Part):
    id: str
    product: str
    lookup_key: str | None = None
    unit_amount: int | None = None
    currency: str
    recurring: _Recurring | None = None
    active: bool


class _Item(_Part):
    id: str
    price: _Price
    quantity: int | None = 1
    current_period_start: Instant
    current_period_end: Instant


class _Items(_Part):
    data: list[_Item]


class _OfSubscription(_Part):
    subscription: str | None = None
    proration: bool | None = None


class _LineParent(_Part):
    subscription_item_details: _OfSubscription | None = None
    invoice_item_details: _OfSubscription | None = None


class _PriceDetails(_Part):
    price: str | None = None


class _Pricing(_Part):
    price_details: _PriceDetails | None = None


class _Span(_Part):
    start: Instant
    end: Instant


class _Line(_Part):
    amount: int
    period: _Span
    pricing: _Pricing | None = None
    parent: _LineParent | None = None


class _Lines(_Part):
    data: list[_Line]
    has_more: bool = False


class _InvoiceParent(_Part):
    subscription_details: _OfSubscription | None = None


class _Transitions(_Part):
    paid_at: Instant | None = None


class _Invoice(_Part):
    id: str
    status: str | None = None
    total: int
    amount_due: int
    amount_paid: int
    currency: str
    attempt_count: int
    lines: _Lines
    parent: _InvoiceParent | None = None
    status_transitions: _Transitions


class _PhaseItem(_Part):
    price: str


class _Phase(_Part):
    start_date: int
    end_date: int
    items: list[_PhaseItem]


class _CurrentPhase(_Part):
    start_date: int


class _Schedule(_Part):
    id: str
    status: str
    subscription: str | None = None
    released_subscription: str | None = None
    current_phase: _CurrentPhase | None = None
    phases: list[_Phase]


class _Subscription(_Part):
    id: str
    customer: str
    status: str
    metadata: dict[str, str]
    items: _Items
    cancel_at: Instant | None = None
    start_date: Instant
    ended_at: Instant | None = None
    latest_invoice: _Invoice | str | None = None
    schedule: _Schedule | str | None = None
    default_payment_method: str | None = None
    discounts: list[str] = []


@dataclass(frozen=True, slots=True)
class Schedule:
    """A subscription schedule: whose, and when its phase under way began (Unix seconds)."""

    schedule_id: str
    subscription_id: str | None
    phase_starts_at: int


@dataclass(frozen=True, slots=True)
class Scheduled:
    """What a schedule's next phase follows on: the terms of the period under way, and the schedule there is."""

    price_id: str
    quantity: int
    period_ends_at: int
    payment_method_id: str | None
    discount_ids: tuple[str, ...]
    schedule: Schedule | None


Shape = TypeVar("Shape", bound=_Part)


def read_facts(answer: stripe.StripeObject, invoices: Iterable[stripe.StripeObject]) -> Facts:
    """A subscription with its latest invoice and its schedule expanded, and the paid ones of these invoices.

    Raises:
        PaymentsUnavailable: what was answered is no such object.
        PaymentsRefused: a subscription of several things, which we never make: for a person.
    """
    subscription = _read(_Subscription, answer)
    item = _one_item(subscription)
    latest = subscription.latest_invoice
    known = [_read(_Invoice, each) for each in invoices]
    if isinstance(latest, _Invoice):
        known.append(latest)
    paid = {invoice.id: invoice for invoice in known if invoice.status == "paid"}
    return Facts(
        stripe_subscription_id=subscription.id,
        stripe_customer_id=subscription.customer,
        stripe_item_id=item.id,
        order_reference=subscription.metadata.get(ORDER_METADATA),
        status=subscription.status,
        price_id=item.price.id,
        next_price_id=_next_price(subscription, item),
        amount_minor=(item.price.unit_amount or 0) * (item.quantity or 1),
        currency=item.price.currency,
        period_starts_at=item.current_period_start,
        period_ends_at=item.current_period_end,
        cancel_at=subscription.cancel_at,
        started_at=subscription.start_date,
        ended_at=subscription.ended_at,
        latest_invoice=_invoice(latest) if isinstance(latest, _Invoice) else None,
        paid_invoices=tuple(_invoice(invoice) for invoice in paid.values()),
    )


def read_scheduled(answer: stripe.StripeObject) -> Scheduled:
    """What can be planned for a subscription whose schedule is expanded; raises as `read_facts` does."""
    subscription = _read(_Subscription, answer)
    item, schedule = _one_item(subscription), subscription.schedule
    return Scheduled(
        price_id=item.price.id,
        quantity=item.quantity or 1,
        period_ends_at=int(item.current_period_end.timestamp()),
        payment_method_id=subscription.default_payment_method,
        discount_ids=tuple(subscription.discounts),
        schedule=_schedule(schedule) if isinstance(schedule, _Schedule) else None,
    )


def read_schedule(answer: stripe.StripeObject) -> Schedule:
    """A subscription schedule.

    Raises:
        PaymentsUnavailable: what was answered is no schedule.
    """
    return _schedule(_read(_Schedule, answer))


def read_subscription_of_invoice(answer: stripe.StripeObject) -> str | None:
    """The subscription an invoice is of; None for an invoice of something else.

    Raises:
        PaymentsUnavailable: what was answered is no invoice.
    """
    return _subscription_of(_read(_Invoice, answer))


def read_price(answer: stripe.StripeObject) -> StripePrice:
    """A price.

    Raises:
        PaymentsUnavailable: what was answered is no price.
    """
    price = _read(_Price, answer)
    return StripePrice(
        stripe_price_id=price.id,
        stripe_product_id=price.product,
        lookup_key=price.lookup_key,
        amount_minor=price.unit_amount or 0,
        currency=price.currency,
        interval=price.recurring.interval if price.recurring is not None else None,
        active=price.active,
    )


def _read(shape: type[Shape], answer: stripe.StripeObject) -> Shape:
    try:
        return shape.model_validate(answer.to_dict())
    except ValidationError as error:
        raise PaymentsUnavailable(f"the answer is not a {shape.__name__.strip('_').lower()}") from error


def _one_item(subscription: _Subscription) -> _Item:
    if len(subscription.items.data) != 1:
        raise PaymentsRefused(f"subscription {subscription.id} is not of one item")
    return subscription.items.data[0]


def _schedule(schedule: _Schedule) -> Schedule:
    return Schedule(
        schedule_id=schedule.id,
        subscription_id=schedule.subscription or schedule.released_subscription,
        phase_starts_at=schedule.current_phase.start_date if schedule.current_phase is not None else 0,
    )


def _next_price(subscription: _Subscription, item: _Item) -> str:
    """The price from the next renewal on: that of the schedule's phase which begins then, or the present one."""
    schedule, ends_at = subscription.schedule, int(item.current_period_end.timestamp())
    if not isinstance(schedule, _Schedule) or schedule.status != "active":
        return item.price.id
    following = [phase for phase in schedule.phases if phase.start_date <= ends_at < phase.end_date]
    if not following:
        return item.price.id
    if len(following[0].items) != 1:
        raise PaymentsRefused(f"schedule {schedule.id} is not of one item")
    return following[0].items[0].price


def _invoice(invoice: _Invoice) -> Invoice:
    if invoice.lines.has_more:
        raise PaymentsRefused(f"invoice {invoice.id} has more lines than we read")
    subscription_id = _subscription_of(invoice)
    return Invoice(
        invoice_id=invoice.id,
        subscription_id=subscription_id,
        status=invoice.status or "draft",
        total_minor=max(invoice.total, invoice.amount_paid),
        amount_due_minor=invoice.amount_due,
        currency=invoice.currency,
        attempts=invoice.attempt_count,
        lines=tuple(line for each in invoice.lines.data if (line := _line(each, subscription_id)) is not None),
        paid_at=invoice.status_transitions.paid_at,
    )


def _subscription_of(invoice: _Invoice) -> str | None:
    details = invoice.parent.subscription_details if invoice.parent is not None else None
    return details.subscription if details is not None else None


def _line(line: _Line, subscription_id: str | None) -> InvoiceLine | None:
    """A line of the subscription's price; None for what else is on the invoice.

    A proration is told as an item of the subscription or, when it waited for its invoice, as an invoice item.
    """
    parent = line.parent or _LineParent()
    details = parent.subscription_item_details or parent.invoice_item_details
    price = line.pricing.price_details if line.pricing is not None else None
    if details is None or details.subscription != subscription_id or price is None or price.price is None:
        return None
    if parent.subscription_item_details is None and not details.proration:
        return None
    return InvoiceLine(price.price, line.amount, line.period.start, line.period.end, bool(details.proration))
