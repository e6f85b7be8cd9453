"""A live sandbox on free loopback ports for the whole session, emptied before every test."""

from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from sandbox.client import SandboxClient
from sandbox.server import SandboxServer
from sandbox.settings import SandboxSettings


@pytest_asyncio.fixture(scope="session")
async def server() -> AsyncIterator[SandboxServer]:
    settings = SandboxSettings(http_port=0, smtp_port=0, latency_scale=0)
    async with SandboxServer(settings) as running:
        yield running


@pytest_asyncio.fixture(scope="session")
async def control(server: SandboxServer) -> AsyncIterator[SandboxClient]:
    async with SandboxClient(server.public_url) as client:
        yield client


@pytest.fixture
def http(control: SandboxClient) -> httpx2.AsyncClient:
    return control.http


@pytest_asyncio.fixture(autouse=True)
async def _emptied(server: SandboxServer) -> None:
    server.sandbox.reset()
