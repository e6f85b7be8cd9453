"""One shop for all tests of billing, its database emptied for each; the ledger's tests have a database of their own."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from billing.settings import BillingSettings
from common.db.database import Database
from sandbox.server import SandboxServer
from sandbox.settings import SandboxSettings

from .stripe.shop import IDENTITY_SECRETS, OTHER_SECRET, PUBLIC_URL, SECRET, SHOP_ORIGIN, Shop, Socket
from .stripe.shop_database import ShopDatabase


@pytest_asyncio.fixture(scope="session")
async def shop_database(session_databases: Any) -> ShopDatabase:
    return ShopDatabase(await session_databases.migrated("billing"))


@pytest_asyncio.fixture(scope="session")
async def billing_socket() -> AsyncIterator[Socket]:
    socket = Socket()
    await socket.server.start()
    yield socket
    await socket.server.stop(1)


@pytest_asyncio.fixture(scope="session")
async def sandbox_server(billing_socket: Socket) -> AsyncIterator[SandboxServer]:
    settings = SandboxSettings(
        http_port=0,
        smtp_port=0,
        latency_scale=0,
        stripe_webhook_url=f"{billing_socket.url}/webhooks/stripe",
        stripe_webhook_secret=SecretStr(SECRET),
        webhook_retry_base_seconds=0.1,
    )
    async with SandboxServer(settings) as server:
        yield server


@pytest_asyncio.fixture
async def database(shop_database: ShopDatabase) -> AsyncIterator[Database]:
    await shop_database.empty()
    database = Database(shop_database.url, application="test", pool_size=8)
    yield database
    await database.close()


@pytest_asyncio.fixture
async def shop(
    database: Database,
    billing_socket: Socket,
    sandbox_server: SandboxServer,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Shop]:
    monkeypatch.setattr("billing.stripe.client.BACKOFF_SECONDS", 0.04)
    sandbox_server.sandbox.reset()
    settings = BillingSettings(
        redis_url=SecretStr("redis://127.0.0.1:1/0"),
        identity_secrets=IDENTITY_SECRETS,
        public_url=PUBLIC_URL,
        checkout_return_origins=(SHOP_ORIGIN,),
        stripe_api_key=SecretStr("sk_test_x"),
        stripe_api_base=f"{sandbox_server.public_url}/stripe",
        stripe_webhook_secrets=(SecretStr(SECRET), SecretStr(OTHER_SECRET)),
    )
    shop = Shop(database, billing_socket.url, sandbox_server.public_url, settings)
    billing_socket.app = shop.app
    yield shop
    billing_socket.app = None
    sandbox_server.sandbox.reset()
    await shop.http.aclose()
    await shop.vendor.aclose()
    await shop.parts.api.close()
