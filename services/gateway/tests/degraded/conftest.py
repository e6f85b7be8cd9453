"""Gateways whose database and Redis can be taken away and given back."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Protocol

import asyncpg  # type: ignore[import-untyped]
import pytest
import pytest_asyncio
from redis.asyncio import Redis

from common.db.database import Database
from common.db.migrate import upgrade
from common.redis_client import connect_redis

from ..jobs.studio import ENLARGE, SKETCH, Studio, declare, open_studio, stop

NAME = "atelier_gateway"
SECONDS_MAX = 15.0


class PostgresServer(Protocol):
    """What the root's fixture gives."""

    url: str
    plain_url: str
    pid: int | None

    def start(self) -> None:
        """Start it."""

    def stop(self) -> None:
        """Stop it."""


class RedisServer(Protocol):
    """What the root's fixture gives."""

    url: str

    def start(self) -> None:
        """Start it."""

    def stop(self) -> None:
        """Stop it."""


OpenReplica = Callable[..., Awaitable[Studio]]


@pytest_asyncio.fixture(scope="module")
async def database_url(own_postgres_server: PostgresServer) -> str:
    """A migrated database of the gateway, with kinds, in the module's own server."""
    connection = await asyncpg.connect(f"{own_postgres_server.plain_url}postgres")
    await connection.execute(f"CREATE DATABASE {NAME}")
    await connection.close()
    url = f"{own_postgres_server.url}{NAME}"
    await asyncio.to_thread(upgrade, "gateway", url)
    database = Database(url, application="tests", pool_size=1)
    await declare(database, SKETCH, ENLARGE)
    await database.close()
    return url


@pytest_asyncio.fixture
async def present(own_postgres_server: PostgresServer) -> AsyncIterator[PostgresServer]:
    """The server, running before and after the test."""
    yield own_postgres_server
    if own_postgres_server.pid is None:
        await asyncio.to_thread(own_postgres_server.start)


@pytest.fixture
def valkey(own_redis_server: RedisServer) -> RedisServer:
    return own_redis_server


@pytest_asyncio.fixture
async def redis(valkey: RedisServer) -> AsyncIterator[Redis]:
    client = connect_redis(valkey.url)
    yield client
    await client.aclose()
    await client.connection_pool.disconnect()


@pytest_asyncio.fixture
async def open_replica(
    present: PostgresServer, database_url: str, valkey: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[OpenReplica]:
    """Opens gateways as they run in life: with their probes, their replayer and their memory."""
    monkeypatch.setattr("gateway.status.board.CACHE_SECONDS", 0.0)
    monkeypatch.setattr("common.http.health.CACHE_SECONDS", 0.0)
    for pause in ("outages.PERIOD_SECONDS", "outages.PERIOD_AWAY_SECONDS", "replaying.PAUSE_SECONDS"):
        monkeypatch.setattr(f"gateway.degraded.{pause}", 0.15)
    async with AsyncExitStack() as stack:

        async def open_one(**changes: Any) -> Studio:
            return await stack.enter_async_context(_replica(database_url, valkey.url, **changes))

        yield open_one


@pytest_asyncio.fixture
async def studio(open_replica: OpenReplica) -> Studio:
    return await open_replica()


@asynccontextmanager
async def _replica(database_url: str, redis_url: str, **changes: Any) -> AsyncIterator[Studio]:
    changes.setdefault("billing_url", "http://127.0.0.1:9")  # discard: nobody answers there
    async with open_studio(database_url, redis_url, **changes) as studio:
        degraded = studio.parts.degraded
        runs = [
            degraded.outages.database.run,
            degraded.outages.redis.run,
            degraded.replayer.run,
            degraded.last_known.run,
        ]
        tasks = [asyncio.create_task(run()) for run in runs]
        try:
            yield studio
        finally:
            await stop(tasks)


async def until(condition: Callable[[], Any], what: str, seconds: float = SECONDS_MAX) -> Any:
    """Ask again until the answer is true."""
    async with asyncio.timeout(seconds):
        while True:
            answer = condition()
            if asyncio.iscoroutine(answer):
                answer = await answer
            if answer:
                return answer
            await asyncio.sleep(0.02)


async def take_away(postgres: PostgresServer, *replicas: Studio) -> None:
    """Stop the database and wait until it is known."""
    await asyncio.to_thread(postgres.stop)
    for replica in replicas:
        await until(lambda replica=replica: replica.parts.degraded.outages.database.is_away, "the outage")  # type: ignore[misc]


async def give_back(postgres: PostgresServer, *replicas: Studio) -> None:
    """Start the database and wait until all that was held is in it."""
    await asyncio.to_thread(postgres.start)
    for replica in replicas:
        await until(lambda replica=replica: not replica.parts.degraded.outages.database.is_away, "its end")  # type: ignore[misc]
        await until(lambda replica=replica: _nothing_held(replica), "the replay")  # type: ignore[misc]


async def _nothing_held(replica: Studio) -> bool:
    return (await replica.parts.degraded.stream.lengths())[0] == 0
