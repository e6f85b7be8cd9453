"""Use cases: a run ends, once. State, outcome and the event that tells of it commit together."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.clock import now
from common.db.unit_of_work import UnitOfWork
from common.events.runs import AttemptSummary, RunCancelled, RunCompleted, RunFailed
from generation.entitlements.storage import give_year_back
from generation.runs.json_text import to_json
from generation.runs.lease import ClaimedRun, ensure_held
from generation.runs.steps import delivered_parts

_FINISH = text(
    """
    UPDATE runs SET state = :state, lease_owner = NULL, lease_until = NULL, finished_at = :at,
                    result = CAST(:result AS jsonb), error_code = :code, error_detail = :detail
    WHERE job_id = :job_id AND state IN ('queued', 'running')
    RETURNING held_credits
    """
)
_ATTEMPTS = text(
    """
    SELECT step, provider, model, coalesce(outcome, 'open') AS outcome, error_code,
           extract(epoch FROM coalesce(finished_at, now()) - started_at)::float8 AS duration_seconds, cost_microusd,
           branch
    FROM attempts WHERE job_id = :job_id ORDER BY started_at, attempt_id LIMIT 200
    """
)


async def complete(uow: UnitOfWork, run: ClaimedRun, result: dict[str, Any], charge_credits: int) -> None:
    """The work is done and stored; `charge_credits` of what is held pays for it.

    Raises:
        LeaseLost: another worker has the run.
        ValueError: the charge is more than was held.
    """
    if not 0 <= charge_credits <= run.held_credits:
        raise ValueError(f"a charge of {charge_credits} is not within the {run.held_credits} credits held")
    await ensure_held(uow, run, "complete")
    finished_at = now()
    await _finish(uow, run.job_id, "completed", finished_at, result=result)
    uow.emit(
        RunCompleted(
            account_id=run.account_id,
            job_id=run.job_id,
            kind=run.kind,
            charge_credits=charge_credits,
            result=result,
            attempts=await attempt_summaries(uow, run.job_id),
            started_at=run.started_at,
            finished_at=finished_at,
        )
    )


async def fail(uow: UnitOfWork, run: ClaimedRun, code: str, detail: str) -> None:
    """The work cannot be done; its credits go back.

    Raises:
        LeaseLost: another worker has the run.
    """
    await ensure_held(uow, run, "fail")
    await fail_unclaimed(uow, run.job_id, run.account_id, run.kind, code, detail, started_at=run.started_at)


async def fail_unclaimed(
    uow: UnitOfWork,
    job_id: UUID,
    account_id: UUID,
    kind: str,
    code: str,
    detail: str,
    *,
    started_at: Any = None,
    traceparent: str | None = None,
) -> None:
    """As `fail`, for a run whose row the caller has locked in this transaction."""
    finished_at = now()
    await _finish(uow, job_id, "failed", finished_at, code=code, detail=detail)
    uow.emit(
        RunFailed(
            account_id=account_id,
            job_id=job_id,
            kind=kind,
            code=code,
            detail=detail,
            attempts=await attempt_summaries(uow, job_id),
            started_at=started_at,
            finished_at=finished_at,
        ),
        traceparent,
    )


async def cancel(uow: UnitOfWork, run: ClaimedRun) -> None:
    """The owner stopped the work; delivered parts are paid for, the rest goes back.

    Raises:
        LeaseLost: another worker has the run.
    """
    await ensure_held(uow, run, "cancel")
    await cancel_unclaimed(uow, run.job_id, run.account_id, run.kind)


async def cancel_unclaimed(
    uow: UnitOfWork, job_id: UUID, account_id: UUID, kind: str, *, traceparent: str | None = None
) -> None:
    """As `cancel`, for a run whose row the caller has locked in this transaction."""
    finished_at = now()
    held_credits = await _finish(uow, job_id, "cancelled", finished_at)
    parts = await delivered_parts(uow, job_id)
    uow.emit(
        RunCancelled(
            account_id=account_id,
            job_id=job_id,
            kind=kind,
            charge_credits=min(sum(part.credits for part in parts), held_credits),
            parts=parts,
            attempts=await attempt_summaries(uow, job_id),
            finished_at=finished_at,
        ),
        traceparent,
    )


async def attempt_summaries(uow: UnitOfWork, job_id: UUID) -> tuple[AttemptSummary, ...]:
    """What was bought for a job, oldest first."""
    rows: Sequence[Any] = await uow.rows(_ATTEMPTS, {"job_id": job_id})
    return tuple(AttemptSummary.model_validate(row, from_attributes=True) for row in rows)


async def _finish(
    uow: UnitOfWork,
    job_id: UUID,
    state: str,
    at: Any,
    *,
    result: dict[str, Any] | None = None,
    code: str | None = None,
    detail: str | None = None,
) -> int:
    """Write the ending, if there is none; answers what is held for the run."""
    row = await uow.first(
        _FINISH,
        {
            "job_id": job_id,
            "state": state,
            "at": at,
            "result": None if result is None else to_json(result),
            "code": code,
            "detail": detail,
        },
    )
    if state != "completed":
        await give_year_back(uow, job_id)
    return 0 if row is None else int(row.held_credits)
