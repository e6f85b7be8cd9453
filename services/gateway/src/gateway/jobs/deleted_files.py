"""What the read model of jobs learns from files that were kept long enough: that they are gone."""

from sqlalchemy import text

from common.db.unit_of_work import UnitOfWork
from common.events.artefacts import ArtefactsExpired

_NOTE = text(
    """
    UPDATE jobs SET files_deleted_at = :at
    WHERE job_id = :job_id AND account_id = :account_id AND files_deleted_at IS NULL
    """
)


async def note_deleted_files(event: ArtefactsExpired, uow: UnitOfWork) -> None:
    """The job stays, with all that can be read of its result."""
    await uow.execute(_NOTE, {"at": event.occurred_at, "job_id": event.job_id, "account_id": event.account_id})
