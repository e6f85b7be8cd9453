"""The SQL of reading jobs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from common.db.database import Database
from common.ids import to_text
from gateway.jobs.answers import Charge, Job, JobError, queue_of
from gateway.jobs.status import JobStatus
from gateway.jobs.tables import BEST_OF, jobs


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which of an account's jobs are wanted. `before` is the cursor: jobs older than that one.

    `best_of`: only those whose result says that it belongs to the owner's "best of".
    """

    kind: str | None = None
    status: JobStatus | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    before: UUID | None = None
    best_of: bool = False


async def get_job(database: Database, account_id: UUID, job_id: UUID) -> Job | None:
    """One job of an account; nothing where there is none or it belongs to somebody else."""
    statement = select(jobs).where(jobs.c.account_id == account_id, jobs.c.job_id == job_id)
    async with database.autocommit() as connection:
        row = (await connection.execute(statement)).first()
    return None if row is None else _job(row)


async def list_jobs(database: Database, account_id: UUID, wanted: JobFilter, limit: int) -> Sequence[Job]:
    """An account's jobs, newest first, at most `limit`."""
    statement = select(jobs).where(jobs.c.account_id == account_id).order_by(jobs.c.job_id.desc()).limit(limit)
    if wanted.kind is not None:
        statement = statement.where(jobs.c.kind == wanted.kind)
    if wanted.status is not None:
        statement = statement.where(jobs.c.status == wanted.status.value)
    if wanted.created_after is not None:
        statement = statement.where(jobs.c.created_at >= wanted.created_after)
    if wanted.created_before is not None:
        statement = statement.where(jobs.c.created_at < wanted.created_before)
    if wanted.best_of:
        statement = statement.where(text(BEST_OF))
    if wanted.before is not None:
        statement = statement.where(jobs.c.job_id < wanted.before)
    async with database.autocommit() as connection:
        rows = (await connection.execute(statement)).all()
    return [_job(row) for row in rows]


def _job(row: Any) -> Job:
    return Job(
        id=to_text("job", row.job_id),
        kind=row.kind,
        status=JobStatus(row.status),
        progress=row.progress,
        message=row.progress_message,
        queue=queue_of(row.wait) if row.status == JobStatus.QUEUED else None,
        charge=Charge(
            price=row.price_credits,
            held=row.held_credits or 0,
            charged=row.charged_credits or 0,
            returned=row.returned_credits or 0,
            settled=row.settled_at is not None,
        ),
        result=row.result,
        error=None if row.error is None else JobError.model_validate(row.error),
        attempts=row.attempts or [],
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        files_deleted_at=row.files_deleted_at,
    )
