"""Turns the kernel's facts into the public events of `messages`, one for one."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from common.events.credits import (
    Balance,
    BalanceChanged,
    CreditsCaptured,
    CreditsRefused,
    CreditsReleased,
    PurchaseCompleted,
)
from common.events.documents import InvoicePaid
from common.events.envelope import Event
from common.events.jobs import JobSubmitted
from common.events.runs import RunCancelled, RunCompleted, RunFailed, RunProgressed, RunQueued, RunStarted
from common.events.subscriptions import SubscriptionChanged
from common.ids import to_text
from notifier.feed import messages
from notifier.feed.messages import PublicEvent
from notifier.feed.rules import Feed, JobState

Shared = dict[str, Any]


def job_event(event: Event, job: JobState, sequence: int, *, final: bool) -> PublicEvent:
    """The public form of a fact about a job, told as number `sequence`."""
    shared = _shared(event, sequence) | {"job_id": to_text("job", job.job_id), "final": final}
    return _JOB_EVENTS[type(event)](event, job, shared)


def account_event(event: Event, feed: Feed, sequence: int) -> PublicEvent:
    """The public form of a fact about the account, told as number `sequence`.

    Raises:
        TypeError: the fact is not one of those.
    """
    shared = _shared(event, sequence)
    match event:
        case BalanceChanged():
            return _balance(event, shared)
        case PurchaseCompleted():
            return messages.PurchaseCompletedEvent(
                **shared,
                purchase_id=to_text("pur", event.purchase_id),
                **_copied(event, "product", "credits", "amount_minor", "currency", "available_credits"),
            )
        case SubscriptionChanged():
            names = ("plan", "status", "interval", "period_end", "next_plan", "grace_until", "version")
            return messages.SubscriptionChangedEvent(**shared, **_copied(event, *names))
        case InvoicePaid():
            return messages.InvoicePaidEvent(
                **shared,
                invoice_id=to_text("inv", event.invoice_id),
                **_copied(event, "number", "amount_minor", "currency", "paid_at"),
            )
        case _:
            raise TypeError(f"{event.type} tells an account nothing")


def balance_event(event: Event, balance: Balance, balance_id: UUID, sequence: int) -> PublicEvent:
    """The public form of the balance that a fact about a job carries, told under an id of its own."""
    return _balance(balance, _shared(event, sequence) | {"id": to_text("evt", balance_id)})


def owner_of(event: Event) -> UUID:
    """The account that an event belongs to.

    Raises:
        ValueError: the event names none.
    """
    if event.account_id is None:
        raise ValueError(f"{event.type} {event.event_id} names no account")
    return event.account_id


def _balance(balance: Balance | BalanceChanged, shared: Shared) -> PublicEvent:
    return messages.BalanceChangedEvent(
        **shared,
        available_credits=balance.available_credits,
        held_credits=balance.held_credits,
        debt_credits=balance.debt_credits,
    )


def _shared(event: Event, sequence: int) -> Shared:
    return {"id": to_text("evt", event.event_id), "sequence": sequence, "occurred_at": event.occurred_at}


def _copied(event: Event, *names: str) -> dict[str, Any]:
    return {name: getattr(event, name) for name in names}


def _submitted(event: JobSubmitted, _: JobState, shared: Shared) -> PublicEvent:
    return messages.JobSubmittedEvent(**shared, kind=event.job.kind, price_credits=event.job.price_credits)


def _queued(event: RunQueued, _: JobState, shared: Shared) -> PublicEvent:
    wait = messages.WaitEstimate(**event.wait.model_dump(exclude={"position"}))
    return messages.JobQueuedEvent(**shared, kind=event.kind, position=event.wait.position, wait=wait)


def _started(event: RunStarted, _: JobState, shared: Shared) -> PublicEvent:
    return messages.JobStartedEvent(**shared, kind=event.kind, attempt=event.attempt)


def _progress(event: RunProgressed, _: JobState, shared: Shared) -> PublicEvent:
    return messages.JobProgressEvent(
        **shared, **_copied(event, "attempt", "progress", "step", "message", "preview_url")
    )


def _succeeded(event: RunCompleted, _: JobState, shared: Shared) -> PublicEvent:
    return messages.JobSucceededEvent(**shared, **_copied(event, "kind", "result", "started_at", "finished_at"))


def _failed(event: RunFailed, job: JobState, shared: Shared) -> PublicEvent:
    returned = job.held_credits if job.settlement is None else job.released_credits
    return messages.JobFailedEvent(
        **shared, credits_returned=returned, **_copied(event, "kind", "code", "detail", "finished_at")
    )


def _cancelled(event: RunCancelled, _: JobState, shared: Shared) -> PublicEvent:
    parts = tuple(messages.DeliveredPart(**part.model_dump()) for part in event.parts)
    return messages.JobCancelledEvent(**shared, parts=parts, **_copied(event, "kind", "charge_credits", "finished_at"))


def _rejected(event: CreditsRefused, _: JobState, shared: Shared) -> PublicEvent:
    return messages.JobRejectedEvent(**shared, **_copied(event, "required_credits", "available_credits", "reason"))


def _charged(event: CreditsCaptured, _: JobState, shared: Shared) -> PublicEvent:
    return messages.JobChargedEvent(
        **shared, **_copied(event, "captured_credits", "released_credits", "available_credits")
    )


def _released(event: CreditsReleased, _: JobState, shared: Shared) -> PublicEvent:
    return messages.JobReleasedEvent(**shared, **_copied(event, "released_credits", "available_credits", "reason"))


_JOB_EVENTS: dict[type[Event], Callable[[Any, JobState, Shared], PublicEvent]] = {
    JobSubmitted: _submitted,
    RunQueued: _queued,
    RunStarted: _started,
    RunProgressed: _progress,
    RunCompleted: _succeeded,
    RunFailed: _failed,
    RunCancelled: _cancelled,
    CreditsRefused: _rejected,
    CreditsCaptured: _charged,
    CreditsReleased: _released,
}
