"""The rules of subscriptions: which plan an account has, given what Stripe says and what was paid; what a change means.

A plan is what was paid for. While a paid period runs its plan counts, whatever the subscription is for from the next
renewal on; so a downgrade takes effect with the renewal. When the next period is not paid yet, because Stripe has not
charged the card or the card was declined, the plan stays for a grace period after the end of the last paid one. Money
that went back in full ends the plan it had paid for.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from billing.subscriptions.periods import Interval, InvoiceLine, Offer
from common.ids import InvalidId, from_text, to_text

FREE = "free"
SUBSCRIPTION_PREFIX = "sbs"
ORDER_PREFIX = "sbo"

OVER = frozenset({"canceled", "incomplete_expired"})
LIVE = frozenset({"active", "trialing", "past_due", "unpaid", "paused"})
_PAYING = frozenset({"active", "trialing", "past_due"})

OrderStatus = Literal["created", "open", "completed", "expired"]
Effect = Literal["now", "period_end"]


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice as Stripe shows it now. Amounts in the smallest unit of the currency."""

    invoice_id: str
    subscription_id: str | None
    status: str
    total_minor: int
    amount_due_minor: int
    currency: str
    attempts: int
    lines: tuple[InvoiceLine, ...]
    paid_at: datetime | None

    @property
    def failed(self) -> bool:
        """Whether the money was asked for in vain, and is still owed."""
        return self.status == "open" and self.attempts > 0 and self.amount_due_minor > 0


@dataclass(frozen=True, slots=True)
class Facts:
    """A subscription as Stripe shows it now, with its latest invoice and those of its paid invoices that were read."""

    stripe_subscription_id: str
    stripe_customer_id: str
    stripe_item_id: str
    order_reference: str | None
    status: str
    price_id: str
    next_price_id: str
    amount_minor: int
    currency: str
    period_starts_at: datetime
    period_ends_at: datetime
    cancel_at: datetime | None
    started_at: datetime
    ended_at: datetime | None
    latest_invoice: Invoice | None
    paid_invoices: tuple[Invoice, ...]


@dataclass(frozen=True, slots=True)
class Subscription:
    """What we keep of a subscription; `plan` and `interval` are what its next renewal is for.

    `period_interval` is how long the period under way is.
    """

    subscription_id: UUID
    account_id: UUID
    stripe_subscription_id: str
    stripe_customer_id: str
    stripe_item_id: str
    status: str
    plan: str
    interval: Interval
    period_starts_at: datetime
    period_ends_at: datetime
    cancel_at: datetime | None
    started_at: datetime
    ended_at: datetime | None
    period_interval: Interval

    @property
    def live(self) -> bool:
        """Whether it goes on, paid or not."""
        return self.status in LIVE

    @property
    def reference(self) -> str:
        """The id in the public API."""
        return to_text(SUBSCRIPTION_PREFIX, self.subscription_id)


