"""What tests of generation need around a run: paid jobs, claims, endings, and the ways to break things."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

from prometheus_client import REGISTRY
from pydantic import SecretStr
from sqlalchemy import text

from common.bus.handlers import Received
from common.clock import now
from common.db.database import Database
from common.events.credits import CreditsHeld
from common.events.envelope import Event
from common.events.jobs import JobSpec
from common.events.kinds import PriceRule
from common.events.registry import decode
from common.ids import new_id
from generation.assets.assembly import build_input_images
from generation.engine.context import JobContext
from generation.engine.executor import Executor
from generation.engine.input_images import InputImages
from generation.kinds.kind import Kind, KindInput, KindResult
from generation.local.pool import LocalPool, PoolLimits
from generation.providers.bootstrap import Providers, build_providers
from generation.providers.settings import ProviderSettings
from generation.runs.lease import ClaimedRun, claim
from generation.runs.queue import Queued, enqueue_runs
from generation.settings import GenerationSettings


def paid(
    *,
    account: UUID | None = None,
    kind: str = "rehearsal",
    job_class: str = "image",
    weight: int = 1,
    job_input: dict[str, Any] | None = None,
    credits: int = 5,
    deadline: timedelta = timedelta(hours=1),
) -> CreditsHeld:
    """Billing's word that a job is paid for."""
    spec = JobSpec(
        job_id=new_id(),
        kind=kind,
        job_class=job_class,
        price_credits=credits,
        input={"text": "t"} if job_input is None else job_input,
        weight=weight,
        deadline_at=now() + deadline,
    )
    return CreditsHeld(
        account_id=account or uuid4(), job=spec, hold_id=new_id(), amount_credits=credits, available_credits=0
    )


async def enqueue(database: Database, *events: CreditsHeld) -> list[Queued]:
    """Enter paid jobs as runs."""
    return await database.transact(enqueue_runs, [Received(event, None) for event in events])


async def enqueue_one(database: Database, **spec: Any) -> UUID:
    """Enter one paid job; answers its id."""
    event = paid(**spec)
    await enqueue(database, event)
    return event.job.job_id


async def claim_next(
    database: Database,
    job_class: str = "image",
    owner: str = "w",
    lease_seconds: float = 60,
    *,
    suspects: bool = True,
) -> ClaimedRun | None:
    """Claim as a worker does."""
    runs = await database.transact(claim, job_class, owner, lease_seconds, suspects=suspects)
    return runs[0] if runs else None


async def claimed(database: Database, **spec: Any) -> ClaimedRun:
    """A paid job in the hands of a worker."""
    job_id = await enqueue_one(database, **spec)
    run = await claim_next(database, spec.get("job_class", "image"))
    assert run is not None
    assert run.job_id == job_id
    return run


async def row_of(database: Database, job_id: UUID) -> Any:
    """The run as it is stored."""
    async with database.autocommit() as connection:
        return (await connection.execute(text("SELECT * FROM runs WHERE job_id = :id"), {"id": job_id})).one()


async def rows(database: Database, sql: str, **values: Any) -> list[Any]:
    """Whatever else is stored."""
    async with database.autocommit() as connection:
        return list(await connection.execute(text(sql), values))


async def change(database: Database, job_id: UUID, assignments: str) -> None:
    """Bend a run."""
    async with database.unit_of_work() as uow:
        await uow.execute(f"UPDATE runs SET {assignments} WHERE job_id = :id", {"id": job_id})  # noqa: S608 - test's text


async def said(database: Database, job_id: UUID) -> list[Event]:
    """The events about a job, in the order they were written."""
    found = await rows(
        database, "SELECT type, body FROM outbox WHERE body LIKE :id ORDER BY sequence", id=f"%{job_id}%"
    )
    return [decode(row.type, row.body) for row in found]


async def types_said(database: Database, job_id: UUID) -> list[str]:
    """Their types, without reports of progress."""
    return [event.type for event in await said(database, job_id) if event.type != "run.progressed"]


