"""The limits of each plan, read again every few seconds so that a change is in force without a deploy."""

import asyncio
from dataclasses import dataclass

import structlog
from sqlalchemy import text

from common.db.database import Database, is_transient

log = structlog.get_logger(__name__)

REFRESH_SECONDS = 4.0
STRICTEST = "free"

_PLANS = text("SELECT plan, submissions_per_minute, jobs_per_day, jobs_in_flight, weight FROM plans")


@dataclass(frozen=True, slots=True)
class PlanLimits:
    """What a plan permits; `weight` is its share of the workers."""

    plan: str
    submissions_per_minute: int
    jobs_per_day: int
    jobs_in_flight: int
    weight: int


class Plans:
    """All plans, in memory."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._limits: dict[str, PlanLimits] = {}

    def limits(self, plan: str) -> PlanLimits:
        """What a plan permits; a plan that is gone permits what `free` does.

        Raises:
            KeyError: the plans were never loaded.
        """
        return self._limits.get(plan) or self._limits[STRICTEST]

    async def load(self) -> None:
        """Read all plans."""
        async with self._database.autocommit() as connection:
            rows = (await connection.execute(_PLANS)).all()
        self._limits = {row.plan: PlanLimits(*row) for row in rows}

    async def run(self) -> None:
        """Read them again, for ever; while the database is away the last known ones hold."""
        while True:
            try:
                await self.load()
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("plans_not_refreshed", error=repr(error)[:200])
            await asyncio.sleep(REFRESH_SECONDS)
