"""The SQL of finding the job that an idempotency key has made already."""

from uuid import UUID

from sqlalchemy import text

from common.db.database import Database

_BY_KEY = text(
    "SELECT job_id, request_hash FROM jobs WHERE account_id = :account_id AND idempotency_key = :idempotency_key"
)


async def find_by_key(database: Database, account_id: UUID, idempotency_key: str) -> tuple[UUID, bytes] | None:
    """The job of an account's key, and the hash of the request that made it."""
    async with database.autocommit() as connection:
        parameters = {"account_id": account_id, "idempotency_key": idempotency_key}
        row = (await connection.execute(_BY_KEY, parameters)).first()
    return None if row is None else (row.job_id, row.request_hash)
