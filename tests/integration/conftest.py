"""One running system for all integration tests, and the proof after each that no credit was lost or made."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from atelier_local.processes import product
from atelier_local.stack import Stack
from gateway.plans.limits import REFRESH_SECONDS
from sandbox.client import SandboxClient

from .studio import Customer, until

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LEASE_SECONDS = 4
KINDS = ("rehearsal", "picture_facts", "poison")
"""Modules beside this one, each a kind of work for tests."""
LONGEST_FIRST = ("test_crashes.py", "test_conformance.py", "test_degraded.py", "test_two_tenants.py")
"""So that all processes come to their end at about the same time; the others are short."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files in the order in which they are handed out, for `--no-loadscope-reorder`."""
    rank = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Everything `make up` starts, with two workers, generous limits and a kind of several steps."""
    overrides = {
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "GENERATION_KIND_MODULES": ",".join(f"tests.integration.{kind}" for kind in KINDS),
        "GENERATION_LEASE_SECONDS": str(LEASE_SECONDS),
        "GENERATION_SLOTS": '{"local": 12, "image": 8, "text": 2, "document": 2}',
        "GENERATION_RETRY_BASE_SECONDS": "0.05",
        "GENERATION_BREAKER_CALLS_MIN": "1000",
        "GATEWAY_VERDICT_SECONDS_MAX": "10",
        "GATEWAY_SIGN_UPS_PER_MINUTE": "10000",
        "GATEWAY_SIGN_UPS_PER_HOUR": "100000",
        "GATEWAY_READS_PER_MINUTE": "1000000",
        "GATEWAY_ANONYMOUS_PER_MINUTE": "1000000",
        "GATEWAY_PURCHASES_PER_MINUTE": "1000000",
        "GATEWAY_TRUSTED_PROXIES": "1",
        "SANDBOX_LATENCY_SCALE": "0.1",
        "SANDBOX_REQUESTS_KEPT_MAX": "100000",  # tests count what came since
        "LOG_LEVEL": "info",
    }
    # Several stacks share the cores here: what steps back would step back behind other stacks' tests as well.
    processes = [replace(spec, niceness=0) for spec in product(workers=2)]
    stack = Stack(Path(tempfile.mkdtemp(prefix="atelier-integration-")), env_overrides=overrides, processes=processes)
    try:
        stack.start()
        asyncio.run(_lift_limits(stack))
        yield stack
    finally:
        stack.destroy()


async def _lift_limits(stack: Stack) -> None:
    """Plans are data: the operator raises the free plan, and every process follows by itself."""
    connection = await asyncpg.connect(stack.database_url("gateway"))
    try:
        await connection.execute(
            "UPDATE plans SET submissions_per_minute = 60000, jobs_per_day = 100000, jobs_in_flight = 10000"
        )
    finally:
        await connection.close()
    await asyncio.sleep(REFRESH_SECONDS + 1)


@pytest.fixture
async def sandbox(stack: Stack) -> AsyncIterator[SandboxClient]:
    """The vendors' stand-in, without faults before and after."""
    async with SandboxClient(stack.urls["sandbox"]) as client:
        await client.clear_faults()
        yield client
        await client.clear_faults()


@pytest.fixture
async def customer(stack: Stack) -> AsyncIterator[Customer]:
    """A new account with its 10 greeting credits."""
    customer = await Customer.sign_up(stack.urls["gateway"])
    yield customer
    await customer.aclose()


@pytest.fixture(autouse=True)
async def books_balance(stack: Stack) -> AsyncIterator[None]:
    """After every test: all jobs come to an outcome and a charge, and the ledger's own audit is clean."""
    yield
    await until(lambda: _open_jobs(stack), what="the settlement of every accepted job")
    assert await query(stack, "billing", "SELECT * FROM ledger_audit()") == []
    double = "SELECT job_id FROM transfers WHERE kind IN ('capture', 'release') GROUP BY 1 HAVING count(*) > 1"
    assert await query(stack, "billing", double) == []
    assert await query(stack, "billing", "SELECT * FROM dead_letters") == []


async def _open_jobs(stack: Stack) -> bool:
    rows = await query(stack, "gateway", "SELECT job_id FROM jobs WHERE rank < 3 OR settled_at IS NULL")
    return not rows


async def query(stack: Stack, service: str, sql: str, *arguments: object) -> list[asyncpg.Record]:
    """Look into a service's database, as an auditor may and a test otherwise must not."""
    try:
        connection = await asyncpg.connect(stack.database_url(service), timeout=5)
    except (OSError, asyncpg.PostgresError):
        await asyncio.sleep(1)
        connection = await asyncpg.connect(stack.database_url(service), timeout=10)
    try:
        return list(await connection.fetch(sql, *arguments))
    finally:
        await connection.close()
