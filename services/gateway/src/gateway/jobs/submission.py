"""A submission on its way through admission: what was asked, and what came of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from common.db.outbox_record import OutboxRecord
from gateway.plans.limits import PlanLimits


class KindOfWork(Protocol):
    """What of its kind a job keeps."""

    @property
    def name(self) -> str:
        """The kind's name."""

    @property
    def job_class(self) -> str:
        """Whose queue it waits in."""


@dataclass(frozen=True, slots=True)
class PartRate:
    """What one user or one key of an account may submit in a minute, where that is less than the account's rate."""

    subject: str
    part: str
    per_minute: int


@dataclass(frozen=True, slots=True)
class Submission:
    """One request for work, valid and priced, before any limit was looked at."""

    job_id: UUID
    account_id: UUID
    kind: KindOfWork
    limits: PlanLimits
    price_credits: int
    input_text: str
    idempotency_key: str | None
    request_hash: bytes
    created_at: datetime
    deadline_at: datetime
    traceparent: str | None
    record: OutboxRecord
    rates: tuple[PartRate, ...] = ()


@dataclass(frozen=True, slots=True)
class FirstUse:
    """The job that Redis remembers for an idempotency key, and the request's hash where it is remembered too."""

    job_id: UUID
    request_hash: bytes | None


@dataclass(frozen=True, slots=True)
class RateState:
    """Within the limits; what is left of the submission rate, for the `RateLimit` header.

    `first`: the idempotency key was seen before. `local`: decided in this process alone, without Redis.
    """

    limit: int
    remaining: int
    reset_seconds: float
    first: FirstUse | None = None
    local: bool = False


@dataclass(frozen=True, slots=True)
class HeldJob:
    """A job that waits for the database (see `gateway.degraded`)."""

    job_id: UUID
    kind: str
    job_class: str
    price_credits: int
    created_at: datetime
    request_hash: bytes


@dataclass(frozen=True, slots=True)
class Undurable:
    """Within its limits, but the database did not answer."""

    state: RateState


@dataclass(frozen=True, slots=True)
class Accepted:
    """The job is durable. `replayed` means that an earlier submission with the same key made it.

    `held`: it waits for the database.
    """

    job_id: UUID
    replayed: bool
    rate: RateState | None
    held: HeldJob | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A limit refuses; nothing was kept. `number` is what the rule counted, `limit` what it permits and to whom."""

    rule: Literal["rate", "quota", "in_flight", "credits", "click", "key_reused"]
    number: int = 0
    limit: int = 0
    retry_after_seconds: float | None = None
    job_id: UUID | None = None
    subject: str = "account"


Verdict = Accepted | Refused
