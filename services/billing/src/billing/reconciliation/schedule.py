"""When reconciliation runs by itself: soon after a process started, and daily; one process at a time."""

import asyncio
import random
from datetime import timedelta

import structlog

from billing.reconciliation import storage
from billing.reconciliation.metrics import drift, last_complete
from billing.reconciliation.reconciler import Reconciler, RunLost
from common.clock import now
from common.db.database import Database, is_transient

log = structlog.get_logger(__name__)

START_SECONDS = 10.0
LOOK_SECONDS = 60.0
RETRY_SECONDS = 600.0
DAILY = timedelta(hours=24)
REST_AT_START = timedelta(hours=1)
"""So that a fleet of processes, or one that restarts again and again, does not run it for each start."""


async def run_schedule(database: Database, reconciler: Reconciler) -> None:
    """Run it when it is due, and show what the last run found, for ever."""
    await asyncio.sleep(START_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 - spreads replicas
    rest, pause = REST_AT_START, LOOK_SECONDS
    while True:
        try:
            complete = await _run_if_due(database, reconciler, rest)
            rest, pause = DAILY, LOOK_SECONDS if complete else RETRY_SECONDS
        except RunLost:
            log.warning("reconciliation_lost")
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("reconciliation_skipped", error=repr(error)[:200])
        await asyncio.sleep(pause)


async def _run_if_due(database: Database, reconciler: Reconciler, rest: timedelta) -> bool:
    """False when a run was due and could not look at everything."""
    last = await _show(database)
    if last is not None and now() - last.started_at < rest:
        return True
    report = await reconciler.run("schedule", rest=rest)
    await _show(database)
    return report is None or report.error is None


async def _show(database: Database) -> storage.LastRun | None:
    async with database.autocommit() as connection:
        last = await storage.last_run(connection)
    if last is not None:
        drift.set(last.differences)
        last_complete.set(last.finished_at.timestamp())
    return last
