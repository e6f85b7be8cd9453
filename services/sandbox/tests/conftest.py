"""A live sandbox on free loopback ports for the whole session, emptied before every test."""

from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio
import stripe

from sandbox.client import SandboxClient
from sandbox.server import SandboxServer
from sandbox.settings import SandboxSettings

from .stripe_shop import Shop


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


@pytest_asyncio.fixture(scope="session")
async def stripe_client(server: SandboxServer) -> AsyncIterator[stripe.StripeClient]:
    transport = stripe.HTTPXClient()
    yield stripe.StripeClient(
        "sk_test_sandbox",
        base_addresses={"api": f"{server.public_url}/stripe"},
        http_client=transport,
        max_network_retries=0,
    )
    await transport.close_async()  # type: ignore[no-untyped-call]


@pytest.fixture
def shop(stripe_client: stripe.StripeClient, http: httpx2.AsyncClient) -> Shop:
    return Shop(stripe_client, http)
