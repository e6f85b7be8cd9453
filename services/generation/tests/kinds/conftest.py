"""A live sandbox in place of the vendors, and providers that speak to it over the wire."""

from collections.abc import AsyncIterator

import pytest_asyncio

from generation.providers.bootstrap import Providers
from sandbox.client import SandboxClient
from sandbox.server import SandboxServer
from sandbox.settings import SandboxSettings

from ..stage import providers_at
from . import documents


@pytest_asyncio.fixture(scope="session")
async def _server() -> AsyncIterator[SandboxServer]:
    async with SandboxServer(SandboxSettings(http_port=0, smtp_port=0, latency_scale=0)) as running:
        yield running


@pytest_asyncio.fixture(scope="session", autouse=True)
async def _pools() -> AsyncIterator[None]:
    yield
    for pool in documents.pools:
        await pool.drain()


@pytest_asyncio.fixture
async def server(_server: SandboxServer) -> SandboxServer:
    _server.sandbox.reset()
    return _server


@pytest_asyncio.fixture
async def sandbox(server: SandboxServer) -> AsyncIterator[SandboxClient]:
    async with SandboxClient(server.public_url) as client:
        yield client


@pytest_asyncio.fixture
async def providers(server: SandboxServer) -> AsyncIterator[Providers]:
    built = providers_at(server.public_url)
    yield built
    await built.aclose()
