"""Results of finished runs, for kinds whose jobs go on from an earlier one of the same account."""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db.database import Database

_RESULT = text(
    """
    SELECT result FROM runs
    WHERE job_id = :job_id AND account_id = :account_id AND kind = :kind AND state = 'completed' AND result IS NOT NULL
      AND files_state NOT IN ('leaving', 'gone')
    """
)


async def finished_result(database: Database, account_id: UUID, kind: str, job_id: UUID) -> dict[str, Any] | None:
    """The result of a completed job of this account and kind; nothing for anybody else's."""
    async with database.autocommit() as connection:
        row = (await connection.execute(_RESULT, {"job_id": job_id, "account_id": account_id, "kind": kind})).first()
    return None if row is None else dict(row.result)
