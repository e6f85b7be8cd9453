"""Use case: take a batch of facts into the logs of their accounts, each account's numbers without gaps."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid5

from common.bus.handlers import Received
from common.db.unit_of_work import UnitOfWork
from common.events.credits import CreditsCaptured, CreditsHeld, CreditsReleased
from common.events.envelope import Event
from notifier.feed import storage
from notifier.feed.messages import PublicEvent
from notifier.feed.rules import Feed, JobState, job_id_of, note_account_fact, note_balance, note_job_fact
from notifier.feed.storage import StoredEvent
from notifier.feed.translation import account_event, balance_event, job_event, owner_of

TRIM_EVERY = 100


@dataclass(frozen=True, slots=True)
class ClosedJob:
    """A job of which everything is told now, and the trace of the fact that was missing."""

    state: JobState
    traceparent: str | None


@dataclass(slots=True)
class Told:
    """What a batch added: log entries in order, and the jobs that are complete by it."""

    events: list[StoredEvent] = field(default_factory=list)
    closed: list[ClosedJob] = field(default_factory=list)


async def tell(uow: UnitOfWork, received: Sequence[Received[Event]], *, keep_events: int) -> Told:
    """Number and store what is news in a batch of facts.

    The feeds of all accounts in the batch are locked first, in id order; so two consumers never give out the
    same number, and a number is only seen once all lower ones are durable. Nothing is told of deleted accounts.

    Args:
        keep_events: how many entries an account's log keeps; older ones go, some at a time.

    Raises:
        ValueError: an event names no account.
    """
    feeds = await storage.lock_feeds(uow, {owner_of(item.event) for item in received})
    job_ids = {job_id for item in received if (job_id := job_id_of(item.event)) is not None}
    jobs = await storage.load_jobs(uow, job_ids)
    starts = {account_id: feed.last_sequence for account_id, feed in feeds.items()}
    told = Told()
    for item in received:
        if feeds[owner_of(item.event)].closed:
            continue
        _take(item, feeds[owner_of(item.event)], jobs, told)
    if told.events:
        await storage.append(uow, told.events)
    await storage.save_jobs(uow, jobs.values())
    await storage.save_feeds(uow, feeds.values())
    bounds = _bounds(feeds, starts, keep_events)
    if bounds:
        await storage.cut(uow, bounds)
    return told


def _take(item: Received[Event], feed: Feed, jobs: dict[UUID, JobState], told: Told) -> None:
    event = item.event
    job_id = job_id_of(event)
    if job_id is None:
        if note_account_fact(feed, event):
            _append(told, feed, event, account_event(event, feed, feed.last_sequence + 1), event.event_id)
        return
    _take_job_fact(item, job_id, feed, jobs, told)
    balance = event.balance if isinstance(event, CreditsHeld | CreditsCaptured | CreditsReleased) else None
    if balance is not None and note_balance(feed, balance):
        balance_id = uuid5(event.event_id, "balance")
        _append(told, feed, event, balance_event(event, balance, balance_id, feed.last_sequence + 1), balance_id)


def _take_job_fact(item: Received[Event], job_id: UUID, feed: Feed, jobs: dict[UUID, JobState], told: Told) -> None:
    event = item.event
    job = jobs.setdefault(job_id, JobState(job_id, feed.account_id))
    if job.account_id != feed.account_id:
        raise ValueError(f"{event.type} {event.event_id} names a job of another account")
    if not note_job_fact(job, event):
        return
    sequence = feed.last_sequence + 1
    final = job.complete and job.closed_sequence is None
    if final:
        job.closed_sequence = sequence
        told.closed.append(ClosedJob(job, item.traceparent))
    public = job_event(event, job, sequence, final=final)
    _append(told, feed, event, public, event.event_id, job_id=job_id, final=final)


def _append(
    told: Told,
    feed: Feed,
    event: Event,
    public: PublicEvent,
    event_id: UUID,
    *,
    job_id: UUID | None = None,
    final: bool = False,
) -> None:
    feed.last_sequence = public.sequence
    told.events.append(
        StoredEvent(
            feed.account_id, public.sequence, event_id, public.type, job_id, final, public.model_dump_json(),
            event.occurred_at,
        )
    )  # fmt: skip


def _bounds(feeds: dict[UUID, Feed], starts: dict[UUID, int], keep_events: int) -> dict[UUID, int]:
    """Up to where to cut the logs that have just passed a multiple of `TRIM_EVERY`."""
    return {
        account_id: feed.last_sequence - keep_events
        for account_id, feed in sorted(feeds.items())
        if feed.last_sequence > keep_events and feed.last_sequence // TRIM_EVERY > starts[account_id] // TRIM_EVERY
    }
