"""The whole product in a home of its own, with accounts that have credits and generous limits."""

import asyncio
import json
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg

from atelier_local.memory import measure
from atelier_local.stack import Stack
from bench.client import Connection
from bench.cores import LOAD_CORE, SERVER_CORE, cpu_seconds, pin, undisturbed
from billing.ledger.grants import Grant, post_grants
from common.db.database import Database
from common.ids import from_text, new_id

REPOSITORY = Path(__file__).resolve().parents[1]
NOOP_PATH = "/v1/jobs/noop"
CREDITS = 100_000_000
_ENVIRONMENT = {
    "GENERATION_KIND_MODULES": "bench.noop_kind",
    "TRACE_SAMPLE_RATIO": "0.1",
    "GATEWAY_SIGN_UPS_PER_MINUTE": "100000",
    "GATEWAY_SIGN_UPS_PER_HOUR": "1000000",
}
_GENEROUS = """
UPDATE plans SET submissions_per_minute = 1000000000, jobs_per_day = 1000000000, jobs_in_flight = 1000000000
"""
_PLANS_SECONDS = 5.0
_OPEN = "SELECT count(*) FROM jobs WHERE settled_at IS NULL"
_DRAIN_SECONDS_MAX = 600.0
_QUIET_LOOK_SECONDS = 1.0
_QUIET_SHARE = 0.3
"""At rest all processes together use a tenth of a core."""


@dataclass(frozen=True, slots=True)
class Customer:
    """An account with credits, and the token of its owner."""

    account_id: UUID
    token: str


@dataclass(slots=True)
class Studio:
    """What the benchmarks are run against."""

    stack: Stack
    alone: bool = False
    """Whether bursts of load may push everything else on the machine aside."""
    customers: Sequence[Customer] = ()

    @property
    def gateway(self) -> str:
        """The gateway's address."""
        return self.stack.urls["gateway"]

    def burst(self, *, below: Sequence[str] = (), also: Sequence[int] = ()) -> AbstractContextManager[None]:
        """Around each stretch that is measured; processes named in `below` yield to the rest, `also` are other pids."""
        if not self.alone:
            return nullcontext()
        named = [pid for name, pid in self._pids().items() if name not in below]
        return undisturbed([*named, *also, os.getpid()])

    async def connect(self, count: int) -> list[Connection]:
        """Connections to the gateway, each with an account of its own."""
        chosen = self.customers[:count]
        return list(await asyncio.gather(*(Connection.open(self.gateway, one.token) for one in chosen)))

    async def prepare(self, customers: int) -> None:
        """Lift the limits, sign people up and give them credits; nothing where nobody is wanted."""
        if not customers:
            return
        database = await asyncpg.connect(self.stack.database_url("gateway"))
        await database.execute(_GENEROUS)
        await database.close()
        await asyncio.sleep(_PLANS_SECONDS)
        connection = await Connection.open(self.gateway)
        self.customers = [await _sign_up(connection) for _ in range(customers)]
        connection.close()
        await self._grant([one.account_id for one in self.customers])
        await self.drained()

    async def drained(self) -> None:
        """Wait until every accepted job has its outcome and its charge.

        Raises:
            TimeoutError: they do not come.
        """
        database = await asyncpg.connect(self.stack.database_url("gateway"))
        try:
            async with asyncio.timeout(_DRAIN_SECONDS_MAX):
                while await database.fetchval(_OPEN):  # noqa: ASYNC110 - the state is another process's
                    await asyncio.sleep(0.02)
        finally:
            await database.close()

    async def quiet(self) -> None:
        """Wait until hardly anything is being done: mails, marks and clearing up outlast the outcomes.

        Raises:
            TimeoutError: it does not come to rest.
        """
        async with asyncio.timeout(_DRAIN_SECONDS_MAX):
            while True:
                before = sum(self.cpu_seconds().values())
                await asyncio.sleep(_QUIET_LOOK_SECONDS)
                if sum(self.cpu_seconds().values()) - before < _QUIET_SHARE * _QUIET_LOOK_SECONDS:
                    return

    def pin_cores(self) -> None:
        """Give the gateway one core and the load, which is this process, the other; the rest runs where it can."""
        pin(0, LOAD_CORE)
        if (pid := self._pids().get("gateway")) is not None:
            pin(pid, SERVER_CORE)

    def memory_mib(self) -> dict[str, float]:
        """Proportional memory of every process."""
        state = self.stack.state()
        if state is None:
            raise RuntimeError("nothing runs")
        return {share.name: share.pss_kib / 1024 for share in measure(state)}

    def cpu_seconds(self) -> dict[str, float]:
        """Processor time of every process so far."""
        return {name: cpu_seconds(pid) for name, pid in self._pids().items()}

    def _pids(self) -> dict[str, int]:
        state = self.stack.state()
        if state is None:
            raise RuntimeError("nothing runs")
        return {name: process.pid for name, process in state.processes.items() if process.pid}

    async def _grant(self, account_ids: Sequence[UUID]) -> None:
        url = self.stack.database_url("billing").replace("postgresql:", "postgresql+asyncpg:")
        billing = Database(url, application="bench", pool_size=1)
        grants = [
            Grant(account_id=account_id, credits=CREDITS, source="adjustment", reference=f"bench:{new_id()}", memo="")
            for account_id in account_ids
        ]
        await billing.transact(post_grants, grants)
        await billing.close()


@asynccontextmanager
async def studio(
    *,
    customers: int,
    alone: bool = False,
    environment: Mapping[str, str] | None = None,
    processes: Sequence[str] | None = None,
) -> AsyncIterator[Studio]:
    """Start everything (or just some processes) in a temporary home, ready to be loaded; delete it afterwards."""
    home = Path(tempfile.gettempdir()) / f"atelier-bench-{os.getpid()}-{secrets.token_hex(4)}"
    path = os.pathsep.join(part for part in (str(REPOSITORY), os.environ.get("PYTHONPATH", "")) if part)
    overrides = {**_ENVIRONMENT, "PYTHONPATH": path, **(environment or {})}
    stack = Stack(home, env_overrides=overrides, processes=processes)
    try:
        await asyncio.to_thread(stack.start)
        running = Studio(stack, alone)
        await running.prepare(customers)
        running.pin_cores()
        yield running
    finally:
        await asyncio.to_thread(stack.destroy)


async def _sign_up(connection: Connection) -> Customer:
    person = {"email": f"{secrets.token_hex(8)}@example.com", "password": secrets.token_urlsafe(16), "locale": "en"}
    answer = await connection.request("POST", "/v1/users", json.dumps(person).encode())
    if answer.status != 201:
        raise RuntimeError(f"sign-up answered {answer.status}: {answer.body.decode()[:300]}")
    session = json.loads(answer.body)
    return Customer(from_text("acc", session["account"]["id"]), session["access_token"])
