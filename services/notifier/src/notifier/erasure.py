"""Use case: an account was deleted, so its address, its log and what its mails said go, and none come back.

The same for an order whose buyer is to be forgotten, with nobody to tell.
"""

from uuid import UUID

from sqlalchemy import text

from common.db.unit_of_work import UnitOfWork
from common.events.deletion import AccountDeletionRequested, RecipientErased

# The row stays as the mark that nothing is told any more, whatever arrives late.
_CLOSE_FEED = text(
    """
    INSERT INTO feeds AS feed (account_id, closed_at) VALUES (:account_id, now())
    ON CONFLICT (account_id) DO UPDATE SET closed_at = coalesce(feed.closed_at, now())
    """
)
_FORGET_EVENTS = text("DELETE FROM account_events WHERE account_id = :account_id")
_FORGET_JOBS = text("DELETE FROM job_states WHERE account_id = :account_id")
_FORGET_RECIPIENT = text("DELETE FROM recipients WHERE account_id = :account_id")
_FORGET_MAILS = text("DELETE FROM deliveries WHERE account_id = :account_id")


async def erase_account(uow: UnitOfWork, event: AccountDeletionRequested) -> None:
    """Forget an account and say so. A mail that is being sent at this moment still arrives."""
    events_count, mails_count = await _forget(uow, event.account_id)
    uow.emit(
        RecipientErased(
            account_id=event.account_id,
            deletion_id=event.deletion_id,
            events_count=events_count,
            mails_count=mails_count,
        )
    )


async def forget_buyer(uow: UnitOfWork, account_id: UUID) -> None:
    """Forget whoever bought an order, long after it ended."""
    await _forget(uow, account_id)


async def _forget(uow: UnitOfWork, account_id: UUID) -> tuple[int, int]:
    """Close and empty the log, drop the address and the mails; how many entries and mails there were."""
    account = {"account_id": account_id}
    await uow.execute(_CLOSE_FEED, account)
    events = await uow.execute(_FORGET_EVENTS, account)
    mails = await uow.execute(_FORGET_MAILS, account)
    for statement in (_FORGET_JOBS, _FORGET_RECIPIENT):
        await uow.execute(statement, account)
    return events.rowcount, mails.rowcount
