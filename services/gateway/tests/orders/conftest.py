"""The limits that the read model tells of outcomes."""

import pytest_asyncio
from redis.asyncio import Redis

from common.db.database import Database
from gateway.jobs.limits import Limits


@pytest_asyncio.fixture
async def limits(redis: Redis, database: Database) -> Limits:
    return Limits(redis, database)
