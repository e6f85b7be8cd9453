"""The rules of an order: what it is, what a Checkout session means for it, and when a request is the same again.

`open → paid → delivered`, or `paid → refund_due → refunded` when the work comes to nothing, or `open → expired`. An
expired order that is paid after all is honoured. `refund_failed` waits for a person: the money is still with us.
A refund by hand at Stripe is followed: all of the price makes a delivered order `refunded`, a part leaves it delivered.

An order has an account of its own in the ledger, which bears the order's id. It is granted the credits that its work
costs, and closes at zero: they are charged, or they go with the refund.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from billing.purchases.rules import CheckoutSession, Closed, Mismatch, Paid, Undecided
from common.events.jobs import JobSpec
from common.ids import InvalidId, from_text, to_text
from common.order_tokens import ORDER_PREFIX

PLAN = "order"
"""What stands in place of a plan: in a job, and in the identity with which the gateway vouches for a buyer."""
WEIGHT = 4
"""In the fair order of work: as much as an account with the plan `pro`."""
PAGE_LIFE = timedelta(hours=24)
"""How long an order can be paid; the most that Stripe permits (docs.stripe.com/api/checkout/sessions/create)."""
PAGE_LIFE_MIN = timedelta(minutes=31)
"""What must be left of it when the page is opened; Stripe refuses a page of less than thirty minutes."""
EXPIRY_MARGIN = timedelta(hours=1)
"""How long after that an order counts as abandoned, where Stripe has not said so."""

OrderStatus = Literal["open", "expired", "paid", "delivered", "refund_due", "refunded", "refund_failed"]
_FAILED_INTENTS = frozenset({"requires_payment_method", "canceled"})


@dataclass(frozen=True, slots=True)
class OrderProduct:
    """What can be ordered: a kind of work, sold at a price. Amounts in the smallest unit of the currency."""

    kind: str
    title: str
    price_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Order:
    """What was ordered, by whom, and how far it got. Prices are those of the moment of the order."""

    order_id: UUID
    job_id: UUID
    kind: str
    title: str
    price_minor: int
    currency: str
    status: OrderStatus
    email: str | None
    locale: str
    input: dict[str, Any] | None
    job_class: str
    price_credits: int
    deadline_seconds: int
    request_hash: str
    checkout_attempt: int
    checkout_url: str | None
    checkout_expires_at: datetime | None
    stripe_session_id: str | None
    stripe_payment_intent_id: str | None
    refund_attempt: int
    tries: int
    created_at: datetime
    paid_at: datetime | None
    ended_at: datetime | None
    returned_minor: int

    @property
    def refunded_minor(self) -> int:
        """What of the price has gone back, or is on its way."""
        return self.price_minor if self.status == "refunded" else max(0, min(self.price_minor, self.returned_minor))

    @property
    def account_id(self) -> UUID:
        """The order's own account."""
        return self.order_id

    @property
    def reference(self) -> str:
        """The order as Stripe and the buyer know it."""
        return to_text(ORDER_PREFIX, self.order_id)

    @property
    def payable_until(self) -> datetime:
        """When its page closes: the same however often the page is asked for."""
        return self.created_at + PAGE_LIFE

    def job(self, input: dict[str, Any], paid_at: datetime) -> JobSpec:
        """The work that was paid for. Its time counts from the payment."""
        return JobSpec(
            job_id=self.job_id,
            kind=self.kind,
            job_class=self.job_class,
            price_credits=self.price_credits,
            input=input,
            plan=PLAN,
            weight=WEIGHT,
            locale=self.locale,
            deadline_at=paid_at + timedelta(seconds=self.deadline_seconds),
        )


def judge(order: Order, session: CheckoutSession) -> Paid | Closed | Undecided | Mismatch:
    """What a session means for the order it belongs to: as for a purchase, and there are no coupons."""
    if session.status == "expired":
        return Closed("expired")
    if session.status != "complete":
        return Undecided()
    if session.payment_status == "unpaid":
        return Closed("failed") if session.payment_intent_status in _FAILED_INTENTS else Undecided()
    if session.payment_status != "paid" or session.payment_intent_id is None:
        return Mismatch(f"{session.payment_status} without a payment intent")
    if (session.currency, session.amount_total_minor) != (order.currency, order.price_minor):
        return Mismatch(
            f"paid {session.amount_total_minor} {session.currency}, expected {order.price_minor} {order.currency}"
        )
    if order.stripe_payment_intent_id not in (None, session.payment_intent_id):
        return Mismatch(f"paid twice: by {order.stripe_payment_intent_id} and by {session.payment_intent_id}")
    return Paid(session.payment_intent_id)


def order_id_in(reference: str | None) -> UUID | None:
    """The order that a session or payment refers to; None when it is for something else."""
    try:
        return from_text(ORDER_PREFIX, reference or "")
    except InvalidId:
        return None


def hash_request(kind: str, email: str, locale: str, input: Mapping[str, Any]) -> str:
    """What makes two requests under one Idempotency-Key the same request."""
    canonical = json.dumps([kind, email, locale, input], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def hash_key(email: str, idempotency_key: str) -> str:
    """What is unique of an Idempotency-Key: people without an account are told apart by their address."""
    return hashlib.sha256(f"order\n{email.casefold()}\n{idempotency_key}".encode()).hexdigest()
