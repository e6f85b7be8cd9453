"""What is measured and printed: each scene starts what it needs, loads it, and prints its tables."""

import asyncio
import os
import signal
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bench.accepting import Rates, floor_server, press_gateway, rounds
from bench.end_to_end import measure_delays, measure_throughput
from bench.engine import measure as measure_engine
from bench.ledger import measure as measure_ledger
from bench.load import press
from bench.report import table, verdict
from bench.studio import NOOP_PATH, Studio, studio

CONNECTIONS = (16, 64)
RATIO_MIN = 0.4
STARTED_MS_MAX = 50
TOLD_MS_MAX = 100
MEMORY_MIB_MAX = 512
IDLE_SECONDS = 10.0
BACKGROUND = ("generation", "notifier")


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured."""

    rounds: int
    seconds: float
    alone: bool


async def accept(effort: Effort) -> None:
    """One gateway process beside the floor, in turns, with everything on.

    The floor uses the libraries the gateway uses; the same without SQLAlchemy is shown too.
    """
    async with studio(customers=max(CONNECTIONS), alone=effort.alone) as running:
        rows: list[Sequence[object]] = []
        urls = running.stack.urls
        async with floor_server(urls, "sqlalchemy") as floor, floor_server(urls, "asyncpg") as bare:
            for connections in CONNECTIONS:
                measured = await rounds(
                    running, (floor, bare), connections, count=effort.rounds, seconds=effort.seconds
                )
                ours, with_same, without = (Rates.of(one) for one in measured)
                ratio = ours.per_second / with_same.per_second
                rows.append((f"floor, {connections}", *_figures(with_same), "", "", ""))
                rows.append((f"floor without SQLAlchemy, {connections}", *_figures(without), "", "", ""))
                rows.append(
                    (
                        f"gateway, {connections}",
                        *_figures(ours),
                        ratio,
                        verdict(ratio, at_least=RATIO_MIN),
                        ours.per_second / without.per_second,
                    )
                )
            single = Rates.of([await press_gateway(running, 1, effort.seconds)])
        rows.append(("gateway, 1", *_figures(single), "", "", ""))
    columns = ("accepted/s", "lowest", "highest", "p50 ms", "p99 ms", "of floor", "target", "of the other")
    print(table("Accepting a job", ("server, connections", *columns), rows))


async def ledger(effort: Effort) -> None:
    """Holds and captures a second."""
    await measure_ledger(seconds=effort.seconds, alone=effort.alone)


async def engine(effort: Effort) -> None:
    """Jobs that do nothing through generation alone."""
    await measure_engine(rounds=effort.rounds, seconds=effort.seconds, alone=effort.alone)


async def breakdown(effort: Effort) -> None:
    """The same load with one thing after the other switched off."""
    rows = []
    untraced = {"TRACE_SAMPLE_RATIO": "0"}
    unawaited = {**untraced, "GATEWAY_VERDICT_SECONDS_MAX": "0"}
    for label, environment, paused in (
        ("everything on", {}, ()),
        ("work behind it paused", {}, BACKGROUND),
        ("and no trace sampled", untraced, BACKGROUND),
        ("and billing's word not awaited", unawaited, BACKGROUND),
        ("and billing paused", unawaited, (*BACKGROUND, "billing")),
    ):
        async with studio(customers=max(CONNECTIONS), alone=effort.alone, environment=environment) as running:
            for connections in CONNECTIONS:
                rows.append((f"{label}, {connections}", *await _cost(running, connections, effort.seconds, paused)))
    heading = ("switched off, connections", "accepted/s", "p50 ms", "gateway", "billing", "postgres", "valkey", "all")
    print(table("Where the time goes: processor milliseconds for each accepted job, by process", heading, rows))


async def noop(effort: Effort) -> None:
    """The no-op kind end to end."""
    async with studio(customers=16, alone=effort.alone) as running:
        with running.burst():
            delays = await measure_delays(running, per_second=5, count=int(10 * effort.seconds))
        bursts = []
        for _ in range(effort.rounds):
            with running.burst():
                bursts.append(await measure_throughput(running, connections=16, seconds=effort.seconds))
    print(
        table(
            "A job that does nothing, at 5 a second",
            ("submit to", "p50 ms", "p99 ms", "target"),
            [
                ("202", delays.milliseconds("accepted", 50), delays.milliseconds("accepted", 99), ""),
                _delay_row(
                    "started", delays.milliseconds("started", 50), delays.milliseconds("started", 99), STARTED_MS_MAX
                ),
                _delay_row(
                    "told by SSE", delays.milliseconds("told", 50), delays.milliseconds("told", 99), TOLD_MS_MAX
                ),
            ],
        )
    )
    best = max(bursts, key=lambda burst: burst.per_second)
    rows = [(name, milliseconds) for name, milliseconds in sorted(best.cpu_ms.items())]
    rows.append(("sum", sum(best.cpu_ms.values())))
    print(table("Processor time of one job, from submission to mail", ("process", "ms"), rows))
    median = statistics.median(burst.per_second for burst in bursts)
    print(f"\nSustained, submitted to charged: {median:.0f} jobs/s (median), {best.per_second:.0f} (best)")


async def memory(effort: Effort) -> None:
    """Memory and processor time of everything `make up` starts, at rest and at work."""
    async with studio(customers=16, alone=effort.alone) as running:
        await asyncio.sleep(IDLE_SECONDS / 2)
        before, begun = running.cpu_seconds(), time.perf_counter()
        await asyncio.sleep(IDLE_SECONDS)
        idle_cpu = _shares(before, running.cpu_seconds(), time.perf_counter() - begun)
        idle = running.memory_mib()
        opened = await running.connect(16)
        load = asyncio.create_task(press(opened, NOOP_PATH, effort.seconds * 2))
        await asyncio.sleep(effort.seconds)
        busy = running.memory_mib()
        await load
        for connection in opened:
            connection.close()
        await running.drained()
    rows: list[Sequence[object]] = [
        (name, idle[name], busy.get(name, 0.0), idle_cpu.get(name, 0.0)) for name in sorted(idle)
    ]
    rows.append(("sum", sum(idle.values()), sum(busy.values()), sum(idle_cpu.values())))
    print(table("Memory (PSS) and idle processor time", ("process", "idle MiB", "busy MiB", "idle % of a core"), rows))
    print(f"\nUnder {MEMORY_MIB_MAX} MiB: {verdict(sum(busy.values()), at_most=MEMORY_MIB_MAX)}")


async def _cost(running: Studio, connections: int, seconds: float, paused: Sequence[str]) -> tuple[float, ...]:
    opened = await running.connect(connections)
    with _pause(running, paused):
        await press(opened, NOOP_PATH, 0.5)
        before = running.cpu_seconds()
        with running.burst(below=paused):
            measured = await press(opened, NOOP_PATH, seconds)
        after = running.cpu_seconds()
    for connection in opened:
        connection.close()
    spent = {name: (after[name] - before[name]) * 1000 / measured.statuses[202] for name in before}
    parts = [spent[name] for name in ("gateway", "billing", "postgres", "valkey")]
    return (measured.accepted_per_second, measured.percentile_ms(50), *parts, sum(spent.values()))


@contextmanager
def _pause(running: Studio, names: Sequence[str]) -> Iterator[None]:
    pids = [pid for name in names if (pid := running.stack.pid(name))]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def _figures(rates: Rates) -> tuple[float, float, float, float, float]:
    return (rates.per_second, *rates.spread, rates.p50_ms, rates.p99_ms)


def _delay_row(name: str, p50: float, p99: float, at_most: float) -> tuple[object, ...]:
    return (name, p50, p99, f"p50 {verdict(p50, at_most=at_most)}")


def _shares(before: Mapping[str, float], after: Mapping[str, float], seconds: float) -> dict[str, float]:
    return {name: (after[name] - before[name]) / seconds * 100 for name in before if name in after}
