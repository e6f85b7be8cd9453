"""Accepting a job: one gateway process beside the floor, in turns, on the same servers."""

import asyncio
import os
import socket
import statistics
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from bench.client import Connection
from bench.cores import SERVER_CORE, pin
from bench.floor import CREATE
from bench.load import Measured, press
from bench.studio import NOOP_PATH, REPOSITORY, Studio

WARM_SECONDS = 1.0
FLOOR_START_SECONDS_MAX = 30.0


@dataclass(frozen=True, slots=True)
class Rates:
    """Medians over the rounds."""

    per_second: float
    p50_ms: float
    p99_ms: float
    spread: tuple[float, float]
    """Lowest and highest rate of a round."""

    @classmethod
    def of(cls, rounds: Sequence[Measured]) -> "Rates":
        """The medians of some rounds."""
        rates = [one.accepted_per_second for one in rounds]
        return cls(
            statistics.median(rates),
            statistics.median(one.percentile_ms(50) for one in rounds),
            statistics.median(one.percentile_ms(99) for one in rounds),
            (min(rates), max(rates)),
        )


@dataclass(frozen=True, slots=True)
class Floor:
    """A running floor."""

    url: str
    pid: int


class BrokenRunError(RuntimeError):
    """Something else than 202 came back, so the figures mean nothing."""


async def press_gateway(studio: Studio, connections: int, seconds: float) -> Measured:
    """One round against the gateway; returns when the jobs of the round have their outcomes.

    Raises:
        BrokenRunError: a submission was refused.
    """
    opened = await studio.connect(connections)
    try:
        await press(opened, NOOP_PATH, WARM_SECONDS)
        with studio.burst():
            measured = await press(opened, NOOP_PATH, seconds)
    finally:
        for connection in opened:
            connection.close()
    await studio.drained()
    return _checked(measured)


async def press_floor(studio: Studio, floor: "Floor", connections: int, seconds: float) -> Measured:
    """One round against the floor.

    Raises:
        BrokenRunError: it failed to answer.
    """
    opened = [await Connection.open(floor.url) for _ in range(connections)]
    try:
        await press(opened, "/jobs", WARM_SECONDS / 2)
        with studio.burst(also=[floor.pid]):
            return _checked(await press(opened, "/jobs", seconds))
    finally:
        for connection in opened:
            connection.close()


async def rounds(
    studio: Studio, floors: Sequence[Floor], connections: int, *, count: int, seconds: float
) -> list[list[Measured]]:
    """Rounds of the gateway and the floors in turns: the gateway's first, then each floor's.

    A turn begins when nothing of the one before is left to do, so that no floor is measured beside the gateway's work.
    """
    measured: list[list[Measured]] = [[] for _ in (studio, *floors)]
    for _ in range(count):
        for number, floor in enumerate(floors, start=1):
            await studio.quiet()
            measured[number].append(await press_floor(studio, floor, connections, seconds))
        await studio.quiet()
        measured[0].append(await press_gateway(studio, connections, seconds))
    return measured


@asynccontextmanager
async def floor_server(urls: Mapping[str, str], driver: str) -> AsyncIterator[Floor]:
    """The floor on the server's core, with a database of its own on the same server."""
    database_url = f"{urls['postgres'].rstrip('/')}/bench_floor"
    await _create_floor_database(urls["postgres"], database_url)
    port = _free_port()
    environment = {**os.environ, "FLOOR_DATABASE_URL": database_url, "REDIS_URL": urls["valkey"]}
    command = (sys.executable, "-m", "bench.floor", str(port), driver)
    process = await asyncio.create_subprocess_exec(*command, cwd=REPOSITORY, env=environment)
    try:
        url = f"http://127.0.0.1:{port}"
        await _answering(url)
        pin(process.pid, SERVER_CORE)
        yield Floor(url, process.pid)
    finally:
        process.terminate()
        async with asyncio.timeout(10):
            await process.wait()


async def _create_floor_database(server: str, database_url: str) -> None:
    connection = await asyncpg.connect(f"{server.rstrip('/')}/postgres")
    if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = 'bench_floor'"):
        await connection.execute("CREATE DATABASE bench_floor")
    await connection.close()
    connection = await asyncpg.connect(database_url)
    await connection.execute(CREATE)
    await connection.close()


async def _answering(url: str) -> None:
    async with asyncio.timeout(FLOOR_START_SECONDS_MAX):
        while True:
            try:
                connection = await Connection.open(url)
                await connection.request("GET", "/livez")
            except OSError:
                await asyncio.sleep(0.05)
            else:
                connection.close()
                return


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def _checked(measured: Measured) -> Measured:
    if set(measured.statuses) != {202}:
        raise BrokenRunError(f"answers by status: {dict(measured.statuses)}")
    return measured
