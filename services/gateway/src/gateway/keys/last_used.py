"""Owns when keys were last used: noted in memory, written in one statement a minute."""

import asyncio
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from common import clock
from common.db.database import Database
from gateway.keys.storage import touch_keys

log = structlog.get_logger(__name__)

FLUSH_SECONDS = 60.0
NOTES_MAX = 10_000


class LastUsed:
    """Notes uses and writes them behind: a key's row changes at most once a minute for each replica.

    What is noted and not yet written is lost when the process is killed: the time is for people, not for
    decisions.
    """

    def __init__(self, database: Database, *, flush_seconds: float = FLUSH_SECONDS, notes_max: int = NOTES_MAX) -> None:
        self._database = database
        self._flush_seconds = flush_seconds
        self._notes_max = notes_max
        self._notes: dict[UUID, datetime] = {}

    def note(self, key_id: UUID) -> None:
        """The key was used now. Beyond `notes_max` keys in a minute further ones go unnoted."""
        if key_id in self._notes or len(self._notes) < self._notes_max:
            self._notes[key_id] = clock.now()

    async def run(self) -> None:
        """Write for ever, and once more at the end; run it as a task of the process."""
        try:
            while True:
                await asyncio.sleep(self._flush_seconds)
                await self.flush()
        finally:
            await self.flush()

    async def flush(self) -> None:
        """Write what was noted. While the database is away the notes stay for the next time."""
        notes, self._notes = self._notes, {}
        if not notes:
            return
        try:
            async with self._database.autocommit() as connection:
                await touch_keys(connection, notes)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            self._notes = notes | self._notes
            log.warning("last_used_not_written", keys=len(notes), error=repr(error)[:300])
