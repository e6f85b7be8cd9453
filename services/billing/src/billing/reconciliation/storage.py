"""The SQL of reconciliation's runs: one at a time under a lease, each with its counts and differences."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.reconciliation.rules import Counts, Difference, Report, Trigger, Window
from common.db.unit_of_work import UnitOfWork

DIFFERENCES_KEPT_MAX = 1_000
RUNS_KEPT = timedelta(days=400)

_GIVE_UP_LAPSED = text(
    """
    UPDATE reconciliation_runs SET status = 'failed', finished_at = now(), error = 'its process was lost'
    WHERE status = 'running' AND lease_until < now()
    """
)
_BEGIN = text(
    """
    INSERT INTO reconciliation_runs (run_id, trigger, window_since, window_until, lease_until)
    SELECT :run_id, :trigger, :since, :until, now() + CAST(:lease AS interval)
    WHERE CAST(:rest AS interval) IS NULL OR NOT EXISTS (
        SELECT 1 FROM reconciliation_runs
        WHERE status IN ('clean', 'differs') AND started_at > now() - CAST(:rest AS interval)
    )
    ON CONFLICT DO NOTHING
    """
)
_RENEW = text(
    """
    UPDATE reconciliation_runs SET lease_until = now() + CAST(:lease AS interval)
    WHERE run_id = :run_id AND status = 'running'
    """
)
_FINISH = text(
    """
    UPDATE reconciliation_runs
    SET status = :status, finished_at = now(), error = :error, events_listed = :events_listed,
        events_fed = :events_fed, payments_compared = :payments_compared, payments_foreign = :payments_foreign,
        payments_repaired = :payments_repaired, differences = :differences
    WHERE run_id = :run_id AND status = 'running'
    """
)
_ADD_DIFFERENCE = text(
    """
    INSERT INTO reconciliation_differences (
        run_id, payment_id, reason, currency, stripe_paid_minor, booked_paid_minor, stripe_reversed_minor,
        booked_reversed_minor, due_credits, booked_credits
    ) VALUES (
        :run_id, :payment_id, :reason, :currency, :stripe_paid_minor, :booked_paid_minor, :stripe_reversed_minor,
        :booked_reversed_minor, :due_credits, :booked_credits
    ) ON CONFLICT DO NOTHING
    """
)
_FORGET = text("DELETE FROM reconciliation_runs WHERE started_at < now() - CAST(:age AS interval)")
_LAST = text(
    """
    SELECT run_id, window_until, differences, finished_at, started_at FROM reconciliation_runs
    WHERE status IN ('clean', 'differs') ORDER BY started_at DESC LIMIT 1
    """
)


@dataclass(frozen=True, slots=True)
class LastRun:
    """The last run that looked at everything."""

    run_id: UUID
    window_until: datetime
    differences: int
    finished_at: datetime
    started_at: datetime


async def begin_run(
    uow: UnitOfWork, run_id: UUID, trigger: Trigger, window: Window, lease: timedelta, rest: timedelta | None
) -> bool:
    """Begin a run, unless one is under way, or one has looked at everything within `rest`."""
    await uow.execute(_GIVE_UP_LAPSED)
    parameters = {"run_id": run_id, "trigger": trigger, "since": window.since, "until": window.until}
    begun = await uow.execute(_BEGIN, {**parameters, "lease": lease, "rest": rest})
    return bool(begun.rowcount)


async def renew_lease(connection: AsyncConnection, run_id: UUID, lease: timedelta) -> bool:
    """Go on with a run; False when it was given up by others meanwhile."""
    return bool((await connection.execute(_RENEW, {"run_id": run_id, "lease": lease})).rowcount)


async def finish_run(uow: UnitOfWork, report: Report) -> None:
    """Write a run's report, and forget runs of long ago."""
    kept: Sequence[Difference] = report.differences[:DIFFERENCES_KEPT_MAX]
    counts: Counts = report.counts
    finished = await uow.execute(
        _FINISH, {"run_id": report.run_id, "status": report.status, "error": report.error, **asdict(counts)}
    )
    if finished.rowcount and kept:
        await uow.execute(_ADD_DIFFERENCE, [{"run_id": report.run_id, **asdict(one)} for one in kept])
    await uow.execute(_FORGET, {"age": RUNS_KEPT})


async def last_run(connection: AsyncConnection) -> LastRun | None:
    """The last run that looked at everything, if there was one."""
    row = (await connection.execute(_LAST)).first()
    return LastRun(*row) if row is not None else None
