"""Gateways whose database and Redis can be taken away and given back."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import asyncpg  # type: ignore[import-untyped]
import pytest
import pytest_asyncio
from redis.asyncio import Redis

from common.db.database import Database
from common.db.migrate import upgrade
from common.redis_client import connect_redis

from ..jobs.studio import ENLARGE, SKETCH, Studio, declare, open_studio, stop
from .servers import OwnPostgres

NAME = "atelier_gateway"
SECONDS_MAX = 15.0


class RedisServer(Protocol):
    """What the root's fixture gives."""

    url: str

    def start(self) -> None:
        """Start it."""

    def stop(self) -> None:
        """Stop it."""


OpenReplica = Callable[..., Awaitable[Studio]]


@pytest.fixture(scope="module")
def postgres() -> Iterator[OwnPostgres]:
    """The module's own server, with a migrated database of the gateway."""
    with tempfile.TemporaryDirectory(prefix="atelier-test-", ignore_cleanup_errors=True) as folder:
        server = OwnPostgres(Path(folder))
        server.start()
        try:
            asyncio.run(_prepare(server))
            yield server
        finally:
            server.stop()


@pytest.fixture
def database_url(postgres: OwnPostgres) -> str:
    return f"{postgres.url.replace('postgresql://', 'postgresql+asyncpg://')}{NAME}"


@pytest_asyncio.fixture
async def present(postgres: OwnPostgres) -> AsyncIterator[OwnPostgres]:
    """The server, running before and after the test."""
    yield postgres
    if postgres._process is None:
        await asyncio.to_thread(postgres.start)


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
    present: OwnPostgres, database_url: str, valkey: RedisServer, monkeypatch: pytest.MonkeyPatch
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


async def take_away(postgres: OwnPostgres, *replicas: Studio) -> None:
    """Stop the database and wait until it is known."""
    await asyncio.to_thread(postgres.stop)
    for replica in replicas:
        await until(lambda replica=replica: replica.parts.degraded.outages.database.is_away, "the outage")  # type: ignore[misc]


async def give_back(postgres: OwnPostgres, *replicas: Studio) -> None:
    """Start the database and wait until all that was held is in it."""
    await asyncio.to_thread(postgres.start)
    for replica in replicas:
        await until(lambda replica=replica: not replica.parts.degraded.outages.database.is_away, "its end")  # type: ignore[misc]
        await until(lambda replica=replica: _nothing_held(replica), "the replay")  # type: ignore[misc]


async def _nothing_held(replica: Studio) -> bool:
    return (await replica.parts.degraded.stream.lengths())[0] == 0


async def _prepare(server: OwnPostgres) -> None:
    connection = await asyncpg.connect(server.url + "postgres")
    await connection.execute(f"CREATE DATABASE {NAME}")
    await connection.close()
    url = f"{server.url.replace('postgresql://', 'postgresql+asyncpg://')}{NAME}"
    await asyncio.to_thread(upgrade, "gateway", url)
    database = Database(url, application="tests", pool_size=1)
    await declare(database, SKETCH, ENLARGE)
    await database.close()