@dataclass(frozen=True, slots=True)
class Paid:
    """A period that was paid for; `reversed` when all of the money went back."""

    plan: str
    starts_at: datetime
    ends_at: datetime
    reversed: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """The plan that counts for an account, and what becomes of it; all but `plan` is of the subscription behind it.

    `grace_ends_at` is set while money is owed; `review_at` when the answer may be another though nothing happens;
    `paid_since` while a plan counts: the first day of the paid periods that have followed each other until now.
    """

    plan: str = FREE
    subscription_id: UUID | None = None
    status: str | None = None
    interval: Interval | None = None
    period_ends_at: datetime | None = None
    next_plan: str | None = None
    next_interval: Interval | None = None
    grace_ends_at: datetime | None = None
    review_at: datetime | None = None
    paid_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A subscription that is being bought. Price and customer are those of this attempt at a payment page."""

    order_id: UUID
    account_id: UUID
    plan: str
    interval: Interval
    amount_minor: int
    currency: str
    status: OrderStatus
    success_url: str
    cancel_url: str
    stripe_customer_id: str | None
    stripe_price_id: str | None
    checkout_attempt: int
    checkout_url: str | None
    checkout_expires_at: datetime | None
    stripe_session_id: str | None
    request_hash: str

    @property
    def reference(self) -> str:
        """The order as Stripe knows it: `client_reference_id`, and metadata of the subscription."""
        return to_text(ORDER_PREFIX, self.order_id)


def judge(
    held: Sequence[tuple[Subscription, Sequence[Paid]]], ranks: Mapping[str, int], moment: datetime, grace: timedelta
) -> Standing:
    """The standing of an account with these subscriptions, each with what was paid for it.

    The best plan counts. Among equals the subscription that goes on, and then the newer one.
    """
    standings = [
        (_standing(subscription, paid, ranks, moment, grace), subscription.live, subscription.started_at)
        for subscription, paid in held
    ]
    if not standings:
        return Standing()
    best = max(standings, key=lambda each: (ranks.get(each[0].plan, 0), each[1], each[2]))[0]
    reviews = [standing.review_at for standing, _, _ in standings if standing.review_at is not None]
    since = None if best.plan == FREE else paid_since([period for _, paid in held for period in paid], moment, grace)
    return replace(best, review_at=min(reviews, default=None), paid_since=since)


def paid_since(paid: Sequence[Paid], moment: datetime, grace: timedelta) -> datetime | None:
    """When the paid periods began that have followed each other until now, whatever plan or subscription they were of.

    A gap that is not longer than the grace period does not part them: the plan did not end in it either.
    """
    since: datetime | None = None
    until: datetime | None = None
    for period in sorted(paid, key=lambda each: each.starts_at):
        if period.reversed or period.starts_at > moment:
            continue
        if until is None or period.starts_at > until + grace:
            since, until = period.starts_at, period.ends_at
        until = max(until, period.ends_at)
    return since


def effect_of(current: Offer, wanted: Offer) -> Effect:
    """When a change from one offer to another takes effect.

    A better plan, or the same one for a year, begins at once and is paid at once. A lesser plan, and any by the month
    after a year, begins with the next renewal: what was paid for is used first.
    """
    if current.interval == wanted.interval:
        return "now" if wanted.rank > current.rank else "period_end"
    return "now" if current.interval == "month" and wanted.rank >= current.rank else "period_end"


def order_id_in(reference: str | None) -> UUID | None:
    """The order a session or subscription refers to; None when it is not one of ours."""
    try:
        return from_text(ORDER_PREFIX, reference or "")
    except InvalidId:
        return None


def hash_request(*parts: str | None) -> str:
    """What makes two requests under one Idempotency-Key the same request."""
    canonical = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def _standing(
    subscription: Subscription, paid: Sequence[Paid], ranks: Mapping[str, int], moment: datetime, grace: timedelta
) -> Standing:
    grace_ends_at = _grace_ends_at(paid, grace)
    plan = _plan(subscription, paid, ranks, moment, grace_ends_at)
    owed = subscription.status == "past_due"
    goes_on = subscription.live and subscription.cancel_at is None
    boundaries = [at for period in paid for at in (period.starts_at, period.ends_at)]
    changes = sorted(at for at in (*boundaries, grace_ends_at) if at is not None and at > moment)
    return Standing(
        plan=plan,
        subscription_id=subscription.subscription_id,
        status=subscription.status,
        interval=subscription.period_interval,
        period_ends_at=subscription.ended_at or subscription.period_ends_at,
        next_plan=subscription.plan if goes_on else FREE,
        next_interval=subscription.interval if goes_on else None,
        grace_ends_at=grace_ends_at if owed else None,
        review_at=changes[0] if changes and subscription.status in _PAYING else None,
    )


def _plan(
    subscription: Subscription,
    paid: Sequence[Paid],
    ranks: Mapping[str, int],
    moment: datetime,
    grace_ends_at: datetime | None,
) -> str:
    if subscription.status not in _PAYING or (subscription.cancel_at is not None and moment >= subscription.cancel_at):
        return FREE

    def rank(plan: str) -> int:
        return ranks.get(plan, -1)

    running = [period for period in paid if period.starts_at <= moment < period.ends_at]
    if running:
        return max((period.plan for period in running if not period.reversed), key=rank, default=FREE)
    if grace_ends_at is None or moment >= grace_ends_at:
        return FREE
    last = max((period for period in paid if not period.reversed), key=lambda period: period.ends_at)
    return min(last.plan, subscription.plan, key=rank)


def _grace_ends_at(paid: Sequence[Paid], grace: timedelta) -> datetime | None:
    last = max((period.ends_at for period in paid if not period.reversed), default=None)
    return last + grace if last is not None else None
