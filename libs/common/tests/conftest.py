"""Two emptied databases with nothing but the kernel's tables and one table for effects."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from common.db.database import Database
from common.db.kernel_tables import service_metadata

from .harness import Cable


async def _prepare(url: str) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(service_metadata().create_all)
        await connection.execute(
            text("CREATE TABLE effects (effect_id bigint GENERATED ALWAYS AS IDENTITY, note uuid, member text)")
        )
        await connection.execute(text("CREATE TABLE counters (name text PRIMARY KEY, value int NOT NULL)"))
        await connection.execute(text("INSERT INTO counters VALUES ('a', 0), ('b', 0)"))
    await engine.dispose()


@pytest_asyncio.fixture(scope="session")
async def _urls(session_databases: Any) -> tuple[str, str]:
    return (
        await session_databases.prepared("kernel", _prepare),
        await session_databases.prepared("kernel", _prepare),
    )


async def _emptied(url: str) -> str:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.execute(text("TRUNCATE outbox, inbox, dead_letters, bus_topics, effects RESTART IDENTITY"))
        await connection.execute(text("UPDATE counters SET value = 0"))
    await engine.dispose()
    return url


@pytest_asyncio.fixture
async def database_url(_urls: tuple[str, str]) -> str:
    return await _emptied(_urls[0])


@pytest_asyncio.fixture
async def reading_database_url(_urls: tuple[str, str]) -> str:
    return await _emptied(_urls[1])


@pytest_asyncio.fixture
async def open_database() -> AsyncIterator[Callable[..., Database]]:
    """Opens databases that are closed after the test."""
    opened: list[Database] = []

    def make(url: str, **options: Any) -> Database:
        opened.append(Database(url, application="tests", **options))
        return opened[-1]

    yield make
    for database in opened:
        await database.close()


@pytest_asyncio.fixture
async def database(database_url: str, open_database: Callable[..., Database]) -> Database:
    """The database of the writing service."""
    return open_database(database_url, pool_size=8)


@pytest_asyncio.fixture
async def reading_database(reading_database_url: str, open_database: Callable[..., Database]) -> Database:
    """The database of the reading service."""
    return open_database(reading_database_url, pool_size=8)


@pytest_asyncio.fixture
async def cable(database_url: str) -> AsyncIterator[Cable]:
    """A path to the database that can be pulled."""
    made = Cable(database_url)
    await made.plug()
    yield made
    await made.pull()
