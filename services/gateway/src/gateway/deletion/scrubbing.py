"""Owns the gateway's own part of a deletion: jobs keep when, what kind and how much, and lose what a person wrote."""

from uuid import UUID

from common.db.database import Database
from common.db.recurring import repeat
from common.db.unit_of_work import UnitOfWork
from gateway.deletion import storage

PAUSE_SECONDS = 5.0
DELETIONS_MAX = 20
JOBS_MAX = 500


class Scrubbing:
    """May run on every replica; jobs one of them has are passed over by the others."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self) -> None:
        """Look for deletions for ever; run it as a task of the process."""
        await repeat(self.sweep, PAUSE_SECONDS, skipped="scrubbing_skipped")

    async def sweep(self) -> None:
        """One pass over deletions that wait. Jobs under way are waited for: their outcome is scrubbed too."""
        async with self._database.autocommit() as connection:
            pending = await storage.find_pending(connection, DELETIONS_MAX)
        for deletion_id, account_id in pending:
            while await self._database.transact(_scrub_some, account_id) == JOBS_MAX:
                pass
            await self._database.transact(_finish, deletion_id, account_id)


async def _scrub_some(uow: UnitOfWork, account_id: UUID) -> int:
    return await storage.scrub_jobs(uow.connection, account_id, JOBS_MAX)


async def _finish(uow: UnitOfWork, deletion_id: UUID, account_id: UUID) -> None:
    """Answer for the gateway, once no job is under way and none is left to scrub."""
    if await storage.has_open_jobs(uow.connection, account_id):
        return
    if await storage.scrub_jobs(uow.connection, account_id, 1) == 0:
        await storage.store_answer(uow.connection, deletion_id, "gateway", {})
