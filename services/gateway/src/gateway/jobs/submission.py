"""A submission on its way through admission: what was asked, and what came of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from common.db.outbox_record import OutboxRecord
from gateway.kinds.catalogue import OfferedKind
from gateway.plans.limits import PlanLimits


@dataclass(frozen=True, slots=True)
class Submission:
    """One request for work, valid and priced, before any limit was looked at."""

    job_id: UUID
    account_id: UUID
    kind: OfferedKind
    limits: PlanLimits
    price_credits: int
    input_text: str
    idempotency_key: str | None
    request_hash: bytes
    created_at: datetime
    deadline_at: datetime
    traceparent: str | None
    record: OutboxRecord


@dataclass(frozen=True, slots=True)
class RateState:
    """What is left of the submission rate, for the `RateLimit` header."""

    limit: int
    remaining: int
    reset_seconds: float


@dataclass(frozen=True, slots=True)
class Accepted:
    """The job is durable. `replayed` means that an earlier submission with the same key made it."""

    job_id: UUID
    replayed: bool
    rate: RateState | None


@dataclass(frozen=True, slots=True)
class Refused:
    """A limit refuses; nothing was kept. `number` is what the rule counted, `limit` what it permits."""

    rule: Literal["rate", "quota", "in_flight", "credits", "click", "key_reused"]
    number: int = 0
    limit: int = 0
    retry_after_seconds: float | None = None
    job_id: UUID | None = None


Verdict = Accepted | Refused
