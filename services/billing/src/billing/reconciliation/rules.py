"""When Stripe's money and our books agree about a payment, and how a difference is told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

WINDOW_DAYS_MAX = 28
"""Stripe lists events for thirty days, and our inbox keeps them as long."""
OVERLAP = timedelta(days=1)

Kind = Literal["payment", "session", "invoice"]
Trigger = Literal["schedule", "operator"]
Reason = Literal["not_booked", "not_at_stripe", "currency", "paid", "reversed", "credits"]


@dataclass(frozen=True, slots=True)
class Listed:
    """A payment as Stripe lists it, whoever it is of.

    Args:
        payment_id: the payment intent; the Checkout session where a coupon left nothing to pay; or the invoice, which
            stands for the payment intents that paid it.
        paid_minor: what arrived, in the smallest unit of `currency`; 0 when it was never paid.
        reference: what it refers to, as we told Stripe: a purchase.
        customer_id: whose it is at Stripe.
    """

    kind: Kind
    payment_id: str
    paid_minor: int
    currency: str | None
    reference: str | None = None
    customer_id: str | None = None
    payment_intent_ids: tuple[str, ...] = ()
    settled: bool = True
    """False where it is not paid (any more, or at all)."""


@dataclass(frozen=True, slots=True)
class PaidAtStripe:
    """What Stripe says of a payment of ours: money that arrived, and how much of it is back with the payer now."""

    payment_id: str
    paid_minor: int
    reversed_minor: int
    currency: str | None

    @property
    def kept_minor(self) -> int:
        """What of it we still have; a payment refunded and disputed is never negative here."""
        return max(0, self.paid_minor - self.reversed_minor)


@dataclass(frozen=True, slots=True)
class Booked:
    """What our books say of one payment. `due_credits` is what its money should have left to the account.

    `booked_credits` is what the journal gave for it less what it took back.
    """

    payment_id: str
    paid_minor: int
    reversed_minor: int
    currency: str
    booked_credits: int
    due_credits: int | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A payment about which Stripe and we disagree, with both figures."""

    payment_id: str
    reason: Reason
    currency: str | None
    stripe_paid_minor: int
    booked_paid_minor: int
    stripe_reversed_minor: int
    booked_reversed_minor: int
    due_credits: int | None
    booked_credits: int


@dataclass(frozen=True, slots=True)
class Window:
    """From when, and until when, Stripe's events and objects are looked at."""

    since: datetime
    until: datetime


@dataclass(slots=True)
class Counts:
    """What a run has looked at so far."""

    events_listed: int = 0
    events_fed: int = 0
    payments_compared: int = 0
    payments_foreign: int = 0
    payments_repaired: int = 0
    differences: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """A finished run. `error` says why it could not look at everything."""

    run_id: UUID
    window: Window
    counts: Counts
    differences: Sequence[Difference] = field(default_factory=tuple)
    error: str | None = None

    @property
    def status(self) -> Literal["clean", "differs", "failed"]:
        """How it ended; a run that broke off proves nothing."""
        if self.error is not None:
            return "failed"
        return "differs" if self.counts.differences else "clean"


def compare(paid: PaidAtStripe, booked: Booked | None) -> Difference | None:
    """The first thing in which the two sides differ about one payment of ours; None when they agree.

    Money that is back with the payer and never led to credits needs no booking.
    """
    if booked is None:
        return _difference(paid, None, "not_booked") if paid.kept_minor else None
    if not paid.paid_minor and booked.paid_minor:
        return _difference(paid, booked, "not_at_stripe")
    if paid.currency != booked.currency:
        return _difference(paid, booked, "currency")
    if paid.paid_minor != booked.paid_minor:
        return _difference(paid, booked, "paid")
    if paid.reversed_minor != booked.reversed_minor:
        return _difference(paid, booked, "reversed")
    if booked.due_credits is not None and booked.due_credits != booked.booked_credits:
        return _difference(paid, booked, "credits")
    return None


def window_of(until: datetime, days: int, last_complete: datetime | None) -> Window:
    """What to look at: the last days, and further back where the last complete run is longer ago than that.

    Args:
        last_complete: the end of the window of the last run that looked at everything.
    """
    since = until - timedelta(days=days)
    if last_complete is not None:
        since = min(since, last_complete - OVERLAP)
    return Window(max(since, until - timedelta(days=WINDOW_DAYS_MAX)), until)


def _difference(paid: PaidAtStripe, booked: Booked | None, reason: Reason) -> Difference:
    return Difference(
        payment_id=paid.payment_id,
        reason=reason,
        currency=paid.currency or (booked.currency if booked else None),
        stripe_paid_minor=paid.paid_minor,
        booked_paid_minor=booked.paid_minor if booked else 0,
        stripe_reversed_minor=paid.reversed_minor,
        booked_reversed_minor=booked.reversed_minor if booked else 0,
        due_credits=booked.due_credits if booked else None,
        booked_credits=booked.booked_credits if booked else 0,
    )
