"""Owns which access tokens outlived their account: those of accounts deleted within the longest life of a token."""

from uuid import UUID

from common.db.database import Database
from common.db.recurring import repeat
from gateway.deletion.storage import closed_accounts

TOKEN_SECONDS_MAX = 3600.0 + 300.0  # the longest that can be configured, and some
REFRESH_SECONDS = 2.0


class ClosedAccounts:
    """Known at once where the deletion was asked for, and two seconds later on every other replica."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._closed: set[UUID] = set()

    def __contains__(self, account_id: UUID) -> bool:
        return account_id in self._closed

    def add(self, account_id: UUID) -> None:
        """The account was deleted just now."""
        self._closed.add(account_id)

    async def load(self) -> None:
        """Read them anew."""
        async with self._database.autocommit() as connection:
            self._closed = await closed_accounts(connection, TOKEN_SECONDS_MAX)

    async def run(self) -> None:
        """Read them again, for ever; while the database is away the last known ones hold."""
        await repeat(self.load, REFRESH_SECONDS, skipped="closed_accounts_not_refreshed")
