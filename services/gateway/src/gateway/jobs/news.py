"""What a batch of events says of each job, taken together: pure, and the same in whatever order the events come."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from common.events.credits import Balance, BalanceChanged, CreditsCaptured, CreditsHeld, CreditsRefused, CreditsReleased
from common.events.runs import RunCancelled, RunCompleted, RunFailed, RunProgressed, RunQueued, RunStarted
from gateway.jobs.status import RANK_FINAL, RANKS, JobStatus

JobFact = (
    CreditsHeld
    | CreditsRefused
    | CreditsCaptured
    | CreditsReleased
    | RunQueued
    | RunStarted
    | RunProgressed
    | RunCompleted
    | RunFailed
    | RunCancelled
)
Fact = JobFact | BalanceChanged


@dataclass(slots=True)
class JobNews:
    """What is new of one job; what nothing was said of is None."""

    job_id: UUID
    status: JobStatus = JobStatus.SUBMITTED
    held_credits: int | None = None
    wait: dict[str, Any] | None = None
    attempt: int = 0
    started_at: datetime | None = None
    told_attempt: int | None = None
    progress: float | None = None
    message: str | None = None
    finished_at: datetime | None = None
    result: dict[str, Any] | None = None
    error: dict[str, str] | None = None
    attempts: list[dict[str, Any]] | None = None
    charged_credits: int | None = None
    returned_credits: int | None = None
    settled_at: datetime | None = None

    @property
    def rank(self) -> int:
        """The rank of the status."""
        return RANKS[self.status]

    def take(self, event: JobFact) -> None:
        """Add what an event says. The first outcome stays, the latest attempt's furthest progress counts."""
        match event:
            case CreditsHeld():
                self.held_credits = event.amount_credits
            case CreditsRefused():
                self._finish(JobStatus.REJECTED, event.occurred_at, error=_refusal(event))
            case CreditsCaptured():
                self._settle(event.captured_credits, event.released_credits, event.occurred_at)
            case CreditsReleased():
                self._settle(0, event.released_credits, event.occurred_at)
            case RunQueued():
                self.wait = event.wait.model_dump(mode="json")
                self._rise(JobStatus.QUEUED)
            case RunStarted():
                self.attempt = max(self.attempt, event.attempt)
                self._started(event.occurred_at)
                self._rise(JobStatus.RUNNING)
            case RunProgressed():
                self._progress(event)
            case RunCompleted():
                self._end(event, JobStatus.SUCCEEDED, event.started_at, result=event.result)
            case RunFailed():
                error = {"code": event.code, "detail": event.detail}
                self._end(event, JobStatus.FAILED, event.started_at, error=error)
            case RunCancelled():
                parts = [part.model_dump(mode="json") for part in event.parts]
                self._end(event, JobStatus.CANCELLED, None, result={"parts": parts} if parts else None)

    def _rise(self, status: JobStatus) -> None:
        if RANKS[status] > self.rank:
            self.status = status

    def _started(self, at: datetime | None) -> None:
        if at is not None:
            self.started_at = at if self.started_at is None else min(self.started_at, at)

    def _progress(self, event: RunProgressed) -> None:
        known = (self.told_attempt or 0, self.progress or 0.0)
        if event.attempt >= self.attempt and (event.attempt, event.progress) >= known:
            self.told_attempt, self.progress, self.message = event.attempt, event.progress, event.message

    def _end(
        self,
        event: RunCompleted | RunFailed | RunCancelled,
        status: JobStatus,
        started_at: datetime | None,
        *,
        result: dict[str, Any] | None = None,
        error: dict[str, str] | None = None,
    ) -> None:
        attempts = [attempt.model_dump(mode="json") for attempt in event.attempts]
        self._finish(status, event.finished_at, result=result, error=error, attempts=attempts)
        self._started(started_at)

    def _finish(
        self,
        status: JobStatus,
        at: datetime,
        *,
        result: dict[str, Any] | None = None,
        error: dict[str, str] | None = None,
        attempts: list[dict[str, Any]] | None = None,
    ) -> None:
        if self.rank == RANK_FINAL:
            return
        self.status, self.finished_at = status, at
        self.result, self.error, self.attempts = result, error, attempts

    def _settle(self, charged: int, returned: int, at: datetime) -> None:
        self.charged_credits, self.returned_credits, self.settled_at = charged, returned, at


def fold(events: Iterable[Fact]) -> list[JobNews]:
    """The news of each job, in the order of their ids."""
    news: dict[UUID, JobNews] = {}
    for event in events:
        if not isinstance(event, BalanceChanged):
            job_id = event.job.job_id if isinstance(event, CreditsHeld) else event.job_id
            news.setdefault(job_id, JobNews(job_id)).take(event)
    return sorted(news.values(), key=lambda one: one.job_id)


def balance_in(event: Fact) -> Balance | BalanceChanged | None:
    """The balance that an event tells of, if it does."""
    match event:
        case BalanceChanged():
            return event
        case CreditsHeld() | CreditsCaptured() | CreditsReleased():
            return event.balance
        case _:
            return None


def _refusal(event: CreditsRefused) -> dict[str, str]:
    detail = f"This costs {event.required_credits} credits and {event.available_credits} are available."
    return {"code": "INSUFFICIENT_CREDITS", "detail": detail}
