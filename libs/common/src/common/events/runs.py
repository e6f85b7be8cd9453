"""Facts about the execution of jobs. Said by generation on the stream `runs`."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import Field

from common.events.envelope import Event, Payload


class Wait(Payload):
    """When a queued run is expected to start and finish: a place in the order and an interval in seconds."""

    position: int = Field(ge=0)
    start_seconds_p50: float = Field(ge=0)
    start_seconds_p90: float = Field(ge=0)
    duration_seconds_p50: float = Field(ge=0)
    duration_seconds_p90: float = Field(ge=0)


class AttemptSummary(Payload):
    """One call of a provider: what was asked of whom, how it ended and what it cost us."""

    step: str
    provider: str
    model: str
    outcome: str
    error_code: str | None = None
    duration_seconds: float = Field(ge=0)
    cost_microusd: int | None = None
    branch: str = "first"
    """`first`: the provider of choice; `waited`: the same, after it was down; `fallback`: another in its place."""


class DeliveredPart(Payload):
    """A part of the work that its owner has already, what it costs by itself, and what it is."""

    name: str
    credits: int = Field(ge=0)
    result: dict[str, Any]


class RunEvent(Event):
    """What all facts about a run share."""

    topic: ClassVar[str] = "runs"

    account_id: UUID
    job_id: UUID
    kind: str


class RunQueued(RunEvent):
    """The run has its place in the fair order."""

    type: ClassVar[str] = "run.queued"

    wait: Wait


class RunStarted(RunEvent):
    """A worker works on the run; `attempt` 2 and more means that an earlier worker was lost."""

    type: ClassVar[str] = "run.started"

    attempt: int = Field(ge=1)


class RunProgressed(RunEvent):
    """How far the run is, told for people."""

    type: ClassVar[str] = "run.progressed"

    attempt: int = Field(ge=1)
    sequence: int = Field(ge=0)
    progress: float = Field(ge=0, le=1)
    step: str
    message: str
    preview_url: str | None = None


class RunCompleted(RunEvent):
    """The work was done and stored. `charge_credits` is what it is worth, at most the hold."""

    type: ClassVar[str] = "run.completed"

    charge_credits: int = Field(ge=0)
    result: dict[str, Any]
    attempts: tuple[AttemptSummary, ...] = ()
    started_at: datetime
    finished_at: datetime


class RunFailed(RunEvent):
    """The work cannot be done; the credits go back."""

    type: ClassVar[str] = "run.failed"

    code: str
    detail: str
    attempts: tuple[AttemptSummary, ...] = ()
    started_at: datetime | None = None
    finished_at: datetime


class RunCostSettled(RunEvent):
    """What a purchase has cost, known only after its run has told its outcome; no part of what that said."""

    type: ClassVar[str] = "run.cost_settled"

    attempt_id: UUID
    provider: str
    model: str
    cost_microusd: int = Field(ge=0)


class RunCancelled(RunEvent):
    """The owner stopped the run; `charge_credits` pays for `parts`, which were delivered before."""

    type: ClassVar[str] = "run.cancelled"

    charge_credits: int = Field(default=0, ge=0)
    parts: tuple[DeliveredPart, ...] = ()
    attempts: tuple[AttemptSummary, ...] = ()
    finished_at: datetime
