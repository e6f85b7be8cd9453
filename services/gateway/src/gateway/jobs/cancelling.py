"""Use cases: the owner of a job wants it stopped, or all of them."""

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
_REQUEST_ALL = text(
    """
    UPDATE jobs SET cancel_requested_at = now()
    WHERE account_id = :account_id AND rank < 3 AND cancel_requested_at IS NULL
    RETURNING job_id, traceparent
    """
)


async def request_cancel(uow: UnitOfWork, account_id: UUID, job_id: UUID) -> None:
    """Say once that the job is to be stopped; nothing is said of one that has its outcome."""
    row = await uow.first(_REQUEST, {"job_id": job_id, "account_id": account_id})
    if row is not None:
        uow.emit(JobCancelRequested(account_id=account_id, job_id=job_id), row.traceparent)


async def request_cancel_of_all(uow: UnitOfWork, account_id: UUID) -> None:
    """Say once of each job without an outcome that it is to be stopped; the plan bounds how many there are."""
    for row in await uow.rows(_REQUEST_ALL, {"account_id": account_id}):
        uow.emit(JobCancelRequested(account_id=account_id, job_id=row.job_id), row.traceparent)
