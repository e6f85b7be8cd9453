"""The notifier on real PostgreSQL and Valkey, and the small tools that its tests share."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import text

from common.bus.handlers import Received
from common.clock import now
from common.events import accounts, credits, jobs, runs
from common.events.envelope import Event
from common.http.identity import IDENTITY_HEADER, Caller, sign_identity
from common.http.server import EmbeddedServer
from common.ids import new_id
from notifier import bootstrap
from notifier.settings import NotifierSettings

TABLES = "feeds, account_events, job_states, recipients, deliveries, inbox, outbox, dead_letters"


@pytest.fixture(scope="session")
async def database_url(session_databases: Any) -> str:
    """A migrated database of the notifier, shared by its tests."""
    return str(await session_databases.migrated("notifier"))


@pytest.fixture
def make_settings(database_url: str, redis_url: str) -> Callable[..., NotifierSettings]:
    def make(**changes: Any) -> NotifierSettings:
        return NotifierSettings(
            **{
                "database_urls": {"notifier": database_url},
                "redis_url": redis_url,
                "port": 0,
                "public_url": "https://studio.example",
                "heartbeat_seconds": 15,
                **changes,
            }
        )

    return make


@pytest.fixture
async def build(
    make_settings: Callable[..., NotifierSettings],
) -> AsyncIterator[Callable[..., Any]]:
    """Builds replicas of the notifier that are closed after the test; the database is emptied first."""
    built: list[bootstrap.Notifier] = []

    def make(**changes: Any) -> bootstrap.Notifier:
        notifier = bootstrap.build(make_settings(**changes))
        built.append(notifier)
        return notifier

    first = make()
    async with first.database.autocommit() as connection:
        await connection.execute(text(f"TRUNCATE {TABLES}"))
    yield make
    for notifier in built:
        await notifier.close()


@pytest.fixture
async def notifier(build: Callable[..., bootstrap.Notifier]) -> bootstrap.Notifier:
    return build()


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[bootstrap.Notifier], Any]]:
    """Serves a notifier's application; answers its base address."""
    servers: list[tuple[EmbeddedServer, bootstrap.Notifier]] = []

    async def start(notifier: bootstrap.Notifier) -> str:
        server = EmbeddedServer(notifier.app, "127.0.0.1", 0)
        servers.append((server, notifier))
        await server.start()
        return f"http://127.0.0.1:{server.port}"

    yield start
    for server, notifier in servers:
        await notifier.hub.drain()
        await server.stop(2)


async def handle(notifier: bootstrap.Notifier, *events: Event, traceparent: str | None = None) -> None:
    """Hand facts to the notifier as its consumer does: in one transaction, those of the inbox left out."""

    async def apply(uow: Any) -> None:
        fresh = await uow.claim_events([event.event_id for event in events])
        received = [Received(event, traceparent) for event in events if event.event_id in fresh]
        if received:
            await notifier.notifications.handle(received, uow)

    await notifier.database.transact(apply)


@pytest.fixture(name="handle")
def handle_fixture() -> Callable[..., Any]:
    return handle


async def rows(notifier: bootstrap.Notifier, sql: str, **parameters: Any) -> list[Any]:
    async with notifier.database.autocommit() as connection:
        return list((await connection.execute(text(sql), parameters)).all())


@pytest.fixture(name="rows")
def rows_fixture() -> Callable[..., Any]:
    return rows


async def log_of(notifier: bootstrap.Notifier, account_id: UUID) -> list[Any]:
    return await rows(
        notifier,
        "SELECT sequence, type, final, body FROM account_events WHERE account_id = :id ORDER BY sequence",
        id=account_id,
    )


@pytest.fixture(name="log_of")
def log_of_fixture() -> Callable[..., Any]:
    return log_of


