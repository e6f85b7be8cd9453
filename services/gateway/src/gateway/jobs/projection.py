"""The read model of jobs, kept from what billing and generation say, in whatever order it arrives."""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.bus.handlers import Received
from common.db.unit_of_work import UnitOfWork
from common.events.credits import BalanceChanged, CreditsCaptured, CreditsHeld, CreditsRefused, CreditsReleased
from common.events.runs import RunCancelled, RunCompleted, RunFailed, RunProgressed, RunQueued, RunStarted
from gateway.jobs.limit_notes import LimitNotes
from gateway.jobs.status import RANK_FINAL, RANKS, JobStatus

_HELD = text(
    """
    UPDATE jobs SET held_credits = held.amount
    FROM unnest(CAST(:job_ids AS uuid[]), CAST(:amounts AS bigint[])) AS held (job_id, amount)
    WHERE jobs.job_id = held.job_id
    """
)
_REFUSED = text(
    """
    WITH refused AS (
        SELECT told.*, idempotency_key AS freed_key, created_at
        FROM unnest(CAST(:job_ids AS uuid[]), CAST(:at AS timestamptz[]), CAST(:errors AS text[]))
            AS told (job_id, at, error)
        JOIN jobs USING (job_id)
    )
    UPDATE jobs
    SET status = 'rejected', rank = 3, finished_at = refused.at, settled_at = refused.at, idempotency_key = NULL,
        error = CAST(refused.error AS jsonb)
    FROM refused
    WHERE jobs.job_id = refused.job_id AND rank < 3
    RETURNING jobs.account_id, jobs.job_id, refused.created_at, refused.freed_key
    """
)
_QUEUED = text(
    """
    UPDATE jobs SET wait = CAST(queued.wait AS jsonb), status = CASE WHEN rank < 1 THEN 'queued' ELSE status END,
                    rank = greatest(rank, 1)
    FROM unnest(CAST(:job_ids AS uuid[]), CAST(:waits AS text[])) AS queued (job_id, wait)
    WHERE jobs.job_id = queued.job_id
    """
)
_STARTED = text(
    """
    UPDATE jobs SET status = CASE WHEN rank < 2 THEN 'running' ELSE status END, rank = greatest(rank, 2),
                    attempt = greatest(jobs.attempt, started.attempt), started_at = least(jobs.started_at, started.at)
    FROM unnest(CAST(:job_ids AS uuid[]), CAST(:attempts AS integer[]), CAST(:at AS timestamptz[]))
        AS started (job_id, attempt, at)
    WHERE jobs.job_id = started.job_id
    """
)
_PROGRESSED = text(
    """
    UPDATE jobs SET progress = told.progress, progress_message = CASE WHEN rank < 3 THEN told.message END
    FROM unnest(CAST(:job_ids AS uuid[]), CAST(:attempts AS integer[]), CAST(:progress AS float8[]),
                CAST(:messages AS text[])) AS told (job_id, attempt, progress, message)
    WHERE jobs.job_id = told.job_id AND told.attempt >= jobs.attempt AND told.progress >= jobs.progress
    """
)
_FINISHED = text(
    """
    UPDATE jobs
    SET status = :status, rank = 3, finished_at = :finished_at, started_at = least(started_at, :started_at),
        result = CAST(:result AS jsonb), error = CAST(:error AS jsonb), attempts = CAST(:attempts AS jsonb),
        progress = CASE WHEN :status = 'succeeded' THEN 1 ELSE progress END, progress_message = NULL
    WHERE job_id = :job_id AND rank < 3
    """
)
_SETTLED = text(
    """
    UPDATE jobs SET charged_credits = settled.charged, returned_credits = settled.returned, settled_at = settled.at
    FROM unnest(CAST(:job_ids AS uuid[]), CAST(:charged AS bigint[]), CAST(:returned AS bigint[]),
                CAST(:at AS timestamptz[])) AS settled (job_id, charged, returned, at)
    WHERE jobs.job_id = settled.job_id
    """
)


async def note_held(batch: Sequence[Received[CreditsHeld]], uow: UnitOfWork) -> None:
    """The price is set aside."""
    events = [received.event for received in batch]
    await uow.execute(_HELD, {"job_ids": [e.job.job_id for e in events], "amounts": [e.amount_credits for e in events]})


