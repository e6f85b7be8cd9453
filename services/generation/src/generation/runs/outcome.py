"""Use cases: a run ends, once. State, outcome and the event that tells of it commit together."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.clock import now
from common.db.unit_of_work import UnitOfWork
from common.events.runs import AttemptSummary, RunCancelled, RunCompleted, RunFailed
from generation.entitlements.storage import give_year_back
from generation.runs.json_text import to_json
from generation.runs.lease import ClaimedRun, ensure_held, stale_writes
from generation.runs.steps import delivered_parts

_FINISH = text(
    """
    UPDATE runs SET state = :state, lease_owner = NULL, lease_until = NULL, finished_at = :at,
                    error_code = :code, error_detail = :detail
    WHERE job_id = :job_id AND state IN ('queued', 'running')
    RETURNING held_credits
    """
)
_COMPLETE = text(
    """
    UPDATE runs SET state = 'completed', lease_owner = NULL, lease_until = NULL, finished_at = :at,
                    result = CAST(ended.result AS jsonb)
    FROM unnest(CAST(:job_ids AS uuid[]), CAST(:tokens AS integer[]), CAST(:results AS text[]))
        AS ended (job_id, token, result)
    WHERE runs.job_id = ended.job_id AND runs.attempt = ended.token AND runs.state = 'running'
    RETURNING runs.job_id, EXISTS (SELECT 1 FROM attempts WHERE attempts.job_id = runs.job_id) AS has_bought
    """
)
_ATTEMPTS = text(
    """
    SELECT job_id, step, provider, model, coalesce(outcome, 'open') AS outcome, error_code,
           extract(epoch FROM coalesce(finished_at, now()) - started_at)::float8 AS duration_seconds, cost_microusd,
           branch
    FROM unnest(CAST(:job_ids AS uuid[])) AS asked (asked_id), LATERAL (
        SELECT * FROM attempts WHERE job_id = asked_id ORDER BY started_at, attempt_id LIMIT 200
    ) AS bought
    ORDER BY job_id, started_at, attempt_id
    """
)


@dataclass(frozen=True, slots=True)
class Completion:
    """A run whose work is done and stored; `charge_credits` of what is held pays for it.

    Raises:
        ValueError: the charge is more than was held, or the result is nothing that JSON can say.
    """

    run: ClaimedRun
    result: dict[str, Any]
    charge_credits: int
    traceparent: str | None = None
    result_text: str = field(init=False)

    def __post_init__(self) -> None:
        if not 0 <= self.charge_credits <= self.run.held_credits:
            raise ValueError(
                f"a charge of {self.charge_credits} is not within the {self.run.held_credits} credits held"
            )
        object.__setattr__(self, "result_text", to_json(self.result))


async def complete(uow: UnitOfWork, completions: Sequence[Completion]) -> set[UUID]:
    """End runs whose work is done; answers those that were still their worker's, the others are somebody else's."""
    finished_at = now()
    rows = await uow.rows(
        _COMPLETE,
        {
            "at": finished_at,
            "job_ids": [completion.run.job_id for completion in completions],
            "tokens": [completion.run.token for completion in completions],
            "results": [completion.result_text for completion in completions],
        },
    )
    has_bought = {row.job_id: row.has_bought for row in rows}
    completed = set(has_bought)
    attempts = await _attempts(uow, [job_id for job_id, bought in has_bought.items() if bought])
    for completion in completions:
        run = completion.run
        if has_bought.pop(run.job_id, None) is None:
            stale_writes.labels("complete").inc(run.job_id not in completed)
            continue
        uow.emit(
            RunCompleted(
                account_id=run.account_id,
                job_id=run.job_id,
                kind=run.kind,
                charge_credits=completion.charge_credits,
                result=completion.result,
                attempts=attempts.get(run.job_id, ()),
                started_at=run.started_at,
                finished_at=finished_at,
            ),
            completion.traceparent,
        )
    return completed


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
    held_credits = await _finish(uow, job_id, "cancelled", finished_at, code=None, detail=None)
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
    return (await _attempts(uow, [job_id])).get(job_id, ())


async def _attempts(uow: UnitOfWork, job_ids: Sequence[UUID]) -> dict[UUID, tuple[AttemptSummary, ...]]:
    rows = await uow.rows(_ATTEMPTS, {"job_ids": list(job_ids)}) if job_ids else ()
    return {
        job_id: tuple(AttemptSummary.model_validate(row, from_attributes=True) for row in bought)
        for job_id, bought in groupby(rows, key=attrgetter("job_id"))
    }


async def _finish(uow: UnitOfWork, job_id: UUID, state: str, at: Any, *, code: str | None, detail: str | None) -> int:
    """Write an ending without a result, if there is none; answers what is held for the run."""
    parameters = {"job_id": job_id, "state": state, "at": at, "code": code, "detail": detail}
    row = await uow.first(_FINISH, parameters)
    await give_year_back(uow, job_id)
    return 0 if row is None else int(row.held_credits)
