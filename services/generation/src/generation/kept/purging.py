"""Keeps the kept results within their bounds of age and number."""

from common.db.database import Database
from common.db.recurring import repeat
from common.db.unit_of_work import UnitOfWork
from generation.kept.storage import purge

PAUSE_SECONDS = 60.0
ROWS_MAX = 100_000
"""Palettes are of 1 to 3 kB: some 200 MB."""
BATCH_MAX = 1000
BATCHES_MAX = 50


class KeptResultsPurging:
    """May run in several processes at once."""

    def __init__(self, database: Database, *, rows_max: int = ROWS_MAX) -> None:
        self._database = database
        self._rows_max = rows_max

    async def run(self) -> None:
        """Purge for ever; run it as a task of the process."""
        await repeat(self.purge, PAUSE_SECONDS, skipped="kept_results_not_purged")

    async def purge(self) -> int:
        """One pass, in small transactions; how many rows went."""
        total = 0
        for _ in range(BATCHES_MAX):
            dropped = await self._database.transact(self._batch)
            total += dropped
            if dropped == 0:
                break
        return total

    async def _batch(self, uow: UnitOfWork) -> int:
        return await purge(uow, rows_max=self._rows_max, limit=BATCH_MAX)
