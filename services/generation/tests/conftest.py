"""A fresh database for each test of generation, and providers that nobody stands behind."""

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from common.db.database import Database
from generation.providers.bootstrap import Providers

from .stage import providers_at


@pytest_asyncio.fixture
async def database(make_database: Any) -> Database:
    made: Database = await make_database("generation", pool_size=10)
    return made


@pytest_asyncio.fixture(scope="session")
async def nobody() -> AsyncIterator[Providers]:
    """Providers at an address where nobody answers, for kinds that ask none."""
    providers = providers_at("http://127.0.0.1:1")
    yield providers
    await providers.aclose()
