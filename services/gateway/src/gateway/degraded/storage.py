"""The SQL of held submissions that turned out to repeat an earlier one."""

from uuid import UUID

from sqlalchemy import text

from common.db.database import Database

_STORE = text(
    """
    INSERT INTO held_repeats (job_id, account_id, first_job_id) VALUES (:job_id, :account_id, :first_job_id)
    ON CONFLICT DO NOTHING
    """
)
_FIND = text("SELECT first_job_id FROM held_repeats WHERE job_id = :job_id AND account_id = :account_id")


async def store_repeat(database: Database, account_id: UUID, job_id: UUID, first_job_id: UUID) -> None:
    """Keep that an id which was promised stands for another job. May be repeated."""
    async with database.autocommit() as connection:
        await connection.execute(_STORE, {"job_id": job_id, "account_id": account_id, "first_job_id": first_job_id})


async def find_repeat(database: Database, account_id: UUID, job_id: UUID) -> UUID | None:
    """The job that a promised id stands for, where it is another."""
    async with database.autocommit() as connection:
        found = await connection.execute(_FIND, {"job_id": job_id, "account_id": account_id})
        first: UUID | None = found.scalar_one_or_none()
    return first
