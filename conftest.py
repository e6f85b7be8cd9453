"""Real servers for every test: one embedded PostgreSQL and one embedded Valkey a session, fresh data a test."""

import asyncio
import fcntl
import gc
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg  # type: ignore[import-untyped]
import pytest
import pytest_asyncio
from redis import Redis as BlockingRedis
from redis.asyncio import Redis

from atelier_local import postgres as embedded_postgres
from atelier_local import valkey as embedded_valkey
from atelier_local.home import Home
from common.db.database import Database
from common.db.migrate import upgrade
from common.redis_client import connect_redis
from common.telemetry.logging import configure_logging

START_SECONDS_MAX = 30.0
STOP_SECONDS_MAX = 20.0
PASSWORD = "tests"  # noqa: S105 - of servers that live for minutes
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "jit=off")


def pytest_configure(config: pytest.Config) -> None:
    """A session for each process of tests: Linux shares cores out among sessions, and the stacks are many."""
    if hasattr(config, "workerinput"):
        with suppress(PermissionError):
            os.setsid()


@pytest.fixture(autouse=True, scope="session")
def log_as_in_life() -> None:
    """One JSON line a log event; structlog's default renders tracebacks for seconds, on the event loop."""
    configure_logging("test")


class PostgresServer:
    """A throw-away PostgreSQL. `url` has no database name and ends in a slash."""

    def __init__(self, folder: Path, cluster: Path) -> None:
        self.port = _free_port()
        self._postgres = _postgres_in(folder, self.port)
        subprocess.run(["cp", "-a", cluster, self._postgres.data], check=True)  # noqa: S603, S607 - with its owners
        self.plain_url = self._postgres.url(PASSWORD)
        self.url = self.plain_url.replace("postgresql://", "postgresql+asyncpg://")
        self._process: subprocess.Popen[bytes] | None = None
        self._log = folder / "postgres.log"

    def start(self) -> None:
        """Start, and wait until it accepts connections."""
        identity = self._postgres.identity
        user: dict[str, Any] = {"user": identity.uid, "group": identity.gid, "extra_groups": []} if identity else {}
        settings = [
            *_FAST, f"port={self.port}", "listen_addresses=127.0.0.1", "unix_socket_directories=",
            "max_connections=150", "shared_buffers=32MB", "timezone=UTC",
        ]  # fmt: skip
        options = [part for setting in settings for part in ("-c", setting)]
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own binaries
                [self._postgres.binaries / "postgres", "-D", self._postgres.data, *options],
                cwd="/", env=_ENVIRONMENT, stdout=output, stderr=output, **user,
            )  # fmt: skip
        process = self._process
        _wait(lambda: self._postgres.ready(process.pid), process, self._log)

    @property
    def pid(self) -> int | None:
        """Of the server, while it runs."""
        return None if self._process is None else self._process.pid

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """Stop: SIGINT cuts connections and closes cleanly, SIGQUIT is a crash."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(STOP_SECONDS_MAX)
            self._process = None


class RedisServer:
    """A throw-away Valkey with an append-only file, as in life."""

    def __init__(self, folder: Path) -> None:
        self._valkey = embedded_valkey.locate(Home(folder), _free_port(), secrets.token_urlsafe(12))
        self._valkey.initialise()
        self.url = self._valkey.url
        self._process: subprocess.Popen[bytes] | None = None
        self._log = folder / "valkey.log"

    def start(self, *options: str) -> None:
        """Start, with further options of the command line, and wait until it answers."""
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own binaries
                [self._valkey.binary, self._valkey.configuration, *options],
                env=_ENVIRONMENT,
                stdout=output,
                stderr=output,
            )
        _wait(lambda: self._valkey.ready(0), self._process, self._log)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Stop: SIGTERM writes what is left, SIGKILL is a crash."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(STOP_SECONDS_MAX)
            self._process = None

    def lose_everything(self) -> None:
        """Start again without data: what was on the disk is gone."""
        self.stop(signal.SIGKILL)
        shutil.rmtree(self._valkey.directory / "appendonlydir")
        self.start()


class DatabaseFactory:
    """Fresh databases, copied from templates that are prepared once a session and shared by all factories."""

    def __init__(self, server: PostgresServer, templates: dict[str, asyncio.Task[str]]) -> None:
        self._server = server
        self._templates = templates
        self._made: list[str] = []

    async def migrated(self, service: str) -> str:
        """The address of a fresh database of a service, migrated by alembic."""
        return await self.prepared(service, lambda url: asyncio.to_thread(upgrade, service, url))

    async def prepared(self, name: str, prepare: Callable[[str], Awaitable[None]]) -> str:
        """The address of a fresh database that looks as `prepare(url)` left the template `name`."""
        if name not in self._templates:
            self._templates[name] = asyncio.ensure_future(self._prepare(f"template_{name}", prepare))
        template = await self._templates[name]
        fresh = f"{name}_{uuid4().hex[:12]}"
        await self._admin(f'CREATE DATABASE "{fresh}" TEMPLATE "{template}"')
        self._made.append(fresh)
        return self._server.url + fresh

    def sharing_templates(self) -> "DatabaseFactory":
        """A factory with the same templates that drops only what it made itself."""
        return DatabaseFactory(self._server, self._templates)

    async def drop_all(self) -> None:
        """Drop what was handed out."""
        while self._made:
            await self._admin(f'DROP DATABASE IF EXISTS "{self._made.pop()}" WITH (FORCE)')

    async def _prepare(self, template: str, prepare: Callable[[str], Awaitable[None]]) -> str:
        if not re.fullmatch(r"[a-z_]+", template):
            raise ValueError(f"{template} is no name for a template")
        await self._admin(f'CREATE DATABASE "{template}"')
        await prepare(self._server.url + template)
        return template

    async def _admin(self, statement: str) -> None:
        connection = await asyncpg.connect(self._server.plain_url + "postgres", timeout=10)
        try:
            await connection.execute(statement, timeout=30)
        finally:
            await connection.close()


@pytest.fixture(scope="session")
def postgres_cluster(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A data directory fresh from initdb, made once for all processes of a run: a copy takes a tenth of the time."""
    own = tmp_path_factory.getbasetemp()
    made = (own if worker_id == "master" else own.parent) / "postgres-cluster"
    with made.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            with tempfile.TemporaryDirectory(prefix="atelier-test-") as folder:
                postgres = _postgres_in(Path(folder), 0)
                postgres.initialise(PASSWORD)
                postgres.data.rename(made)
    return made


