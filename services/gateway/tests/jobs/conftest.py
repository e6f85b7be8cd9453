"""A running gateway for the tests of jobs, and its parts."""

from collections.abc import AsyncIterator

import pytest_asyncio
from redis.asyncio import Redis

from common.db.database import Database
from gateway.jobs.limits import Limits
from gateway.kinds.catalogue import KindCatalogue

from .studio import ENLARGE, SKETCH, Studio, declare, open_studio


@pytest_asyncio.fixture(scope="session")
async def catalogue(database: Database) -> KindCatalogue:
    await declare(database, SKETCH, ENLARGE)
    loaded = KindCatalogue(database)
    await loaded.load()
    return loaded


@pytest_asyncio.fixture
async def limits(redis: Redis, database: Database) -> Limits:
    return Limits(redis, database)


@pytest_asyncio.fixture
async def studio(database_url: str, redis_url: str, redis: Redis, catalogue: KindCatalogue) -> AsyncIterator[Studio]:
    async with open_studio(database_url, redis_url) as opened:
        yield opened