class Facts:
    """Kernel events about one account."""

    def __init__(self, account_id: UUID | None = None) -> None:
        self.account_id = account_id or new_id()

    def registered(self, email: str = "ada@example.org", locale: str = "en") -> accounts.UserRegistered:
        return accounts.UserRegistered(
            account_id=self.account_id, user_id=new_id(), email=email, locale=locale, plan="free"
        )

    def spec(self, job_id: UUID, kind: str = "text-to-design") -> jobs.JobSpec:
        return jobs.JobSpec(
            job_id=job_id,
            kind=kind,
            job_class="image",
            price_credits=5,
            input={},
            deadline_at=now() + timedelta(hours=1),
        )

    def submitted(self, job_id: UUID) -> jobs.JobSubmitted:
        return jobs.JobSubmitted(account_id=self.account_id, job=self.spec(job_id))

    def held(self, job_id: UUID) -> credits.CreditsHeld:
        return credits.CreditsHeld(
            account_id=self.account_id,
            job=self.spec(job_id),
            hold_id=new_id(),
            amount_credits=5,
            available_credits=5,
        )

    def refused(self, job_id: UUID) -> credits.CreditsRefused:
        return credits.CreditsRefused(
            account_id=self.account_id, job_id=job_id, required_credits=5, available_credits=1
        )

    def captured(self, job_id: UUID, captured: int = 5, released: int = 0) -> credits.CreditsCaptured:
        return credits.CreditsCaptured(
            account_id=self.account_id,
            job_id=job_id,
            hold_id=new_id(),
            captured_credits=captured,
            released_credits=released,
            available_credits=5,
        )

    def released(self, job_id: UUID) -> credits.CreditsReleased:
        return credits.CreditsReleased(
            account_id=self.account_id,
            job_id=job_id,
            hold_id=new_id(),
            released_credits=5,
            reason="failed",
            available_credits=10,
        )

    def balance(self, version: int, available: int = 10) -> credits.BalanceChanged:
        return credits.BalanceChanged(
            account_id=self.account_id,
            available_credits=available,
            held_credits=0,
            debt_credits=0,
            version=version,
        )

    def purchased(self, product: str = "Pack of 50") -> credits.PurchaseCompleted:
        return credits.PurchaseCompleted(
            account_id=self.account_id,
            purchase_id=new_id(),
            product=product,
            credits=50,
            amount_minor=999,
            currency="eur",
            available_credits=60,
        )

    def queued(self, job_id: UUID) -> runs.RunQueued:
        wait = runs.Wait(
            position=3,
            start_seconds_p50=2,
            start_seconds_p90=4,
            duration_seconds_p50=10,
            duration_seconds_p90=20,
        )
        return runs.RunQueued(account_id=self.account_id, job_id=job_id, kind="text-to-design", wait=wait)

    def started(self, job_id: UUID, attempt: int = 1) -> runs.RunStarted:
        return runs.RunStarted(account_id=self.account_id, job_id=job_id, kind="text-to-design", attempt=attempt)

    def progressed(self, job_id: UUID, sequence: int, attempt: int = 1) -> runs.RunProgressed:
        return runs.RunProgressed(
            account_id=self.account_id,
            job_id=job_id,
            kind="text-to-design",
            attempt=attempt,
            sequence=sequence,
            progress=sequence / 10,
            step="draw",
            message=f"step {sequence}\nof ten",
        )

    def completed(self, job_id: UUID) -> runs.RunCompleted:
        return runs.RunCompleted(
            account_id=self.account_id,
            job_id=job_id,
            kind="text-to-design",
            charge_credits=5,
            result={"image_url": "https://cdn.example/é.webp"},
            started_at=now(),
            finished_at=now(),
        )

    def failed(self, job_id: UUID) -> runs.RunFailed:
        return runs.RunFailed(
            account_id=self.account_id,
            job_id=job_id,
            kind="text-to-design",
            code="PROVIDER_UNAVAILABLE",
            detail="No provider could do it.",
            finished_at=now(),
        )

    def cancelled(self, job_id: UUID) -> runs.RunCancelled:
        part = runs.DeliveredPart(name="page-1", credits=2, result={"url": "u"})
        return runs.RunCancelled(
            account_id=self.account_id,
            job_id=job_id,
            kind="text-to-design",
            charge_credits=2,
            parts=(part,),
            finished_at=now(),
        )

    def whole_job(self, job_id: UUID) -> list[Event]:
        """A job that succeeds: eight entries of the log."""
        return [
            self.submitted(job_id),
            self.held(job_id),
            self.queued(job_id),
            self.started(job_id),
            *(self.progressed(job_id, sequence) for sequence in (1, 2, 3)),
            self.completed(job_id),
            self.captured(job_id),
        ]


@pytest.fixture
def facts() -> Facts:
    return Facts()


@pytest.fixture
def other_facts() -> Facts:
    return Facts()


class EventStream:
    """A reader of Server-Sent Events over a real connection."""

    def __init__(self, response: httpx2.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def frame(self, timeout_seconds: float = 5.0) -> dict[str, str] | None:
        """The next frame by field name (a comment under the empty name); None at the end of the stream."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(timeout_seconds):
            async for line in self._lines:
                if not line and fields:
                    return fields
                name, _, value = line.partition(":")
                fields[name] = value.removeprefix(" ")
        return None

    async def event(self, timeout_seconds: float = 5.0) -> dict[str, str] | None:
        """The next frame that is an event; None at the end."""
        while (frame := await self.frame(timeout_seconds)) is not None:
            if "event" in frame:
                return frame
        return None

    async def events(self, count: int) -> list[dict[str, str]]:
        found = [await self.event() for _ in range(count)]
        return [event for event in found if event is not None]

    async def rest(self) -> list[dict[str, str]]:
        """All events until the server closes."""
        found = []
        while (event := await self.event()) is not None:
            found.append(event)
        return found


def identity(settings: NotifierSettings, account_id: UUID) -> dict[str, str]:
    caller = Caller(account_id, new_id(), "free")
    return {IDENTITY_HEADER: sign_identity(settings.identity_secrets, caller)}


@pytest.fixture
async def follow(make_settings: Callable[..., NotifierSettings]) -> AsyncIterator[Callable[..., Any]]:
    """Opens streams: `await follow(base, path, account_id, **headers)`; they are closed after the test."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx2.AsyncClient(timeout=10))
        settings = make_settings()

        async def open_stream(base: str, path: str, account_id: UUID, **headers: str) -> EventStream:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            request = client.stream("GET", base + path, headers=identity(settings, account_id) | named)
            response = await stack.enter_async_context(request)
            stream = EventStream(response)
            if response.status_code == 200:
                await stream.frame()  # the greeting
            return stream

        yield open_stream


@pytest.fixture
async def get(make_settings: Callable[..., NotifierSettings]) -> AsyncIterator[Callable[..., Any]]:
    async with httpx2.AsyncClient(timeout=10) as client:
        settings = make_settings()

        async def fetch(base: str, path: str, account_id: UUID | None, **headers: str) -> httpx2.Response:
            signed = {} if account_id is None else identity(settings, account_id)
            return await client.get(base + path, headers=signed | headers)

        yield fetch
