"""One migrated database for all tests of generation, emptied before each, and providers nobody stands behind."""

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from common.db.database import Database
from generation.providers.bootstrap import Providers

from .stage import providers_at

TABLES = (
    "questionnaires",
    "invoices",
    "quotes",
    "document_counters",
    "client_mails",
    "yearly_uses",
    "subscribers",
    "kept_results",
    "assets",
    "artefact_deletions",
    "account_deletions",
    "attempts",
    "steps",
    "runs",
    "class_clocks",
    "account_clocks",
    "outbox",
    "inbox",
    "dead_letters",
    "bus_topics",
)


@pytest_asyncio.fixture(scope="session")
async def database_url(session_databases: Any) -> str:
    return str(await session_databases.migrated("generation"))


@pytest_asyncio.fixture(scope="session")
async def _database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url, application="tests", pool_size=12)
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def database(_database: Database) -> Database:
    async with _database.unit_of_work() as uow:
        for table in TABLES:
            await uow.execute(f"DELETE FROM {table}")  # noqa: S608 - a constant
    return _database


@pytest_asyncio.fixture(scope="session")
async def nobody() -> AsyncIterator[Providers]:
    """Providers at an address where nobody answers, for kinds that ask none."""
    providers = providers_at("http://127.0.0.1:1")
    yield providers
    await providers.aclose()
