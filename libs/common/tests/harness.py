"""What the tests of the kernel share: patience, tasks that end with the test, and a cable that can be pulled."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

from redis.asyncio import Redis

from common.bus.consumer import Consumer, ConsumerLimits
from common.bus.handlers import Handlers
from common.bus.relay import Relay
from common.bus.streams import stream_key
from common.db.database import Database
from common.events.jobs import JobCancelRequested
from common.ids import new_id

GROUP = "billing"
TOPIC = "jobs"
KEY = stream_key(TOPIC)
QUICK = ConsumerLimits(
    batch_max=64,
    block_ms=40,
    attempts_max=3,
    claim_idle_seconds=0.15,
    claim_idle_seconds_max=0.6,
    claim_pause_seconds=0.03,
    outage_pause_seconds=0.03,
    outage_pause_seconds_max=0.1,
    redis_seconds_max=2.0,
)


def fact(note: UUID | None = None) -> JobCancelRequested:
    """Some event; `job_id` tells them apart."""
    return JobCancelRequested(account_id=new_id(), job_id=note or new_id())


async def eventually(check: Callable[[], Awaitable[Any] | Any], seconds: float = 8.0) -> Any:
    """Wait until `check()` is true; answers what it said."""
    result = None
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                result = check()
                if isinstance(result, Awaitable):
                    result = await result
                if result:
                    return result
                await asyncio.sleep(0.01)
    raise AssertionError(f"did not come true within {seconds} s, last answer: {result!r}")


@asynccontextmanager
async def running(*loops: Callable[[], Awaitable[None]]) -> AsyncIterator[list["asyncio.Task[None]"]]:
    """Run endless loops beside the block; one that ended by an exception fails the test."""
    tasks = [asyncio.ensure_future(loop()) for loop in loops]
    try:
        yield tasks
    finally:
        results = [await _ended(task) for task in tasks]
    for result in results:
        if result is not None:
            raise result


async def kill(task: "asyncio.Task[None]") -> None:
    """End a loop in the middle of whatever it does, as SIGKILL would."""
    error = await _ended(task)
    if error is not None:
        raise error


async def _ended(task: "asyncio.Task[None]") -> BaseException | None:
    """Cancel until it helps: before Python 3.12 `wait_for` in a driver can swallow a cancellation."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=0.5)
    return None if task.cancelled() else task.exception()


async def emit(database: Database, *events: JobCancelRequested) -> None:
    """Commit events as one use case does."""
    async with database.unit_of_work() as uow:
        for event in events:
            uow.emit(event)


async def publish(database: Database, redis: Redis, *events: JobCancelRequested) -> None:
    """Bring events to their stream by the sure path."""
    await emit(database, *events)
    assert await Relay("gateway", database, redis).sweep(grace_seconds=0) == len(events)


def consumer(
    database: Database,
    redis: Redis,
    handlers: Handlers,
    *,
    name: str = "one",
    limits: ConsumerLimits = QUICK,
    group: str = GROUP,
) -> Consumer:
    """A member of the group on the topic of the tests."""
    return Consumer(
        group=group, name=name, topics=[TOPIC], database=database, redis=redis, handlers=handlers, limits=limits
    )


async def column(database: Database, sql: str) -> list[Any]:
    """The first column of a query."""
    async with database.unit_of_work() as uow:
        return [row[0] for row in await uow.rows(sql)]


async def pending(redis: Redis, group: str = GROUP) -> int:
    """How many entries the group has read and not acknowledged."""
    return int((await redis.xpending(KEY, group))["pending"])


class Cable:
    """A TCP path to a server on loopback that can be pulled, and cut at the very moment of a COMMIT."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self._server: asyncio.Server | None = None
        self._port = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self.cut_after_commit = False

    @property
    def url(self) -> str:
        """The server's address through the cable."""
        credentials = self._parts.netloc.rpartition("@")[0]
        return urlunsplit(self._parts._replace(netloc=f"{credentials}@127.0.0.1:{self._port}"))

    async def plug(self) -> None:
        """Connect."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def pull(self) -> None:
        """Break every connection and refuse new ones."""
        if self._server is not None:
            self._server.close()
            self._server = None
            while self._serving:
                for writer in list(self._writers):
                    writer.transport.abort()
                await asyncio.wait(self._serving, timeout=0.05)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        self._writers.add(writer)
        ends = [writer]
        try:
            there, back = await asyncio.open_connection(self._parts.hostname, self._parts.port)
            ends.append(back)
            self._writers.add(back)
            await asyncio.gather(self._pump(reader, back, watch=True), self._pump(there, writer, watch=False))
        except (ConnectionError, EOFError):
            pass
        finally:
            for end in ends:
                end.transport.abort()
                self._writers.discard(end)

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, watch: bool) -> None:
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
            if watch and self.cut_after_commit and b"COMMIT" in data:
                self.cut_after_commit = False
                await asyncio.sleep(0.1)  # the server commits, its answer is lost
                raise EOFError
        raise EOFError
