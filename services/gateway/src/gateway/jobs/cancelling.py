"""Use case: the owner of a job wants it stopped."""

from uuid import UUID

from sqlalchemy import text

from common.db.unit_of_work import UnitOfWork
from common.events.jobs import JobCancelRequested

_REQUEST = text(
    """
    UPDATE jobs SET cancel_requested_at = now()
    WHERE job_id = :job_id AND account_id = :account_id AND rank < 3 AND cancel_requested_at IS NULL
    RETURNING traceparent
    """
)


async def request_cancel(uow: UnitOfWork, account_id: UUID, job_id: UUID) -> None:
    """Say once that the job is to be stopped; nothing is said of one that has its outcome."""
    row = await uow.first(_REQUEST, {"job_id": job_id, "account_id": account_id})
    if row is not None:
        uow.emit(JobCancelRequested(account_id=account_id, job_id=job_id), row.traceparent)
