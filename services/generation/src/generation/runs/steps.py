"""Remembered steps: the result of a finished step is durable before the next begins, and never computed again."""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.events.runs import DeliveredPart
from generation.runs.json_text import to_json
from generation.runs.lease import ClaimedRun, ensure_held

STEP_RESULT_BYTES_MAX = 256 * 1024
PART_BYTES_MAX = 16 * 1024
"""Of a delivered part, for the parts of a cancelled run travel together."""

_LOAD = text("SELECT name, result FROM steps WHERE job_id = :job_id")
_SAVE = text(
    """
    INSERT INTO steps (job_id, name, attempt, result, part_credits)
    VALUES (:job_id, :name, :token, CAST(:result AS jsonb), :part_credits)
    ON CONFLICT DO NOTHING
    """
)
_PARTS = text(
    """
    SELECT name, part_credits, result FROM steps WHERE job_id = :job_id AND part_credits IS NOT NULL ORDER BY name
    """
)


class StepTooLarge(ValueError):
    """A step's result is meant to be facts; files belong in the artefact store."""


async def load_steps(database: Database, job_id: UUID) -> dict[str, Any]:
    """The results of the steps that earlier attempts have finished, by name."""
    async with database.autocommit() as connection:
        rows = await connection.execute(_LOAD, {"job_id": job_id})
        return {row.name: row.result for row in rows}


async def save_step(
    uow: UnitOfWork, run: ClaimedRun, name: str, result: Any, *, part_credits: int | None = None
) -> None:
    """Make a step's result durable. With `part_credits` it is a delivered part of that price from here on.

    Raises:
        LeaseLost: another worker has the run.
        StepTooLarge: the result is larger than `STEP_RESULT_BYTES_MAX`, or `PART_BYTES_MAX` for a part.
    """
    text_result = to_json(result)
    if len(text_result.encode()) > (STEP_RESULT_BYTES_MAX if part_credits is None else PART_BYTES_MAX):
        raise StepTooLarge(f"step {name} returned {len(text_result)} characters")
    await ensure_held(uow, run, "step")
    parameters = {"job_id": run.job_id, "name": name, "token": run.token, "result": text_result}
    await uow.execute(_SAVE, parameters | {"part_credits": part_credits})


async def delivered_parts(uow: UnitOfWork, job_id: UUID) -> tuple[DeliveredPart, ...]:
    """What a run has delivered of its work so far, by name."""
    rows = await uow.rows(_PARTS, {"job_id": job_id})
    return tuple(DeliveredPart(name=row.name, credits=row.part_credits, result=row.result) for row in rows)
