"""The no-op kind from submission to outcome: how many a second, and how soon one is started and told."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from datetime import datetime

from bench.client import Connection
from bench.load import next_body, percentile, press
from bench.studio import NOOP_PATH, Studio

STREAM_SECONDS = 0.5
TOLD_SECONDS_MAX = 30.0


@dataclass(slots=True)
class Delays:
    """Seconds from sending a submission, by job, on this machine's one clock."""

    accepted: list[float] = field(default_factory=list)
    started: list[float] = field(default_factory=list)
    """Until a worker has the run, by the worker's own word."""
    told: list[float] = field(default_factory=list)
    """Until the outcome has arrived on the event stream."""

    def milliseconds(self, name: str, percent: float) -> float:
        """A percentile of one of the delays."""
        return percentile(getattr(self, name), percent) * 1000


class Listening:
    """Reads one event stream and notes when which job's start and success came."""

    def __init__(self) -> None:
        self.started_at: dict[str, float] = {}
        self.told_at: dict[str, float] = {}
        self._rest = b""

    def take(self, piece: bytes) -> None:
        """Take the next bytes of the stream."""
        arrived = time.time()
        *frames, self._rest = (self._rest + piece).split(b"\n\n")
        for frame in frames:
            lines = dict(line.split(": ", 1) for line in frame.decode().splitlines() if ": " in line)
            if lines.get("event") not in ("job.started", "job.succeeded"):
                continue
            event = json.loads(lines["data"])
            if event["type"] == "job.started":
                self.started_at[event["job_id"]] = datetime.fromisoformat(event["occurred_at"]).timestamp()
            else:
                self.told_at[event["job_id"]] = arrived


async def measure_delays(studio: Studio, *, per_second: float, count: int) -> Delays:
    """Submit at a low, even pace and follow the account's event stream through the gateway.

    Raises:
        TimeoutError: an outcome was never told.
    """
    customer, listening, delays = studio.customers[0], Listening(), Delays()
    stream = await Connection.open(studio.gateway, customer.token, listening.take)
    connection = await Connection.open(studio.gateway, customer.token)
    stream.follow("/v1/events")
    await asyncio.sleep(STREAM_SECONDS)
    sent: dict[str, float] = {}
    try:
        for _ in range(count):
            begun = time.time()
            answer = await connection.request("POST", NOOP_PATH, next_body())
            delays.accepted.append(time.time() - begun)
            sent[json.loads(answer.body)["id"]] = begun
            await asyncio.sleep(max(0.0, begun + 1 / per_second - time.time()))
        async with asyncio.timeout(TOLD_SECONDS_MAX):
            while not sent.keys() <= listening.told_at.keys():  # noqa: ASYNC110 - filled by the stream
                await asyncio.sleep(0.01)
    finally:
        stream.close()
        connection.close()
    delays.started = [listening.started_at[job_id] - begun for job_id, begun in sent.items()]
    delays.told = [listening.told_at[job_id] - begun for job_id, begun in sent.items()]
    return delays


@dataclass(frozen=True, slots=True)
class Throughput:
    """What a burst came to."""

    jobs: int
    seconds: float
    """From the first submission to the last charge."""
    cpu_ms: dict[str, float]
    """Processor milliseconds for each job, by process."""

    @property
    def per_second(self) -> float:
        """Jobs a second, all told."""
        return self.jobs / self.seconds


async def measure_throughput(studio: Studio, *, connections: int, seconds: float) -> Throughput:
    """Submit as fast as is answered for a while, then wait for the last charge."""
    opened = await studio.connect(connections)
    before, begun = studio.cpu_seconds(), time.perf_counter()
    try:
        measured = await press(opened, NOOP_PATH, seconds)
    finally:
        for connection in opened:
            connection.close()
    await studio.drained()
    jobs, after = measured.statuses[202], studio.cpu_seconds()
    cpu_ms = {name: (after[name] - before[name]) * 1000 / jobs for name in before}
    return Throughput(jobs, time.perf_counter() - begun, cpu_ms)
