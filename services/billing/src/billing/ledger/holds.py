"""Use case: set the prices of submitted jobs aside, a whole batch in one transaction."""

from collections.abc import Sequence
from datetime import timedelta

from billing.ledger import storage
from billing.ledger.announcements import balance_of
from billing.ledger.rules import Book, Hold, HoldRequest, Refusal
from common.bus.handlers import Received
from common.db.database import Database
from common.db.outbox_record import OutboxRecord
from common.db.unit_of_work import UnitOfWork
from common.events.credits import CreditsHeld, CreditsRefused
from common.events.jobs import JobSubmitted

HOLD_MARGIN = timedelta(hours=1)
"""How long a hold outlives its job's deadline, so that a late finish can still be charged."""
TRIES_AT_ONCE = 2

Word = CreditsHeld | CreditsRefused


async def place_holds(batch: Sequence[Received[JobSubmitted]], uow: UnitOfWork) -> None:
    """Hold credits for each job in the order of submission, and say `credits.held` or `credits.refused` for each."""
    submissions = [received.event for received in batch]
    free = sorted({event.account_id for event in submissions if not event.job.price_credits})
    if free:  # a free job is held even for an account that never had a credit
        await storage.open_accounts(uow, free)
    book = await storage.load_book(
        uow,
        sorted({event.account_id for event in submissions}),
        job_ids=[event.job.job_id for event in submissions],
    )
    for received in batch:
        if book.hold_of(received.event.job.job_id) is None:
            uow.emit(_hold(book, received.event), received.traceparent)
    await storage.save(uow, book.changes)


async def place_holds_at_once(batch: Sequence[Received[JobSubmitted]], database: Database) -> bool:
    """As `place_holds`, in one read and one write without a lock in between; False when others kept being faster.

    A submitter waits for the answer, and this takes two round trips instead of six. The write refuses itself when an
    account has changed since the read, or when a job or an event is known already: nothing is lost but the attempt.
    """
    submissions = [received.event for received in batch]
    if len({event.job.job_id for event in submissions}) < len(submissions):
        return False
    for _ in range(TRIES_AT_ONCE):
        book = await storage.read_book(database, sorted({event.account_id for event in submissions}))
        if any(not event.job.price_credits and not book.knows(event.account_id) for event in submissions):
            return False
        records = [OutboxRecord.of(_hold(book, received.event), received.traceparent) for received in batch]
        if await storage.save_at_once(database, book.changes, [event.event_id for event in submissions], records):
            database.publish(records)
            return True
    return False


def _hold(book: Book, event: JobSubmitted) -> Word:
    job = event.job
    outcome = book.hold(HoldRequest(event.account_id, job.job_id, job.price_credits, job.deadline_at + HOLD_MARGIN))
    match outcome:
        case Hold():
            account = book.account(event.account_id)
            return CreditsHeld(
                account_id=event.account_id,
                job=job,
                hold_id=outcome.hold_id,
                amount_credits=outcome.amount,
                available_credits=account.available,
                balance=balance_of(account),
            )
        case Refusal():
            return CreditsRefused(
                account_id=event.account_id,
                job_id=job.job_id,
                required_credits=outcome.required,
                available_credits=outcome.available,
                reason=outcome.reason,
            )
