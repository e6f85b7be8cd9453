"""Keeps the kept results within their bounds of age and number."""

import asyncio

import structlog

from common.db.database import Database, is_transient
from common.db.unit_of_work import UnitOfWork
from generation.kept.storage import purge

log = structlog.get_logger(__name__)

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
        while True:
            try:
                await self.purge()
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("kept_results_not_purged", error=repr(error)[:200])
            await asyncio.sleep(PAUSE_SECONDS)

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
