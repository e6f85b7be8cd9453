"""Owns failing fast: while the database is known to be away nobody waits for it, and who waits already is freed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import ParamSpec, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from gateway.degraded.outages import Outage

P = ParamSpec("P")
T = TypeVar("T")


class DatabaseAway(ConnectionError):
    """The database is known to be away; it was not asked. Transient like any lost connection."""


class GuardedDatabase(Database):
    """A database behind an outage's word. `check` always asks the server."""

    def __init__(self, url: str, *, application: str, outage: Outage, pool_size: int) -> None:
        super().__init__(url, application=application, pool_size=pool_size)
        self._outage = outage
        self._open: set[asyncio.Timeout] = set()
        self._connections_are_old = False
        outage.on_begin(self._free_waiters)
        outage.on_end(self._note_end)

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncIterator[UnitOfWork]:
        """One transaction.

        Raises:
            DatabaseAway: the database is known to be away, or became so meanwhile.
        """
        async with self._guarded(), super().unit_of_work() as uow:
            yield uow

    @asynccontextmanager
    async def autocommit(self) -> AsyncIterator[AsyncConnection]:
        """A connection on which each statement is its own transaction.

        Raises:
            DatabaseAway: the database is known to be away, or became so meanwhile.
        """
        async with self._guarded(), super().autocommit() as connection:
            yield connection

    async def retry(self, idempotent: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call something idempotent, again when the database hiccups; once while it is known to be away."""
        if self._outage.is_away:
            return await idempotent(*args, **kwargs)
        return await super().retry(idempotent, *args, **kwargs)

    @asynccontextmanager
    async def _guarded(self) -> AsyncIterator[None]:
        if self._outage.is_away:
            raise DatabaseAway
        if self._connections_are_old:
            self._connections_are_old = False
            await self._engine.dispose()
        try:
            async with asyncio.timeout(None) as scope:
                self._open.add(scope)
                try:
                    yield
                finally:
                    self._open.discard(scope)
        except TimeoutError:
            if scope.expired():
                raise DatabaseAway from None
            raise

    def _note_end(self) -> None:
        """Connections from before the outage are dead, and each would cost somebody a failure to find out."""
        self._connections_are_old = True

    def _free_waiters(self) -> None:
        now = asyncio.get_running_loop().time()
        while self._open:
            self._open.pop().reschedule(now)
