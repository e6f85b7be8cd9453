"""Owns which plan counts for accounts whose access tokens, or remembered keys, may still name the one before."""

from uuid import UUID

from common.db.database import Database
from common.db.recurring import repeat
from gateway.subscriptions.storage import recent_plans

TOKEN_SECONDS_MAX = 3600.0 + 300.0  # the longest that can be configured, and some
REFRESH_SECONDS = 2.0


class ChangedPlans:
    """Known at once where billing's word was heard, and two seconds later on every other replica."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._plans: dict[UUID, str] = {}
        self._noted: dict[UUID, str] = {}

    def plan_of(self, account_id: UUID, named: str) -> str:
        """The plan that counts, where a token or key names this one."""
        return self._plans.get(account_id, named)

    def note(self, account_id: UUID, plan: str) -> None:
        """The plan was changed just now."""
        self._plans[account_id] = self._noted[account_id] = plan

    async def load(self) -> None:
        """Read them anew."""
        self._noted.clear()
        async with self._database.autocommit() as connection:
            found = await recent_plans(connection, TOKEN_SECONDS_MAX)
        self._plans = found | self._noted  # what was heard meanwhile may not have been there to be read

    async def run(self) -> None:
        """Read them again, for ever; while the database is away the last known ones hold."""
        await repeat(self.load, REFRESH_SECONDS, skipped="changed_plans_not_refreshed")
