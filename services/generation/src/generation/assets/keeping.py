"""Lets assets go: unused for 30 days, given up, deleted by their owners; a bounded number at a time."""

import asyncio
from datetime import timedelta

import structlog

from common.db.database import Database
from common.db.recurring import repeat
from common.db.unit_of_work import UnitOfWork
from generation.assets import keeping_storage
from generation.assets.keeping_storage import Leaving
from generation.assets.rules import UNUSED_FOR
from generation.providers.errors import ProviderError
from generation.providers.ports import ArtefactStore

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 10.0
BATCH = 8
BATCHES_MAX = 50
ROWS_MAX = 500
LEASE_SECONDS = 300.0
"""More than the store's tries take together."""
BACKOFF_FIRST_SECONDS = 10.0
BACKOFF_MAX_SECONDS = 3600.0


class AssetKeeping:
    """May run in every process of the service; an asset is deleted by one of them at a time, until it is."""

    def __init__(self, database: Database, store: ArtefactStore, *, unused_for: timedelta = UNUSED_FOR) -> None:
        self._database = database
        self._store = store
        self._unused_for = unused_for

    async def run(self) -> None:
        """Let go for ever; run it as a task of the process."""
        await repeat(self.sweep, PAUSE_SECONDS, skipped="asset_keeping_skipped")

    async def sweep(self) -> None:
        """One pass, of at most `BATCH` * `BATCHES_MAX` deletions; what is left is for the next."""
        await self._database.transact(self._retire)
        for _ in range(BATCHES_MAX):
            leaving = await self._database.transact(self._claim)
            if not leaving:
                break
            async with asyncio.TaskGroup() as group:
                for one in leaving:
                    group.create_task(self._let_go(one))
        await self._database.transact(self._purge)

    async def _retire(self, uow: UnitOfWork) -> None:
        count = await keeping_storage.retire(uow, unused_for=self._unused_for, limit=ROWS_MAX)
        if count:
            log.info("assets_retired", count=count)

    async def _claim(self, uow: UnitOfWork) -> list[Leaving]:
        return list(await keeping_storage.claim(uow, lease_seconds=LEASE_SECONDS, limit=BATCH))

    async def _purge(self, uow: UnitOfWork) -> None:
        await keeping_storage.purge(uow, limit=ROWS_MAX)

    async def _let_go(self, one: Leaving) -> None:
        try:
            if one.upload_key is not None:
                await self._store.delete(one.upload_key)
            if one.state == "deleting":
                await self._store.delete(one.storage_key)
        except ProviderError as error:
            log.warning("asset_not_deleted", asset_id=str(one.asset_id), tries=one.tries, error=repr(error)[:300])
            pause = min(BACKOFF_FIRST_SECONDS * 2.0 ** min(one.tries - 1, 20), BACKOFF_MAX_SECONDS)
            await self._database.transact(keeping_storage.later, one.asset_id, pause, False)
            return
        if one.upload_possible:
            await self._database.transact(keeping_storage.later, one.asset_id, 0.0, True)
        elif one.state == "deleting":
            await self._database.transact(keeping_storage.deleted, one.asset_id)
        else:
            await self._database.transact(keeping_storage.forget_upload, one.asset_id)
