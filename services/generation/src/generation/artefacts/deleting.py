"""Owns having artefacts deleted at the vendor: each until it has answered, then the word that all is gone.

A deletion stays open while a run of the account is under way, for what that stores has to go too.
"""

import asyncio
from collections.abc import Sequence

import structlog

from common.db.database import Database
from common.db.recurring import repeat
from common.db.unit_of_work import UnitOfWork
from common.events.deletion import ArtefactsDeleted
from generation.artefacts import storage
from generation.artefacts.storage import ClaimedArtefact
from generation.providers.errors import ProviderError
from generation.providers.ports import ArtefactStore

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 5.0
SETTLE_SECONDS = 30.0
"""How long after the request runs may still begin: what was accepted just before is on its way."""
DELETIONS_MAX = 20
AT_ONCE_MAX = 8
LEASE_SECONDS = 300.0
"""More than the store's tries take together."""
TRIES_MAX = 20
BACKOFF_FIRST_SECONDS = 10.0
BACKOFF_MAX_SECONDS = 3600.0


class ArtefactDeleting:
    """May run in every worker; an artefact is asked for by one of them at a time.

    Args:
        settle_seconds: how long a deletion stays open at least.
    """

    def __init__(self, database: Database, store: ArtefactStore, *, settle_seconds: float = SETTLE_SECONDS) -> None:
        self._database = database
        self._store = store
        self._settle_seconds = settle_seconds

    async def run(self) -> None:
        """Delete for ever; run it as a task of the process."""
        await repeat(self.sweep, PAUSE_SECONDS, skipped="artefact_deletions_skipped")

    async def sweep(self) -> None:
        """One pass: find what is to go, have it deleted, complete what has all its answers."""
        await self._database.transact(self._collect)
        while claimed := await self._database.transact(self._claim):
            async with asyncio.TaskGroup() as group:
                for artefact in claimed:
                    group.create_task(self._delete(artefact))
        await self._database.transact(self._complete)

    async def _collect(self, uow: UnitOfWork) -> None:
        for row in await storage.lock_open(uow, settle_seconds=self._settle_seconds, limit=DELETIONS_MAX):
            await storage.collect(uow, row.deletion_id, row.account_id)

    async def _claim(self, uow: UnitOfWork) -> Sequence[ClaimedArtefact]:
        return await storage.claim(uow, lease_seconds=LEASE_SECONDS, limit=AT_ONCE_MAX)

    async def _delete(self, artefact: ClaimedArtefact) -> None:
        try:
            existed = await self._store.delete(artefact.artefact_id)
        except ProviderError as error:
            await self._failed(artefact, repr(error)[:300])
            return
        await self._database.transact(storage.answer, artefact, "deleted" if existed else "missing")

    async def _failed(self, artefact: ClaimedArtefact, error: str) -> None:
        log.warning("artefact_not_deleted", artefact_id=artefact.artefact_id, tries=artefact.tries, error=error)
        if artefact.tries >= TRIES_MAX:
            await self._database.transact(storage.answer, artefact, "refused", error)
            return
        pause = min(BACKOFF_FIRST_SECONDS * 2.0 ** (artefact.tries - 1), BACKOFF_MAX_SECONDS)
        await self._database.transact(storage.postpone, artefact, error, pause)

    async def _complete(self, uow: UnitOfWork) -> None:
        for row in await storage.lock_open(uow, settle_seconds=self._settle_seconds, limit=DELETIONS_MAX):
            deletion_id, account_id = row.deletion_id, row.account_id
            if not row.settled or await storage.is_busy(uow, deletion_id, account_id):
                continue
            if await storage.collect(uow, deletion_id, account_id):
                continue  # a run has ended since the last look
            counts = await storage.complete(uow, deletion_id, account_id)
            uow.emit(
                ArtefactsDeleted(
                    account_id=account_id,
                    deletion_id=deletion_id,
                    deleted_count=counts.deleted,
                    missing_count=counts.missing,
                    refused_count=counts.refused,
                )
            )
