"""Use case: charge or give back, when a job has its outcome. Many jobs in one transaction, each exactly once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

import structlog

from billing.ledger import storage
from billing.ledger.announcements import announce_balances
from billing.ledger.rules import Book, Hold, SettlementReason
from common.bus.handlers import Received
from common.clock import now
from common.db.unit_of_work import UnitOfWork
from common.events.credits import CreditsCaptured, CreditsReleased
from common.events.runs import RunCancelled, RunCompleted, RunFailed

log = structlog.get_logger(__name__)

Outcome = TypeVar("Outcome", RunCompleted, RunFailed, RunCancelled)


@dataclass(frozen=True, slots=True)
class Settlement:
    """How one job ends: what it is charged, and why."""

    account_id: UUID
    job_id: UUID
    charge_credits: int
    reason: SettlementReason
    traceparent: str | None


async def settle_completed(batch: Sequence[Received[RunCompleted]], uow: UnitOfWork) -> None:
    """Charge what was delivered."""
    await settle(
        uow,
        [
            Settlement(r.event.account_id, r.event.job_id, r.event.charge_credits, "completed", r.traceparent)
            for r in batch
        ],
    )


async def settle_failed(batch: Sequence[Received[RunFailed]], uow: UnitOfWork) -> None:
    """Give everything back."""
    await settle(uow, [Settlement(r.event.account_id, r.event.job_id, 0, "failed", r.traceparent) for r in batch])


async def settle_cancelled(batch: Sequence[Received[RunCancelled]], uow: UnitOfWork) -> None:
    """Charge the parts that were delivered before the cancellation, give the rest back."""
    await settle(
        uow,
        [
            Settlement(r.event.account_id, r.event.job_id, r.event.charge_credits, "cancelled", r.traceparent)
            for r in batch
        ],
    )


async def settle(uow: UnitOfWork, settlements: Sequence[Settlement]) -> None:
    """Settle each job's hold. A job without an open hold was settled before and is passed over.

    Raises:
        ValueError: a charge exceeds what was held.
    """
    book = await storage.load_book(
        uow,
        sorted({settlement.account_id for settlement in settlements}),
        now(),
        job_ids=[settlement.job_id for settlement in settlements],
    )
    for settlement in settlements:
        hold = book.settle(settlement.job_id, settlement.charge_credits, settlement.reason)
        if hold is None:
            log.warning("settlement_passed_over", job_id=str(settlement.job_id), reason=settlement.reason)
        else:
            _announce(uow, book, hold, settlement)
    await storage.save(uow, book.changes)
    announce_balances(uow, book, {item.account_id: item.traceparent for item in settlements})


def _announce(uow: UnitOfWork, book: Book, hold: Hold, settlement: Settlement) -> None:
    available = book.account(hold.account_id).available
    if settlement.reason == "completed" or hold.captured:
        uow.emit(
            CreditsCaptured(
                account_id=hold.account_id,
                job_id=hold.job_id,
                hold_id=hold.hold_id,
                captured_credits=hold.captured,
                released_credits=hold.amount - hold.captured,
                available_credits=available,
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
            available_credits=available,
        ),
        settlement.traceparent,
    )
