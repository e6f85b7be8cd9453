"""Use case: set the prices of submitted jobs aside, a whole batch in one transaction."""

from collections.abc import Sequence
from datetime import timedelta

from billing.ledger import storage
from billing.ledger.announcements import announce_balances
from billing.ledger.rules import Hold, HoldRequest
from common.bus.handlers import Received
from common.clock import now
from common.db.unit_of_work import UnitOfWork
from common.events.credits import CreditsHeld, CreditsRefused
from common.events.jobs import JobSubmitted

HOLD_MARGIN = timedelta(hours=1)
"""How long a hold outlives its job's deadline, so that a late finish can still be charged."""


async def place_holds(batch: Sequence[Received[JobSubmitted]], uow: UnitOfWork) -> None:
    """Hold credits for each job in the order of submission, and say `credits.held` or `credits.refused` for each."""
    submissions = [received.event for received in batch]
    free = sorted({event.account_id for event in submissions if not event.job.price_credits})
    if free:  # a free job is held even for an account that never had a credit
        await storage.open_accounts(uow, free)
    book = await storage.load_book(
        uow,
        sorted({event.account_id for event in submissions}),
        now(),
        job_ids=[event.job.job_id for event in submissions],
    )
    for received in batch:
        event, job = received.event, received.event.job
        if book.hold_of(job.job_id) is not None:
            continue
        outcome = book.hold(HoldRequest(event.account_id, job.job_id, job.price_credits, job.deadline_at + HOLD_MARGIN))
        if isinstance(outcome, Hold):
            uow.emit(
                CreditsHeld(
                    account_id=event.account_id,
                    job=job,
                    hold_id=outcome.hold_id,
                    amount_credits=outcome.amount,
                    available_credits=book.account(event.account_id).available,
                ),
                received.traceparent,
            )
        else:
            uow.emit(
                CreditsRefused(
                    account_id=event.account_id,
                    job_id=job.job_id,
                    required_credits=outcome.required,
                    available_credits=outcome.available,
                    reason=outcome.reason,
                ),
                received.traceparent,
            )
    await storage.save(uow, book.changes)
    announce_balances(uow, book, {received.event.account_id: received.traceparent for received in batch})
