"""The pages in an application as the gateway makes it, and a client that talks to it without a socket."""

from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI
from pydantic import SecretStr

from common.http.app import create_app
from common.settings import CommonSettings
from gateway.pages import routes


@pytest.fixture(scope="session")
def app() -> FastAPI:
    return create_app(
        service="gateway",
        settings=CommonSettings(redis_url=SecretStr("redis://127.0.0.1/0")),
        routers=[routes.build_router(development=False)],
        readiness={},
        title="Atelier",
        version="1",
    )


@pytest_asyncio.fixture
async def browser(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://gateway") as client:
        yield client
