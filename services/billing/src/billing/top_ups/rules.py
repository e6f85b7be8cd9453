"""The rules of automatic top-ups: when to try again after a decline, when to stop, and which month counts."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

from billing.purchases.rules import PREFIX, CheckoutSession
from common.ids import to_text

BACKOFF_AFTER_DECLINE = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))
"""After the first, second and third decline in a row; the fourth switches the rule off."""

KEY_LIFE = timedelta(hours=23)
"""Stripe keeps what it answered under an idempotency key for 24 hours; later a key protects nothing."""

THRESHOLD_MAX = 1_000_000
CEILING_MINOR_MAX = 100_000_000

TopUpStatus = Literal["pending", "requires_action", "paid", "failed"]
PaymentState = Literal["paid", "declined", "needs_action", "under_way", "given_up"]


@dataclass(frozen=True, slots=True)
class Card:
    """A card that may be charged without its owner there."""

    payment_method_id: str
    brand: str
    last4: str


@dataclass(frozen=True, slots=True)
class Rule:
    """An account's wish: below `threshold_credits` buy the pack, for at most so much in a calendar month (UTC)."""

    account_id: UUID
    enabled: bool
    threshold_credits: int
    product_id: str
    monthly_ceiling_minor: int
    declines: int
    next_try_at: datetime
    disabled_reason: str | None
    card_brand: str | None
    card_last4: str | None


@dataclass(frozen=True, slots=True)
class TopUp:
    """One attempt, which is a purchase that is paid without its buyer. `tries` counts this one."""

    purchase_id: UUID
    account_id: UUID
    product_id: str
    credits: int
    amount_minor: int
    currency: str
    status: TopUpStatus
    customer_id: str | None
    payment_method_id: str | None
    payment_intent_id: str | None
    key_number: int
    tries: int
    created_at: datetime
    purchase_status: str
    failure_code: str | None

    @property
    def reference(self) -> str:
        """The purchase as Stripe knows it."""
        return to_text(PREFIX, self.purchase_id)

    @property
    def idempotency_key(self) -> str:
        """What the vendor knows this attempt's payment by."""
        return f"top_up:{self.reference}:{self.key_number}"


@dataclass(frozen=True, slots=True)
class OffSessionPayment:
    """What the vendor says of an attempt's payment. `code` says why it was declined or wants its owner."""

    payment_intent_id: str
    state: PaymentState
    facts: CheckoutSession
    code: str | None = None


def next_try_after(declines: int, moment: datetime) -> datetime | None:
    """When to try again after so many declines in a row; None when it is not tried again."""
    if declines > len(BACKOFF_AFTER_DECLINE):
        return None
    return moment + BACKOFF_AFTER_DECLINE[declines - 1]


def month_of(moment: datetime) -> datetime:
    """The beginning of the calendar month, in UTC."""
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
