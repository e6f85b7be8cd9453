"""Remembered steps: the result of a finished step is durable before the next begins, and never computed again."""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from generation.runs.json_text import to_json
from generation.runs.lease import ClaimedRun, ensure_held

STEP_RESULT_BYTES_MAX = 256 * 1024

_LOAD = text("SELECT name, result FROM steps WHERE job_id = :job_id")
_SAVE = text(
    """
    INSERT INTO steps (job_id, name, attempt, result) VALUES (:job_id, :name, :token, CAST(:result AS jsonb))
    ON CONFLICT DO NOTHING
    """
)


class StepTooLarge(ValueError):
    """A step's result is meant to be facts; files belong in the artefact store."""


async def load_steps(database: Database, job_id: UUID) -> dict[str, Any]:
    """The results of the steps that earlier attempts have finished, by name."""
    async with database.autocommit() as connection:
        rows = await connection.execute(_LOAD, {"job_id": job_id})
        return {row.name: row.result for row in rows}


async def save_step(uow: UnitOfWork, run: ClaimedRun, name: str, result: Any) -> None:
    """Make a step's result durable.

    Raises:
        LeaseLost: another worker has the run.
        StepTooLarge: the result is larger than `STEP_RESULT_BYTES_MAX`.
    """
    text_result = to_json(result)
    if len(text_result.encode()) > STEP_RESULT_BYTES_MAX:
        raise StepTooLarge(f"step {name} returned {len(text_result)} characters")
    await ensure_held(uow, run, "step")
    await uow.execute(_SAVE, {"job_id": run.job_id, "name": name, "token": run.token, "result": text_result})
