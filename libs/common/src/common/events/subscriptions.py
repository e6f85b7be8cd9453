"""Facts about plans and subscriptions. Said by billing on the stream `credits`."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from common.events.envelope import Event


class AccountChanged(Event):
    """Another plan counts for an account from now on. `version` grows with every change; a lower one is older news."""

    type: ClassVar[str] = "account.changed"
    topic: ClassVar[str] = "credits"

    account_id: UUID
    plan: str
    previous_plan: str
    version: int


class SubscriptionChanged(Event):
    """What an account's subscription is now; `plan` is what counts, `next_plan` what the next renewal is for.

    `interval` is that of the period under way, `next_interval` that of the next one; none after the last one.

    `status` is Stripe's (`active`, `past_due`, `canceled`, …). While money is owed the plan stays until
    `grace_until`. `version` grows with every change; a lower one is older news. `paid_since` is the first day of the
    paid periods that have followed each other until now, and null while no plan is paid for.
    """

    type: ClassVar[str] = "subscription.changed"
    topic: ClassVar[str] = "credits"

    account_id: UUID
    subscription_id: UUID
    plan: str
    status: str
    interval: Literal["month", "year"]
    period_end: datetime
    next_plan: str
    next_interval: Literal["month", "year"] | None = None
    grace_until: datetime | None = None
    paid_since: datetime | None = None
    version: int


class SubscriptionPaymentFailed(Event):
    """A subscription's invoice could not be paid. Said once for each invoice, however often it is tried."""

    type: ClassVar[str] = "subscription.payment_failed"
    topic: ClassVar[str] = "credits"

    account_id: UUID
    subscription_id: UUID
    invoice: str
    """Stripe's id of it."""
    plan: str
    amount_minor: int
    currency: str
    grace_until: datetime | None = None
