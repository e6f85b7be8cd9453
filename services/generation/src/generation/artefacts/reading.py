"""The SQL of looking up what a job has made."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db.database import Database

# Of a cancelled job its owner is shown the parts that were delivered, and of one that failed nothing.
_MADE = text(
    """
    SELECT CASE state
               WHEN 'completed' THEN jsonb_build_array(result)
               WHEN 'cancelled' THEN (
                   SELECT jsonb_agg(steps.result ORDER BY created_at, name) FROM steps
                   WHERE steps.job_id = runs.job_id AND part_credits IS NOT NULL)
           END AS documents,
           files_state IN ('leaving', 'gone') AS files_gone
    FROM runs WHERE job_id = :job_id AND account_id = :account_id
    """
)
_OWNED = text(
    """
    SELECT job_id FROM runs
    WHERE job_id = ANY(:job_ids) AND account_id = :account_id AND files_state NOT IN ('leaving', 'gone')
    """
)


@dataclass(frozen=True, slots=True)
class Made:
    """What a job has come to, as far as its owner is shown it."""

    documents: list[Any]
    files_gone: bool


async def find_made(database: Database, account_id: UUID, job_id: UUID) -> Made | None:
    """What a job of this account has made; nothing for anybody else's."""
    async with database.autocommit() as connection:
        row = (await connection.execute(_MADE, {"job_id": job_id, "account_id": account_id})).first()
    return None if row is None else Made(row.documents or [], row.files_gone)


async def find_owned(database: Database, account_id: UUID, job_ids: Collection[UUID | None]) -> set[UUID]:
    """Those of the jobs that are the account's and whose files are there."""
    async with database.autocommit() as connection:
        found = await connection.execute(_OWNED, {"job_ids": list(job_ids), "account_id": account_id})
        return set(found.scalars())
