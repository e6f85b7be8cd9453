"""Use case: charge or give back, when a job has its outcome. Many jobs in one transaction, each exactly once."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from billing.ledger import storage
from billing.ledger.announcements import balance_of
from billing.ledger.rules import Book, Hold, SettlementReason
from common.bus.handlers import Received
from common.db.unit_of_work import UnitOfWork
from common.events.credits import CreditsCaptured, CreditsReleased
from common.events.runs import RunCancelled, RunCompleted, RunFailed

log = structlog.get_logger(__name__)

Outcome = RunCompleted | RunFailed | RunCancelled


@dataclass(frozen=True, slots=True)
class Settlement:
    """How one job ends: what it is charged, and why."""

    account_id: UUID
    job_id: UUID
    charge_credits: int
    reason: SettlementReason
    traceparent: str | None


async def settle_outcomes(batch: Sequence[Received[Outcome]], uow: UnitOfWork) -> None:
    """Charge what was delivered and give the rest back, for every outcome of a batch at once."""
    await settle(uow, [_settlement(received) for received in batch])


async def settle(uow: UnitOfWork, settlements: Sequence[Settlement]) -> None:
    """Settle each job's hold. A job without an open hold was settled before and is passed over.

    Raises:
        ValueError: a charge exceeds what was held.
    """
    book = await storage.load_book(
        uow,
        sorted({settlement.account_id for settlement in settlements}),
        job_ids=[settlement.job_id for settlement in settlements],
    )
    for settlement in settlements:
        hold = book.settle(settlement.job_id, settlement.charge_credits, settlement.reason)
        if hold is None:
            log.warning("settlement_passed_over", job_id=str(settlement.job_id), reason=settlement.reason)
        else:
            _announce(uow, book, hold, settlement)
    await storage.save(uow, book.changes)


def _announce(uow: UnitOfWork, book: Book, hold: Hold, settlement: Settlement) -> None:
    account = book.account(hold.account_id)
    if settlement.reason == "completed" or hold.captured:
        uow.emit(
            CreditsCaptured(
                account_id=hold.account_id,
                job_id=hold.job_id,
                hold_id=hold.hold_id,
                captured_credits=hold.captured,
                released_credits=hold.amount - hold.captured,
                available_credits=account.available,
                balance=balance_of(account),
            ),
            settlement.traceparent,
        )
        return
    uow.emit(
        CreditsReleased(
            account_id=hold.account_id,
            job_id=hold.job_id,
            hold_id=hold.hold_id,
            released_credits=hold.amount,
            reason=settlement.reason,
            available_credits=account.available,
            balance=balance_of(account),
        ),
        settlement.traceparent,
    )


def _settlement(received: Received[Outcome]) -> Settlement:
    event = received.event
    match event:
        case RunCompleted():
            return Settlement(event.account_id, event.job_id, event.charge_credits, "completed", received.traceparent)
        case RunFailed():
            return Settlement(event.account_id, event.job_id, 0, "failed", received.traceparent)
        case RunCancelled():
            return Settlement(event.account_id, event.job_id, event.charge_credits, "cancelled", received.traceparent)
