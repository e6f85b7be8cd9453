"""Forgets old log entries and old jobs, some at a time."""

import asyncio

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from common.db.database import Database
from notifier.feed import storage

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 60.0
BATCH_MAX = 5000
JOB_DAYS = 30


class FeedRetention:
    """Keeps each log within its days; the count for each account is kept where entries are added."""

    def __init__(self, database: Database, keep_days: int) -> None:
        self._database = database
        self._keep_days = keep_days

    async def run(self) -> None:
        """Every minute one pass; ends only by cancellation."""
        while True:
            try:
                await self.forget()
            except (DBAPIError, PoolTimeoutError, TimeoutError, OSError) as error:
                log.warning("feed_retention_skipped", error=repr(error)[:200])
            await asyncio.sleep(PAUSE_SECONDS)

    async def forget(self) -> None:
        """Delete all that is too old, a bounded number of rows in each statement."""
        while True:
            deleted = await storage.forget(
                self._database, event_days=self._keep_days, job_days=JOB_DAYS, limit=BATCH_MAX
            )
            if deleted < BATCH_MAX:
                return
