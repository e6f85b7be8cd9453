"""Use cases of the sweeper: leases that ran out, deadlines that passed, cancellations of what still waits."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import text

from common.db.unit_of_work import UnitOfWork
from common.events.credits import CreditsHeld
from generation.runs.outcome import cancel_unclaimed, fail_unclaimed

log = structlog.get_logger(__name__)

FAILURES_MAX = 5
BATCH_MAX = 200
RETRY_PAUSE = timedelta(seconds=1)

_LAPSED = text(
    """
    SELECT job_id, account_id, kind, attempt, failures, lease_owner, started_at, traceparent,
           cancel_requested_at IS NOT NULL AS cancel_requested
    FROM runs WHERE state = 'running' AND lease_until < now()
    ORDER BY lease_until LIMIT :limit FOR UPDATE SKIP LOCKED
    """
)
_REQUEUE = text(
    """
    UPDATE runs SET state = 'queued', lease_owner = NULL, lease_until = NULL, failures = failures + 1,
                    losses = losses + 1
    WHERE job_id = :job_id
    """
)
_OVERDUE = text(
    """
    SELECT job_id, account_id, kind, traceparent FROM runs
    WHERE state = 'queued' AND started_at IS NULL AND deadline_at < now()
    ORDER BY deadline_at LIMIT :limit FOR UPDATE SKIP LOCKED
    """
)
_REQUEST_CANCEL = text(
    """
    UPDATE runs SET cancel_requested_at = coalesce(cancel_requested_at, now())
    WHERE job_id = :job_id AND account_id = :account_id AND state IN ('queued', 'running')
    RETURNING state, kind, traceparent
    """
)
_KEEP_EARLY_CANCEL = text(
    """
    INSERT INTO runs (job_id, account_id, kind, job_class, input, held_credits, plan, weight, locale, state,
                      virtual_start, virtual_finish, deadline_at, finished_at, cancel_requested_at, error_code)
    VALUES (:job_id, :account_id, '', '', '{}', 0, '', 1, '', 'cancelled', 0, 0, now(), now(), now(), :early)
    ON CONFLICT DO NOTHING RETURNING job_id
    """
)
_TAKE_EARLY_CANCELS = text(
    """
    UPDATE runs SET kind = paid.kind, job_class = paid.job_class, held_credits = paid.held, error_code = NULL
    FROM unnest(CAST(:job_ids AS uuid[]), CAST(:accounts AS uuid[]), CAST(:kinds AS text[]), CAST(:classes AS text[]),
                CAST(:held AS bigint[])) AS paid (job_id, account_id, kind, job_class, held)
    WHERE runs.job_id = paid.job_id AND runs.account_id = paid.account_id AND error_code = :early
    RETURNING runs.job_id
    """
)
_EARLY = "CANCELLED_BEFORE_PAID"


async def recover_lapsed(uow: UnitOfWork) -> int:
    """Give runs of lost workers to others; one that has lost too many workers fails. Says how many there were."""
    rows = await uow.rows(_LAPSED, {"limit": BATCH_MAX})
    for row in rows:
        log.warning(
            "lease_lapsed",
            job_id=str(row.job_id),
            attempt=row.attempt,
            failures=row.failures,
            owner=row.lease_owner,
        )
        if row.cancel_requested:
            await cancel_unclaimed(uow, row.job_id, row.account_id, row.kind, traceparent=row.traceparent)
        elif row.failures + 1 >= FAILURES_MAX:
            await fail_unclaimed(
                uow,
                row.job_id,
                row.account_id,
                row.kind,
                "WORKER_LOST",
                "The work was interrupted too often.",
                started_at=row.started_at,
                traceparent=row.traceparent,
            )
        else:
            await uow.execute(_REQUEUE, {"job_id": row.job_id})
    return len(rows)


async def cancel_overdue(uow: UnitOfWork) -> int:
    """End runs whose deadline passed before they were ever started; says how many there were."""
    rows = await uow.rows(_OVERDUE, {"limit": BATCH_MAX})
    for row in rows:
        await fail_unclaimed(
            uow,
            row.job_id,
            row.account_id,
            row.kind,
            "DEADLINE_EXCEEDED",
            "The work could not be started in time.",
            traceparent=row.traceparent,
        )
    return len(rows)


async def request_cancel(uow: UnitOfWork, account_id: UUID, job_id: UUID) -> None:
    """Cancel what waits at once; what runs is told by its next heartbeat; what is not paid yet will never wait.

    The last is kept as a run that is over: `jobs` and `credits` are two streams, and this word may be the first.
    """
    early = {"job_id": job_id, "account_id": account_id, "early": _EARLY}
    if await uow.first(_KEEP_EARLY_CANCEL, early) is not None:
        return
    row = await uow.first(_REQUEST_CANCEL, {"job_id": job_id, "account_id": account_id})
    if row is not None and row.state == "queued":
        await cancel_unclaimed(uow, job_id, account_id, row.kind, traceparent=row.traceparent)


async def take_early_cancels(uow: UnitOfWork, events: Sequence[CreditsHeld]) -> set[UUID]:
    """Of these paid jobs, those that were cancelled before the word of their payment came; each is answered once."""
    rows = await uow.rows(
        _TAKE_EARLY_CANCELS,
        {
            "job_ids": [event.job.job_id for event in events],
            "accounts": [event.account_id for event in events],
            "kinds": [event.job.kind for event in events],
            "classes": [event.job.job_class for event in events],
            "held": [event.amount_credits for event in events],
            "early": _EARLY,
        },
    )
    return {row.job_id for row in rows}
