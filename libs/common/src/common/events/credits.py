"""Facts about credits. Said by billing on the stream `credits`; the ledger alone decides about money."""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from common.events.envelope import Event, Payload
from common.events.jobs import JobSpec


class Balance(Payload):
    """What an account has at some moment. `version` grows with every change; a lower one is older news."""

    available_credits: int
    held_credits: int
    debt_credits: int
    version: int


class CreditsHeld(Event):
    """The price of the job was moved from available to held. The job may run."""

    type: ClassVar[str] = "credits.held"
    topic: ClassVar[str] = "credits"

    account_id: UUID
    job: JobSpec
    hold_id: UUID
    amount_credits: int = Field(ge=0)
    available_credits: int = Field(ge=0)
    balance: Balance | None = None


class CreditsRefused(Event):
    """The account could not pay for the job. Nothing was moved."""

    type: ClassVar[str] = "credits.refused"
    topic: ClassVar[str] = "credits"

    account_id: UUID
    job_id: UUID
    required_credits: int
    available_credits: int
    reason: Literal["insufficient_credits", "debt_outstanding", "hold_expired"] = "insufficient_credits"


class CreditsCaptured(Event):
    """The hold of a job was settled: this much was charged, the rest went back."""

    type: ClassVar[str] = "credits.captured"
    topic: ClassVar[str] = "credits"

    account_id: UUID
    job_id: UUID
    hold_id: UUID
    captured_credits: int = Field(ge=0)
    released_credits: int = Field(ge=0)
    available_credits: int
    balance: Balance | None = None


class CreditsReleased(Event):
    """The hold of a job was given back in full."""

    type: ClassVar[str] = "credits.released"
    topic: ClassVar[str] = "credits"

    account_id: UUID
    job_id: UUID
    hold_id: UUID
    released_credits: int = Field(ge=0)
    reason: Literal["failed", "cancelled", "expired"]
    available_credits: int
    balance: Balance | None = None


class BalanceChanged(Event):
    """What an account has now, after a change that no event of a job tells of. `version` as in `Balance`."""

    type: ClassVar[str] = "balance.changed"
    topic: ClassVar[str] = "credits"

    account_id: UUID
    available_credits: int
    held_credits: int
    debt_credits: int
    version: int


class PurchaseCompleted(Event):
    """A payment arrived and its credits were granted."""

    type: ClassVar[str] = "purchase.completed"
    topic: ClassVar[str] = "credits"

    account_id: UUID
    purchase_id: UUID
    product: str
    credits: int = Field(ge=0)
    amount_minor: int
    currency: str
    available_credits: int
