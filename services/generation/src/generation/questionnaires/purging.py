"""Deletes drafts that nobody has touched for a year: what people say of themselves is not kept by oversight."""

from common.db.database import Database
from common.db.recurring import repeat
from generation.questionnaires import storage

DRAFT_DAYS = 365
"""As long as a report must be waited for at most."""
PAUSE_SECONDS = 3600.0
BATCH_MAX = 500


class DraftPurging:
    """May run in several processes at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self) -> None:
        """Purge every hour, for ever."""
        await repeat(self.purge, PAUSE_SECONDS, skipped="draft_purge_skipped")

    async def purge(self) -> int:
        """Delete all that is due; says how many there were."""
        total = 0
        while count := await storage.delete_untouched(self._database, days=DRAFT_DAYS, limit=BATCH_MAX):
            total += count
        return total
