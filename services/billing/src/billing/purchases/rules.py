"""The rules of a purchase: where a buyer may return to, and what a Checkout session means for it."""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit
from uuid import UUID

from common.ids import InvalidId, from_text, to_text

PREFIX = "pur"
RETURN_URL_LENGTH_MAX = 2048

PurchaseStatus = Literal["created", "open", "paid", "expired", "failed"]

_DEFAULT_PORTS = {"http": 80, "https": 443}
_FAILED_INTENTS = frozenset({"requires_payment_method", "canceled"})


class ReturnUrlRefused(ValueError):
    """The address is not one that a buyer may be sent back to; the message says why."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """What is bought, by whom, and how far it got. Price and credits are those of the moment of the order."""

    purchase_id: UUID
    account_id: UUID
    product_id: str
    credits: int
    amount_minor: int
    currency: str
    status: PurchaseStatus
    success_url: str
    cancel_url: str
    checkout_attempt: int
    checkout_url: str | None
    checkout_expires_at: datetime | None
    stripe_session_id: str | None
    stripe_payment_intent_id: str | None
    request_hash: str
    created_at: datetime
    paid_at: datetime | None

    @property
    def reference(self) -> str:
        """The purchase as Stripe knows it: `client_reference_id`."""
        return to_text(PREFIX, self.purchase_id)


@dataclass(frozen=True, slots=True)
class CheckoutSession:
    """A Checkout session as Stripe tells of it now. Amounts in the smallest unit of the currency."""

    session_id: str
    client_reference_id: str | None
    status: str
    payment_status: str
    amount_subtotal_minor: int | None
    amount_total_minor: int | None
    currency: str | None
    payment_intent_id: str | None
    payment_intent_status: str | None
    url: str | None
    expires_at: datetime
    invoice_reference: str | None = None
    """Of an invoice that an account has issued; only our own calls set it."""


@dataclass(frozen=True, slots=True)
class Paid:
    """The money is there. `payment_reference` names the payment, whichever event told of it."""

    payment_reference: str


@dataclass(frozen=True, slots=True)
class Closed:
    """No money will come of it."""

    status: Literal["expired", "failed"]


@dataclass(frozen=True, slots=True)
class Undecided:
    """Nothing to do yet: the session is open, or the money is under way."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """What Stripe says and what was ordered differ: a person has to look, and nothing is granted."""

    reason: str


Verdict = Paid | Closed | Undecided | Mismatch


def judge(purchase: Purchase, session: CheckoutSession) -> Verdict:
    """What a session means for the purchase it belongs to.

    A session is fulfilled when it is complete and its `payment_status` is not `unpaid`
    (docs.stripe.com/checkout/fulfillment); amount and currency must be those of our own row.
    """
    if session.status == "expired":
        return Closed("expired")
    if session.status != "complete":
        return Undecided()
    if session.payment_status == "unpaid":
        return Closed("failed") if session.payment_intent_status in _FAILED_INTENTS else Undecided()
    if session.currency != purchase.currency:
        return Mismatch(f"currency {session.currency}, expected {purchase.currency}")
    if session.payment_status == "paid":
        return _judge_paid(purchase, session)
    if session.payment_status == "no_payment_required":
        return _judge_free(purchase, session)
    return Mismatch(f"unknown payment status {session.payment_status}")


def _judge_paid(purchase: Purchase, session: CheckoutSession) -> Verdict:
    if session.amount_total_minor != purchase.amount_minor:
        return Mismatch(f"paid {session.amount_total_minor}, expected {purchase.amount_minor}")
    if session.payment_intent_id is None:
        return Mismatch("paid without a payment intent")
    return _unless_paid_otherwise(purchase, session.payment_intent_id)


def _judge_free(purchase: Purchase, session: CheckoutSession) -> Verdict:
    """A coupon of ours took the whole price: there is no payment, so the session stands for it."""
    if session.amount_total_minor != 0 or session.amount_subtotal_minor != purchase.amount_minor:
        return Mismatch(
            f"nothing to pay of {session.amount_subtotal_minor}, expected a coupon on {purchase.amount_minor}"
        )
    return _unless_paid_otherwise(purchase, session.session_id)


def _unless_paid_otherwise(purchase: Purchase, payment_reference: str) -> Verdict:
    earlier = purchase.stripe_payment_intent_id or purchase.stripe_session_id
    if purchase.status == "paid" and payment_reference != earlier:
        return Mismatch(f"paid twice: by {earlier} and by {payment_reference}")
    return Paid(payment_reference)


def purchase_id_in(client_reference_id: str | None) -> UUID | None:
    """The purchase a session refers to; None when the session is not one of ours."""
    try:
        return from_text(PREFIX, client_reference_id or "")
    except InvalidId:
        return None


def origin_of(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of an http(s) address (RFC 6454).

    Raises:
        ReturnUrlRefused: it is no such address, or one that browsers and parsers read differently.
    """
    if len(url) > RETURN_URL_LENGTH_MAX:
        raise ReturnUrlRefused(f"must not be longer than {RETURN_URL_LENGTH_MAX} characters")
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise ReturnUrlRefused("must be a plain ASCII address")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ReturnUrlRefused("is not an address") from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise ReturnUrlRefused("must begin with http:// or https://")
    if parts.username is not None or parts.password is not None:
        raise ReturnUrlRefused("must not carry credentials")
    return parts.scheme, parts.hostname, port or _DEFAULT_PORTS[parts.scheme]


def check_return_url(url: str, allowed: Collection[tuple[str, str, int]]) -> str:
    """The address itself, when a buyer may be sent there.

    Raises:
        ReturnUrlRefused: odd, or of an origin that is not allowed.
    """
    if origin_of(url) not in allowed:
        raise ReturnUrlRefused("is not on an origin that buyers may return to")
    return url


def hash_request(product_id: str, success_url: str | None, cancel_url: str | None) -> str:
    """What makes two checkout requests under one Idempotency-Key the same request."""
    canonical = json.dumps([product_id, success_url, cancel_url], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
