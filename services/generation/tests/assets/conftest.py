"""A pool of child processes, a live sandbox as storage, and the routes of assets behind real HTTP."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
import pytest_asyncio
from pydantic import SecretStr

from common.db.database import Database
from common.http.app import create_app
from common.http.client import build_http_client
from common.http.identity import IDENTITY_HEADER, Caller, require_identity, sign_identity
from common.http.server import EmbeddedServer
from generation.assets.assembly import AssetParts, build_assets
from generation.assets.routes import BODY_BYTES_MAX, PATH, build_router
from generation.local.pool import LocalPool, PoolLimits
from generation.settings import GenerationSettings
from sandbox.client import SandboxClient
from sandbox.server import SandboxServer
from sandbox.settings import SandboxSettings

from ..stage import provider_settings_at

SETTINGS = GenerationSettings(
    redis_url=SecretStr("redis://127.0.0.1/0"), database_urls={}, environment="development", image_hosts=("127.0.0.1",)
)


@pytest_asyncio.fixture(scope="session")
async def pool() -> AsyncIterator[LocalPool]:
    opened = LocalPool(PoolLimits(memory_bytes_max=512 * 1024 * 1024))
    yield opened
    await opened.drain()


@pytest_asyncio.fixture(scope="session")
async def _server() -> AsyncIterator[SandboxServer]:
    async with SandboxServer(SandboxSettings(http_port=0, smtp_port=0, latency_scale=0)) as running:
        yield running


@pytest_asyncio.fixture
async def server(_server: SandboxServer) -> SandboxServer:
    _server.sandbox.reset()
    return _server


@pytest_asyncio.fixture
async def sandbox(server: SandboxServer) -> AsyncIterator[SandboxClient]:
    async with SandboxClient(server.public_url) as client:
        yield client


@pytest_asyncio.fixture
async def parts(server: SandboxServer, database: Database, pool: LocalPool) -> AsyncIterator[AssetParts]:
    async with AsyncExitStack() as closing:
        providers = provider_settings_at(server.public_url)
        yield build_assets(SETTINGS, providers, database, pool, closing)


@dataclass
class Owner:
    """An account as the gateway shows it to us."""

    http: httpx2.AsyncClient
    account_id: UUID
    plan: str = "free"

    def headers(self, **more: str) -> dict[str, str]:
        caller = Caller(self.account_id, uuid4(), self.plan)
        return {IDENTITY_HEADER: sign_identity(SETTINGS.identity_secrets, caller, timedelta(seconds=60)), **more}

    async def upload(self, content: bytes, *, name: str = "p.jpg", key: str | None = None) -> httpx2.Response:
        headers = self.headers() if key is None else self.headers(**{"Idempotency-Key": key})
        files = {"file": (name, content, "image/jpeg")}
        return await self.http.post(PATH, files=files, headers=headers)

    async def uploaded(self, content: bytes, **options: Any) -> dict[str, Any]:
        answer = await self.upload(content, **options)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def ask(self, method: str, path: str, key: str | None = None, **options: Any) -> httpx2.Response:
        headers = self.headers() if key is None else self.headers(**{"Idempotency-Key": key})
        return await self.http.request(method, path, headers=headers, **options)


@pytest_asyncio.fixture
async def address(parts: AssetParts, database: Database) -> AsyncIterator[str]:
    app = create_app(
        service="generation",
        settings=SETTINGS,
        routers=[build_router(database, parts.uploads, require_identity(SETTINGS.identity_secrets))],
        readiness={},
        title="t",
        version="1",
        body_limits={PATH: BODY_BYTES_MAX},
    )
    running = EmbeddedServer(app, "127.0.0.1", 0)
    await running.start()
    yield f"http://127.0.0.1:{running.port}"
    await running.stop(1)


@pytest_asyncio.fixture
async def http(address: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with build_http_client(base_url=address, read_seconds=30) as client:
        yield client


@pytest.fixture
def owner(http: httpx2.AsyncClient) -> Owner:
    return Owner(http, uuid4())


@pytest.fixture
def stranger(http: httpx2.AsyncClient) -> Owner:
    return Owner(http, uuid4())
