"""What is told of a fact, given what was told before: stale news is dropped, the first outcome stands."""

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from common.events.credits import (
    Balance,
    BalanceChanged,
    CreditsCaptured,
    CreditsHeld,
    CreditsRefused,
    CreditsReleased,
    PurchaseCompleted,
)
from common.events.documents import InvoicePaid
from common.events.envelope import Event
from common.events.jobs import JobSubmitted
from common.events.runs import RunCancelled, RunCompleted, RunFailed, RunProgressed, RunQueued, RunStarted
from common.events.subscriptions import SubscriptionChanged

Outcome = Literal["succeeded", "failed", "cancelled", "rejected"]
Settlement = Literal["captured", "released"]

FEED_FACTS: tuple[type[Event], ...] = (
    JobSubmitted,
    CreditsHeld,
    CreditsRefused,
    CreditsCaptured,
    CreditsReleased,
    BalanceChanged,
    PurchaseCompleted,
    InvoicePaid,
    SubscriptionChanged,
    RunQueued,
    RunStarted,
    RunProgressed,
    RunCompleted,
    RunFailed,
    RunCancelled,
)
"""The kernel events that the log takes in."""


@dataclass(slots=True)
class Feed:
    """An account's place in its own log."""

    account_id: UUID
    last_sequence: int = 0
    balance_version: int = -1
    closed: bool = False
    """The account was deleted: nothing is told any more."""


@dataclass(slots=True)
class JobState:
    """What is known and was told of a job. Facts arrive in any order and complete it."""

    job_id: UUID
    account_id: UUID
    kind: str | None = None
    held_credits: int | None = None
    attempt: int = 0
    progress_sequence: int = -1
    outcome: Outcome | None = None
    settlement: Settlement | None = None
    captured_credits: int = 0
    released_credits: int = 0
    closed_sequence: int | None = None
    reason: str | None = None
    """Why it failed, for its owner."""
    file: dict[str, Any] | None = None
    """Of its result, what goes along with the mail about it: `url`, `media_type`, `size_bytes`."""

    @property
    def complete(self) -> bool:
        """Whether both the outcome and what it cost are known."""
        return self.outcome == "rejected" or (self.outcome is not None and self.settlement is not None)


def job_id_of(event: Event) -> UUID | None:
    """The job that an event is about, if it is about one."""
    match event:
        case JobSubmitted() | CreditsHeld():
            return event.job.job_id
        case _:
            job_id = getattr(event, "job_id", None)
            return job_id if isinstance(job_id, UUID) else None


def note_job_fact(job: JobState, event: Event) -> bool:
    """Take a fact into the job's state; the answer says whether it is news for the account."""
    match event:
        case JobSubmitted():
            job.kind = event.job.kind
            return True
        case CreditsHeld():
            job.kind = event.job.kind
            job.held_credits = event.amount_credits
            return False
        case CreditsRefused():
            return _note_outcome(job, "rejected")
        case CreditsCaptured():
            return _note_settlement(job, "captured", event.captured_credits, event.released_credits)
        case CreditsReleased():
            return _note_settlement(job, "released", 0, event.released_credits)
        case RunQueued() | RunStarted() | RunProgressed():
            return _note_run(job, event)
        case RunCompleted() | RunFailed() | RunCancelled():
            job.kind = event.kind
            if isinstance(event, RunFailed) and job.outcome is None:
                job.reason = event.detail
            if isinstance(event, RunCompleted) and job.outcome is None:
                job.file = _mailed_file(event)
            return _note_outcome(job, _OUTCOMES[type(event)])
        case _:
            return False


def _mailed_file(event: RunCompleted) -> dict[str, Any] | None:
    """The first file of a result that its kind wants mailed."""
    for member in event.result.values():
        if isinstance(member, dict) and member.get("mailed") is True:
            return {name: member[name] for name in ("url", "media_type", "size_bytes")}
    return None


def note_account_fact(feed: Feed, event: Event) -> bool:
    """Take a fact about the account itself into its feed; the answer says whether it is news."""
    match event:
        case BalanceChanged():
            return note_balance(feed, event)
        case PurchaseCompleted() | SubscriptionChanged() | InvoicePaid():
            return True
        case _:
            return False


def note_balance(feed: Feed, balance: Balance | BalanceChanged) -> bool:
    """Take a balance into an account's feed; the answer says whether it is news."""
    if balance.version <= feed.balance_version:
        return False
    feed.balance_version = balance.version
    return True


_OUTCOMES: dict[type[Event], Outcome] = {
    RunCompleted: "succeeded",
    RunFailed: "failed",
    RunCancelled: "cancelled",
}


def _note_run(job: JobState, event: RunQueued | RunStarted | RunProgressed) -> bool:
    job.kind = event.kind
    if job.outcome is not None:
        return False
    match event:
        case RunQueued():
            return job.attempt == 0
        case RunStarted():
            if event.attempt <= job.attempt:
                return False
            job.attempt, job.progress_sequence = event.attempt, -1
            return True
        case RunProgressed():
            if (event.attempt, event.sequence) <= (job.attempt, job.progress_sequence):
                return False
            job.attempt, job.progress_sequence = event.attempt, event.sequence
            return True


def _note_outcome(job: JobState, outcome: Outcome) -> bool:
    if job.outcome is not None:
        return False
    job.outcome = outcome
    return True


def _note_settlement(job: JobState, settlement: Settlement, captured: int, released: int) -> bool:
    if job.settlement is not None:
        return False
    job.settlement, job.captured_credits, job.released_credits = settlement, captured, released
    return True
