"""The limits of each plan, read again every few seconds so that a change is in force without a deploy."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import text

from common.db.database import Database
from common.db.recurring import repeat

REFRESH_SECONDS = 2.0
READ_SECONDS_MAX = 3.0
"""Together the most that a change waits to be seen: 5 s."""
STRICTEST = "free"

_PLANS = text(
    """
    SELECT plan, submissions_per_minute, jobs_per_day, jobs_in_flight, weight,
           submissions_per_user, submissions_per_key, accounts_per_network
    FROM plans
    """
)


@dataclass(frozen=True, slots=True)
class PlanLimits:
    """What a plan permits; `weight` is its share of the workers.

    Args:
        submissions_per_user: of the account's submissions a minute, as `submissions_per_key`; None: all of them.
        accounts_per_network: as many accounts may submit from one network with all they have; None: any number.
    """

    plan: str
    submissions_per_minute: int
    jobs_per_day: int
    jobs_in_flight: int
    weight: int
    submissions_per_user: int | None = None
    submissions_per_key: int | None = None
    accounts_per_network: int | None = None

    @property
    def has_parts(self) -> bool:
        """Whether users or keys are limited beside their account."""
        return self.submissions_per_user is not None or self.submissions_per_key is not None

    def times(self, factor: float) -> "PlanLimits":
        """The limits multiplied; at least one of each is left, and the share of the workers stays."""
        return replace(
            self,
            submissions_per_minute=max(1, int(self.submissions_per_minute * factor)),
            jobs_per_day=max(1, int(self.jobs_per_day * factor)),
            jobs_in_flight=max(1, int(self.jobs_in_flight * factor)),
            submissions_per_user=_times(self.submissions_per_user, factor),
            submissions_per_key=_times(self.submissions_per_key, factor),
        )


class Plans:
    """All plans, in memory.

    Args:
        factor: what every limit is multiplied by at present (see the switch `tight-limits`).
    """

    def __init__(self, database: Database, factor: Callable[[], float] = lambda: 1.0) -> None:
        self._database = database
        self._factor = factor
        self._stored: dict[str, PlanLimits] = {}
        self._limits: dict[str, PlanLimits] = {}
        self._applied = 1.0

    def limits(self, plan: str) -> PlanLimits:
        """What a plan permits; a plan that is gone permits what `free` does.

        Raises:
            KeyError: the plans were never loaded.
        """
        if self._factor() != self._applied:
            self._apply()
        return self._limits.get(plan) or self._limits[STRICTEST]

    async def load(self) -> None:
        """Read all plans."""
        async with asyncio.timeout(READ_SECONDS_MAX), self._database.autocommit() as connection:
            rows = (await connection.execute(_PLANS)).all()
        self._stored = {row.plan: PlanLimits(*row) for row in rows}
        self._apply()

    async def run(self) -> None:
        """Read them again, for ever; while the database is away the last known ones hold."""
        await repeat(self.load, REFRESH_SECONDS, skipped="plans_not_refreshed")

    def _apply(self) -> None:
        self._applied = self._factor()
        self._limits = {plan: limits.times(self._applied) for plan, limits in self._stored.items()}


def _times(number: int | None, factor: float) -> int | None:
    return None if number is None else max(1, int(number * factor))
