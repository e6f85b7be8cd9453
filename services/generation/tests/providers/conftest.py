"""Scripted vendors on sockets for the tests of the providers."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from generation.providers.catalogue import Catalogue, load_catalogue
from generation.providers.imaging import Imaging

from .router_bench import Bench
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


@pytest_asyncio.fixture
async def bench(vendor: ScriptedVendor, other_vendor: ScriptedVendor, redis: Redis) -> AsyncIterator[Bench]:
    opened = Bench(vendor, other_vendor, redis)
    yield opened
    await opened.aclose()