def stale_writes(operation: str) -> float:
    """How many stale writes of this kind were refused so far."""
    return REGISTRY.get_sample_value("runs_stale_writes_total", {"operation": operation}) or 0.0


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 10.0) -> None:
    """Wait for something that happens elsewhere."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - what is waited for is another task's or server's state
            await asyncio.sleep(0.01)


async def until_state(database: Database, job_id: UUID, *states: str, seconds: float = 10.0) -> Any:
    """Wait until a run is in one of these states; answers its row."""

    async def reached() -> bool:
        return (await row_of(database, job_id)).state in states

    await until(reached, seconds)
    return await row_of(database, job_id)


async def stop(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    """End tasks. Before Python 3.12 `asyncio.wait_for` in a driver can swallow a cancellation: ask again."""
    pending = set(tasks)
    async with asyncio.timeout(10):
        while pending:
            for task in pending:
                task.cancel()
            _, pending = await asyncio.wait(pending, timeout=0.1)


class Text(KindInput):
    """The input of the kinds in these tests."""

    text: str


class Answer(KindResult):
    """Their result."""

    value: str


Play = Callable[[Text, JobContext], Awaitable[Answer]]


def kind_of(play: Play, name: str = "rehearsal", job_class: str = "image") -> Kind[Text, Answer]:
    """A kind that does what the test says."""
    return Kind(
        name=name,
        title="Rehearsal",
        summary="A kind of the tests.",
        job_class=job_class,
        price=PriceRule(base_credits=5),
        input=Text,
        result=Answer,
        example={"text": "t"},
        run=play,
    )


def provider_settings_at(address: str, **changes: Any) -> ProviderSettings:
    """Settings of all providers, pointed at a sandbox; at `http://127.0.0.1:1` nobody answers."""
    host = address.removeprefix("http://")
    settings: dict[str, Any] = {
        "openai_api_key": SecretStr("sk-sandbox"),
        "openai_base_url": f"{address}/openai/v1",
        "replicate_api_token": SecretStr("r8-sandbox"),
        "replicate_base_url": f"{address}/replicate",
        "cloudinary_url": SecretStr(
            "cloudinary://sandbox-key:sandbox-secret@sandbox"
            f"?upload_prefix={address}/cloudinary&secure=false&private_cdn=true&cname={host}"
        ),
        "generation_retry_base_seconds": 0.01,
        "generation_breaker_calls_min": 1000,
        "generation_call_timeout_seconds": 20.0,
    }
    return ProviderSettings(**{**settings, **changes})


def providers_at(address: str, **changes: Any) -> Providers:
    """All providers, pointed at a sandbox."""
    return build_providers(provider_settings_at(address, **changes), None)


@asynccontextmanager
async def input_images_at(address: str, database: Database, *image_hosts: str) -> AsyncIterator[InputImages]:
    """What brings customers' pictures, from a sandbox's storage and from these hosts, for `executor_of`."""
    settings = GenerationSettings(
        redis_url=SecretStr("redis://127.0.0.1/0"), database_urls={}, image_hosts=image_hosts, environment="development"
    )
    pool = LocalPool(PoolLimits())
    async with AsyncExitStack() as closing:
        closing.push_async_callback(pool.drain)
        yield build_input_images(settings, provider_settings_at(address), database, pool, closing)


def executor_of(database: Database, providers: Providers, *kinds: Kind[Any, Any], **changes: Any) -> Executor:
    """A worker's hands for these kinds."""
    options: dict[str, Any] = {
        "owner": "worker-1",
        "database": database,
        "providers": providers,
        "kinds": {kind.name: kind for kind in kinds},
        "slots": {"local": 4, "image": 4, "text": 4, "document": 4},
        "lease_seconds": 6.0,
        "provider_seconds_max": 30.0,
    }
    return Executor(**{**options, **changes})


class Wire:
    """A wire to PostgreSQL that can be cut and mended."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._writers: set[asyncio.StreamWriter] = set()
        self._is_cut = False

    def cut(self) -> None:
        """Nothing gets through from now on."""
        self._is_cut = True
        for writer in list(self._writers):
            writer.transport.abort()

    def mend(self) -> None:
        """New connections get through again."""
        self._is_cut = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        if self._is_cut:
            writer.transport.abort()
            return
        upstream_reader, upstream = await asyncio.open_connection(*self._target)
        self._writers |= {writer, upstream}

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()

        pumps = [asyncio.create_task(pump(reader, upstream)), asyncio.create_task(pump(upstream_reader, writer))]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in pumps:
                task.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for end in (writer, upstream):
                self._writers.discard(end)
                end.transport.abort()


@asynccontextmanager
async def wire_to(url: str) -> AsyncIterator[tuple[Wire, str]]:
    """A wire to the server of a database, and the address of the database through it."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    wire = Wire(parts.hostname, parts.port)
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    credentials = parts.netloc.rpartition("@")[0]
    try:
        yield wire, urlunsplit(parts._replace(netloc=f"{credentials}@127.0.0.1:{port}"))
    finally:
        server.close()
        wire.cut()
