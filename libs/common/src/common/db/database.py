"""A service's database: a bounded pool of connections and the transactions run on it."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Concatenate, ParamSpec, Protocol, TypeVar

import asyncpg
import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from common.db.outbox_record import OutboxRecord
from common.db.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

TRIES_MAX = 4
BACKOFF_SECONDS = 0.05
STATEMENT_SECONDS_MAX = 15.0
CONNECT_SECONDS_MAX = 5.0
POOL_WAIT_SECONDS_MAX = 5.0

_RETRYABLE_STATES = frozenset(
    {
        "40001",  # serialization_failure
        "40P01",  # deadlock_detected
        "55P03",  # lock_not_available
        "57P01",  # admin_shutdown
        "57P02",  # crash_shutdown
        "57P03",  # cannot_connect_now
        "53300",  # too_many_connections
    }
)


class Courier(Protocol):
    """Takes committed outbox records and brings them to their streams."""

    def hand_over(self, records: list[OutboxRecord]) -> None:
        """Publish soon. May forget: the rows in the outbox are the promise."""


def sqlstate(error: DBAPIError) -> str | None:
    """PostgreSQL's code of an error, where the server has said one."""
    original = error.orig.__cause__ if error.orig is not None else None
    return getattr(original, "sqlstate", None) or getattr(error.orig, "sqlstate", None)


def is_transient(error: BaseException) -> bool:
    """Whether the same transaction may succeed when it is tried again: a lost connection, a deadlock, a restart."""
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return True
        state = sqlstate(error)
        if state in _RETRYABLE_STATES or (state or "").startswith("08"):
            return True
        return isinstance(error, OperationalError | InterfaceError) and state is None
    if isinstance(error, PoolTimeoutError | ConnectionError | TimeoutError):
        return True
    return isinstance(error, asyncpg.InterfaceError | asyncpg.PostgresConnectionError | asyncpg.CannotConnectNowError)


class Database:
    """Connections to one service's database.

    `courier` (the relay) is told of committed events at once, so that they need not be found by polling.
    """

    def __init__(self, url: str, *, application: str, pool_size: int = 5) -> None:
        self.courier: Courier | None = None
        self._engine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=POOL_WAIT_SECONDS_MAX,
            pool_use_lifo=True,
            pool_recycle=1800,
            connect_args={
                "timeout": CONNECT_SECONDS_MAX,
                "command_timeout": STATEMENT_SECONDS_MAX,
                "server_settings": {"application_name": application, "jit": "off"},
            },
        )
        self._autocommit = self._engine.execution_options(isolation_level="AUTOCOMMIT")

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()

    async def check(self) -> None:
        """Readiness: one round trip.

        Raises:
            sqlalchemy.exc.DBAPIError: the database does not answer.
        """
        async with self._autocommit.connect() as connection:
            await connection.execute(text("SELECT 1"))

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncIterator[UnitOfWork]:
        """One transaction: commits when the block ends, rolls back when it raises."""
        async with self._engine.connect() as connection, connection.begin() as transaction:
            uow = UnitOfWork(connection)
            yield uow
            records = await uow.flush()
            await transaction.commit()
        self.publish(records)
        uow.committed()

    def publish(self, records: list[OutboxRecord]) -> None:
        """Hand committed outbox records to the courier, for statements that wrote their rows themselves."""
        if records and self.courier is not None:
            self.courier.hand_over(records)

    @asynccontextmanager
    async def autocommit(self) -> AsyncIterator[AsyncConnection]:
        """A connection on which each statement is its own transaction: reads, and single durable writes."""
        async with self._autocommit.connect() as connection:
            yield connection

    async def transact(
        self, use_case: Callable[Concatenate[UnitOfWork, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run an idempotent use case in one transaction, again when the database hiccups.

        A connection that breaks during COMMIT leaves the outcome unknown, so whatever is run here must find its
        own earlier success (by a unique key or the inbox) and do nothing then.
        """

        async def attempt() -> T:
            async with self.unit_of_work() as uow:
                return await use_case(uow, *args, **kwargs)

        return await self.retry(attempt)

    async def retry(self, idempotent: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call something idempotent, again when the database hiccups: at most `TRIES_MAX` times, with backoff."""
        for attempt in range(1, TRIES_MAX + 1):
            try:
                return await idempotent(*args, **kwargs)
            except Exception as error:
                if attempt == TRIES_MAX or not is_transient(error):
                    raise
                log.warning("database_retried", attempt=attempt, error=repr(error)[:300])
                await asyncio.sleep(BACKOFF_SECONDS * 2**attempt * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
        raise AssertionError("unreachable")
