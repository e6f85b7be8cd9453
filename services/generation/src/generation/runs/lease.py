"""A run's lease: who may work on it, until when, and under which token every write of that worker is checked.

The token is the attempt number. A worker whose lease ran out and whose run went to somebody else finds that its
writes touch no row. Time is the database's.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from prometheus_client import Counter
from sqlalchemy import text

from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.events.jobs import OnProviderDown

stale_writes = Counter("runs_stale_writes_total", "Writes refused because another worker has the run", ["operation"])

SUSPECT_LOSSES = 2
"""A run that has lost so many workers may be what kills them."""

_CLAIM = text(
    """
    WITH next AS (
        SELECT job_id, virtual_start FROM runs
        WHERE job_class = :job_class AND state = 'queued' AND not_before <= now()
          AND (:suspects OR losses < :losses_max OR coalesce(started_at, queued_at) < now() - interval '5 minutes')
        ORDER BY virtual_finish, job_id LIMIT :most FOR UPDATE SKIP LOCKED
    ), clock AS (
        UPDATE class_clocks SET virtual_time = head.virtual_start
        FROM (SELECT max(virtual_start) AS virtual_start FROM next) AS head
        WHERE class_clocks.job_class = :job_class AND virtual_time < head.virtual_start
    )
    UPDATE runs
    SET state = 'running', attempt = attempt + 1, lease_owner = :owner, started_at = coalesce(started_at, now()),
        lease_until = now() + make_interval(secs => :lease_seconds)
    FROM next WHERE runs.job_id = next.job_id
    RETURNING runs.job_id, account_id, kind, job_class, input, held_credits, locale, attempt AS token, failures,
              deadline_at, started_at, traceparent, on_provider_down, losses,
              provider_wait_until IS NOT NULL AS has_waited, cancel_requested_at IS NOT NULL AS cancel_requested
    """
)
_RENEW = text(
    """
    UPDATE runs SET lease_until = now() + make_interval(secs => :lease_seconds)
    WHERE job_id = :job_id AND attempt = :token AND state = 'running'
    RETURNING cancel_requested_at IS NOT NULL AS cancel_requested
    """
)
_HAND_BACK = text(
    """
    UPDATE runs SET state = 'queued', lease_owner = NULL, lease_until = NULL, failures = failures + :failures,
                    not_before = now() + make_interval(secs => :pause_seconds)
    WHERE job_id = :job_id AND attempt = :token AND state = 'running'
    RETURNING job_id
    """
)
_STILL_MINE = text("SELECT 1 FROM runs WHERE job_id = :job_id AND attempt = :token AND state = 'running' FOR UPDATE")


class LeaseLost(Exception):
    """Another worker has the run, or it is over; nothing of ours may be written any more."""


@dataclass(frozen=True, slots=True)
class ClaimedRun:
    """A run as its worker knows it. `token` must accompany every write."""

    job_id: UUID
    account_id: UUID
    kind: str
    job_class: str
    input: dict[str, Any]
    held_credits: int
    locale: str
    token: int
    failures: int
    deadline_at: datetime
    started_at: datetime
    traceparent: str | None
    losses: int = 0
    on_provider_down: OnProviderDown = "fallback"
    has_waited: bool = False
    """Its provider was down before, and it waited."""
    cancel_requested: bool = False


async def claim(
    uow: UnitOfWork, job_class: str, owner: str, lease_seconds: float, *, most: int = 1, suspects: bool = True
) -> list[ClaimedRun]:
    """Take the next waiting runs of a class, at most so many, for `lease_seconds`.

    Without `suspects`, runs that have lost `SUSPECT_LOSSES` workers are left for a worker that has nothing else to do,
    but not for ever.
    """
    parameters = {"job_class": job_class, "owner": owner, "lease_seconds": lease_seconds, "most": most}
    rows = await uow.rows(_CLAIM, parameters | {"suspects": suspects, "losses_max": SUSPECT_LOSSES})
    return [ClaimedRun(**row._mapping) for row in rows]


async def renew(database: Database, run: ClaimedRun, lease_seconds: float) -> bool:
    """Extend the lease; answers whether the owner of the job wants it stopped.

    Raises:
        LeaseLost: it is too late.
    """
    async with database.autocommit() as connection:
        parameters = {"job_id": run.job_id, "token": run.token, "lease_seconds": lease_seconds}
        row = (await connection.execute(_RENEW, parameters)).first()
    if row is None:
        stale_writes.labels("renew").inc()
        raise LeaseLost(f"run {run.job_id} attempt {run.token}")
    return bool(row.cancel_requested)


async def hand_back(database: Database, run: ClaimedRun, *, failures: int, pause_seconds: float) -> bool:
    """Let another worker go on with the run; `failures` counts against its limit. False when it was not ours."""
    async with database.autocommit() as connection:
        parameters = {
            "job_id": run.job_id,
            "token": run.token,
            "failures": failures,
            "pause_seconds": pause_seconds,
        }
        return (await connection.execute(_HAND_BACK, parameters)).first() is not None


async def ensure_held(uow: UnitOfWork, run: ClaimedRun, operation: str) -> None:
    """Lock the run's row for this transaction, so that what is written with it is written by its holder.

    Raises:
        LeaseLost: the run is not this worker's any more.
    """
    if await uow.first(_STILL_MINE, {"job_id": run.job_id, "token": run.token}) is None:
        stale_writes.labels(operation).inc()
        raise LeaseLost(f"run {run.job_id} attempt {run.token}")