async def note_refused(notes: LimitNotes, batch: Sequence[Received[CreditsRefused]], uow: UnitOfWork) -> None:
    """The job is rejected. Its idempotency key is free again: a refusal burns nothing."""
    events = [received.event for received in batch]
    errors = [
        {
            "code": "INSUFFICIENT_CREDITS",
            "detail": f"This costs {e.required_credits} credits and {e.available_credits} are available.",
        }
        for e in events
    ]
    rejected = await uow.rows(
        _REFUSED,
        {
            "job_ids": [e.job_id for e in events],
            "at": [e.occurred_at for e in events],
            "errors": [json.dumps(error) for error in errors],
        },
    )
    for row in rejected:
        uow.after_commit(partial(notes.refused, row.account_id, row.job_id, row.created_at, row.freed_key))


async def note_queued(batch: Sequence[Received[RunQueued]], uow: UnitOfWork) -> None:
    """The run has its place."""
    events = [received.event for received in batch]
    await uow.execute(
        _QUEUED, {"job_ids": [e.job_id for e in events], "waits": [e.wait.model_dump_json() for e in events]}
    )


async def note_started(batch: Sequence[Received[RunStarted]], uow: UnitOfWork) -> None:
    """A worker has the run."""
    latest = {received.event.job_id: received.event for received in batch}.values()
    await uow.execute(
        _STARTED,
        {
            "job_ids": [e.job_id for e in latest],
            "attempts": [e.attempt for e in latest],
            "at": [e.occurred_at for e in latest],
        },
    )


async def note_progress(batch: Sequence[Received[RunProgressed]], uow: UnitOfWork) -> None:
    """How far it is; of several reports in a batch the last one counts."""
    latest = {received.event.job_id: received.event for received in batch}.values()
    await uow.execute(
        _PROGRESSED,
        {
            "job_ids": [e.job_id for e in latest],
            "attempts": [e.attempt for e in latest],
            "progress": [e.progress for e in latest],
            "messages": [e.message for e in latest],
        },
    )


async def note_completed(notes: LimitNotes, event: RunCompleted, uow: UnitOfWork) -> None:
    """The work is done."""
    await _finish(notes, uow, event, JobStatus.SUCCEEDED, event.started_at, result=event.result)


async def note_failed(notes: LimitNotes, event: RunFailed, uow: UnitOfWork) -> None:
    """The work cannot be done."""
    error = {"code": event.code, "detail": event.detail}
    await _finish(notes, uow, event, JobStatus.FAILED, event.started_at, error=error)


async def note_cancelled(notes: LimitNotes, event: RunCancelled, uow: UnitOfWork) -> None:
    """Its owner stopped it."""
    await _finish(notes, uow, event, JobStatus.CANCELLED, None)


async def note_captured(batch: Sequence[Received[CreditsCaptured]], uow: UnitOfWork) -> None:
    """The job was charged."""
    await _settle(
        uow,
        [(r.event.job_id, r.event.captured_credits, r.event.released_credits, r.event.occurred_at) for r in batch],
    )


async def note_released(batch: Sequence[Received[CreditsReleased]], uow: UnitOfWork) -> None:
    """The job's credits went back."""
    await _settle(uow, [(r.event.job_id, 0, r.event.released_credits, r.event.occurred_at) for r in batch])


async def note_balance(notes: LimitNotes, event: BalanceChanged, uow: UnitOfWork) -> None:
    """What the account has now."""
    uow.after_commit(partial(notes.balance, event.account_id, event.available_credits, event.version))


async def _finish(
    notes: LimitNotes,
    uow: UnitOfWork,
    event: RunCompleted | RunFailed | RunCancelled,
    status: JobStatus,
    started_at: datetime | None,
    *,
    result: dict[str, Any] | None = None,
    error: dict[str, str] | None = None,
) -> None:
    if RANKS[status] != RANK_FINAL:
        raise AssertionError(f"{status} is no outcome")
    await uow.execute(
        _FINISHED,
        {
            "job_id": event.job_id,
            "status": status.value,
            "finished_at": event.finished_at,
            "started_at": started_at,
            "result": None if result is None else json.dumps(result),
            "error": None if error is None else json.dumps(error),
            "attempts": json.dumps([attempt.model_dump(mode="json") for attempt in event.attempts]),
        },
    )
    uow.after_commit(partial(notes.finished, event.account_id, event.job_id))


async def _settle(uow: UnitOfWork, settlements: Sequence[tuple[UUID, int, int, datetime]]) -> None:
    job_ids, charged, returned, at = (list(column) for column in zip(*settlements, strict=True))
    await uow.execute(_SETTLED, {"job_ids": job_ids, "charged": charged, "returned": returned, "at": at})
