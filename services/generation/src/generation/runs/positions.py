"""Where a run stands: how many of its class will be claimed before it."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from common.db.unit_of_work import UnitOfWork

POSITION_MAX = 1000

_POSITIONS = text(
    """
    SELECT mine.job_id, (
        SELECT count(*) FROM (
            SELECT 1 FROM runs AS ahead
            WHERE ahead.job_class = mine.job_class AND ahead.state = 'queued' AND ahead.not_before <= now()
              AND (ahead.virtual_finish, ahead.job_id) < (mine.virtual_finish, mine.job_id)
            LIMIT :most
        ) AS counted
    ) AS position
    FROM runs AS mine WHERE mine.job_id = ANY(CAST(:job_ids AS uuid[]))
    """
)


async def positions(uow: UnitOfWork, job_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The places of waiting runs, counted up to `POSITION_MAX`."""
    rows = await uow.rows(_POSITIONS, {"job_ids": list(job_ids), "most": POSITION_MAX})
    return {row.job_id: row.position for row in rows}
