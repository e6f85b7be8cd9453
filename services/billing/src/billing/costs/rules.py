"""What a run cost, as its outcome tells."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from common.events.runs import RunCancelled, RunCompleted, RunFailed

RunOutcome = RunCompleted | RunFailed | RunCancelled


@dataclass(frozen=True, slots=True)
class ProviderCost:
    """What the providers' calls of one job cost together, in millionths of a US dollar."""

    job_id: UUID
    account_id: UUID
    kind: str
    outcome: Literal["completed", "failed", "cancelled"]
    cost_microusd: int
    attempts: int
    occurred_at: datetime


def cost_of(event: RunOutcome) -> ProviderCost | None:
    """The cost of a run, failed attempts included; None when no provider was asked."""
    if not event.attempts:
        return None
    match event:
        case RunCompleted():
            outcome: Literal["completed", "failed", "cancelled"] = "completed"
        case RunFailed():
            outcome = "failed"
        case RunCancelled():
            outcome = "cancelled"
    return ProviderCost(
        job_id=event.job_id,
        account_id=event.account_id,
        kind=event.kind,
        outcome=outcome,
        cost_microusd=sum(attempt.cost_microusd or 0 for attempt in event.attempts),
        attempts=len(event.attempts),
        occurred_at=event.finished_at,
    )
