from contextlib import asynccontextmanager

import pytest

from common.http.client import build_http_client
from common.http.server import EmbeddedServer
from common.settings import CommonSettings
from common.telemetry.logging import configure_logging


@pytest.fixture(autouse=True, scope="session")
def _log_as_in_life():
    """The default of structlog renders tracebacks for seconds, on the event loop."""
    configure_logging("test")


@pytest.fixture
def settings():
    return CommonSettings(redis_url="redis://127.0.0.1/0", environment="development")


@pytest.fixture
async def serve():
    """Start applications on real sockets: `base_url = await serve(app)`."""
    servers = []

    async def start(app):
        server = EmbeddedServer(app, "127.0.0.1", 0)
        servers.append(server)
        await server.start()
        return f"http://127.0.0.1:{server.port}"

    yield start
    for server in servers:
        await server.stop(0.5)


@pytest.fixture
def client():
    return asynccontextmanager(_client)


async def _client(base_url):
    async with build_http_client(base_url=base_url) as http:
        yield http
