"""The public events: what an account is told over SSE and `GET /v1/events/log`, one union by `type`.

Ids are in the prefixed text form of the public API, credits are integers. Adding an optional field is
compatible; anything else is a new `type`. A client ignores types and members it does not know.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypeAliasType


class PublicEvent(BaseModel):
    """What all events share. `sequence` counts the account's events without gaps and is the SSE `id`."""

    model_config = ConfigDict(frozen=True)

    type: str
    id: str
    sequence: int = Field(ge=1)
    occurred_at: datetime


class JobEvent(PublicEvent):
    """An event of one job. `final` marks the last word: both the outcome and the credits have been told."""

    job_id: str
    final: bool = False


class JobSubmittedEvent(JobEvent):
    """The job was accepted; credits are being held for it."""

    type: Literal["job.submitted"] = "job.submitted"
    kind: str
    price_credits: int


class WaitEstimate(BaseModel):
    """Seconds: half of such jobs take at most the first figure, nine in ten at most the second."""

    model_config = ConfigDict(frozen=True)

    start_seconds_p50: float
    start_seconds_p90: float
    duration_seconds_p50: float
    duration_seconds_p90: float


class JobQueuedEvent(JobEvent):
    """The job is paid for and waits for a worker; `position` jobs go before it."""

    type: Literal["job.queued"] = "job.queued"
    kind: str
    position: int
    wait: WaitEstimate


class JobStartedEvent(JobEvent):
    """A worker works on the job; `attempt` 2 and more means that it goes on where a lost worker stopped."""

    type: Literal["job.started"] = "job.started"
    kind: str
    attempt: int


class JobProgressEvent(JobEvent):
    """How far the job is: `progress` from 0 to 1, the step's name, a sentence, sometimes a picture so far."""

    type: Literal["job.progress"] = "job.progress"
    attempt: int
    progress: float
    step: str
    message: str
    preview_url: str | None


class JobSucceededEvent(JobEvent):
    """The work is done; `result` has the shape that the job's kind declares."""

    type: Literal["job.succeeded"] = "job.succeeded"
    kind: str
    result: dict[str, Any]
    started_at: datetime
    finished_at: datetime


class JobFailedEvent(JobEvent):
    """The work cannot be done; `credits_returned` go back (null while the amount is not known)."""

    type: Literal["job.failed"] = "job.failed"
    kind: str
    code: str
    detail: str
    credits_returned: int | None
    finished_at: datetime


class DeliveredPart(BaseModel):
    """A part of the work, what it cost by itself, and what it is."""

    model_config = ConfigDict(frozen=True)

    name: str
    credits: int
    result: dict[str, Any]


class JobCancelledEvent(JobEvent):
    """The owner stopped the job; `charge_credits` pays for `parts`, which were delivered before and are kept."""

    type: Literal["job.cancelled"] = "job.cancelled"
    kind: str
    charge_credits: int
    parts: tuple[DeliveredPart, ...] = ()
    finished_at: datetime


class JobRejectedEvent(JobEvent):
    """The account could not pay for the job; nothing was charged."""

    type: Literal["job.rejected"] = "job.rejected"
    required_credits: int
    available_credits: int
    reason: str


class JobChargedEvent(JobEvent):
    """The job was settled: this much was charged, the rest went back."""

    type: Literal["job.charged"] = "job.charged"
    captured_credits: int
    released_credits: int
    available_credits: int


class JobReleasedEvent(JobEvent):
    """The job cost nothing: all that was held for it went back."""

    type: Literal["job.released"] = "job.released"
    released_credits: int
    available_credits: int
    reason: str


class BalanceChangedEvent(PublicEvent):
    """What the account has now."""

    type: Literal["balance.changed"] = "balance.changed"
    available_credits: int
    held_credits: int
    debt_credits: int


class PurchaseCompletedEvent(PublicEvent):
    """A payment arrived and its credits were granted. `amount_minor` is in the currency's smallest unit."""

    type: Literal["purchase.completed"] = "purchase.completed"
    purchase_id: str
    product: str
    credits: int
    amount_minor: int
    currency: str
    available_credits: int


class SubscriptionChangedEvent(PublicEvent):
    """What the subscription is now. Of two such events the one with the higher `version` is the later news."""

    type: Literal["subscription.changed"] = "subscription.changed"
    plan: str
    status: str
    interval: Literal["month", "year"]
    period_end: datetime
    next_plan: str
    grace_until: datetime | None
    version: int


class InvoicePaidEvent(PublicEvent):
    """The client has paid an invoice of the account's. `amount_minor` is in the currency's smallest unit."""

    type: Literal["invoice.paid"] = "invoice.paid"
    invoice_id: str
    number: str
    amount_minor: int
    currency: str
    paid_at: datetime


ServerEvent = TypeAliasType(
    "ServerEvent",
    Annotated[
        JobSubmittedEvent
        | JobQueuedEvent
        | JobStartedEvent
        | JobProgressEvent
        | JobSucceededEvent
        | JobFailedEvent
        | JobCancelledEvent
        | JobRejectedEvent
        | JobChargedEvent
        | JobReleasedEvent
        | BalanceChangedEvent
        | PurchaseCompletedEvent
        | SubscriptionChangedEvent
        | InvoicePaidEvent,
        Field(discriminator="type"),
    ],
)
"""By name, so that it has one in OpenAPI too."""


class EventPage(BaseModel):
    """A page of the log, oldest first.

    Ask again with `after=next_after`. `reset` says that events between `after` and the first one here are no
    longer kept: read the current state again.
    """

    items: list[ServerEvent]
    next_after: int
    has_more: bool
    reset: bool


class ResetNotice(BaseModel):
    """SSE `event: reset`: the resume point is not in the log any more; read the current state again."""

    oldest_sequence: int
    last_sequence: int


class PositionNotice(BaseModel):
    """SSE `event: job.position`: a job that waits has another place now. Told as it happens and kept nowhere.

    It has no `id`. Once the job has started it means nothing any more.
    """

    job_id: str
    position: int
    wait: WaitEstimate


class DrainNotice(BaseModel):
    """SSE `event: server-draining`: this server goes away; reconnect and nothing is lost."""

    retry_ms: int