@pytest.fixture(scope="session")
def postgres_server(postgres_cluster: Path) -> Iterator[PostgresServer]:
    """The session's PostgreSQL. To stop or kill one, take `own_postgres_server`."""
    yield from _postgres_server(postgres_cluster)


@pytest.fixture(scope="module")
def own_postgres_server(postgres_cluster: Path) -> Iterator[PostgresServer]:
    """A PostgreSQL of the module's own, to be stopped and started at will."""
    yield from _postgres_server(postgres_cluster)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """The session's Valkey. To stop or kill one, take `own_redis_server`."""
    yield from _redis_server()


@pytest.fixture
def own_redis_server() -> Iterator[RedisServer]:
    """A Valkey of the test's own, to be stopped, killed and started at will."""
    yield from _redis_server()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The session's Valkey, emptied."""
    with BlockingRedis.from_url(redis_server.url) as client:
        client.flushall()
    return redis_server.url


@pytest_asyncio.fixture
async def redis(redis_url: str) -> AsyncIterator["Redis[bytes]"]:
    """A client of the session's Valkey, emptied."""
    client = connect_redis(redis_url)
    yield client
    await client.aclose()
    await client.connection_pool.disconnect()


@pytest.fixture(scope="session")
def session_databases(postgres_server: PostgresServer) -> DatabaseFactory:
    """Makes addresses of databases that live as long as the session, for suites that keep their rows apart."""
    return DatabaseFactory(postgres_server, {})


@pytest_asyncio.fixture
async def databases(session_databases: DatabaseFactory) -> AsyncIterator[DatabaseFactory]:
    """Makes addresses of fresh databases, dropped after the test: `await databases.migrated("billing")`."""
    factory = session_databases.sharing_templates()
    yield factory
    await factory.drop_all()


@pytest_asyncio.fixture
async def make_database(databases: DatabaseFactory) -> AsyncIterator[Callable[..., Awaitable[Database]]]:
    """Makes a fresh, migrated, open database: `await make_database("billing", pool_size=8)`."""
    opened: list[Database] = []

    async def make(service: str, *, pool_size: int = 5) -> Database:
        database = Database(await databases.migrated(service), application="tests", pool_size=pool_size)
        opened.append(database)
        return database

    yield make
    for database in opened:
        await database.close()


def _postgres_server(cluster: Path) -> Iterator[PostgresServer]:
    with tempfile.TemporaryDirectory(prefix="atelier-test-", ignore_cleanup_errors=True) as folder:
        server = PostgresServer(Path(folder), cluster)
        server.start()
        try:
            yield server
        finally:
            server.stop(signal.SIGQUIT)


def _postgres_in(folder: Path, port: int) -> embedded_postgres.Postgres:
    folder.chmod(0o711)  # as root the server runs as somebody else, who must pass through
    return embedded_postgres.locate(Home(folder), port, lambda _: None)


def _redis_server() -> Iterator[RedisServer]:
    with tempfile.TemporaryDirectory(prefix="atelier-test-") as folder:
        server = RedisServer(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop(signal.SIGKILL)


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(ready: Callable[[], bool], process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the server did not start:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.01)


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Long texts are numbered, not spelled out: some are random, and test ids must be the same in every process."""
    return argname if isinstance(val, str) and len(val) > 24 else None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported stays: looking through it again and again for garbage took a sixth of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
