"""Closed-loop load: so many connections, each sending its next request when the last one is answered."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.client import Connection


@dataclass(slots=True)
class Measured:
    """What a stretch of load came to. Latencies in seconds, of the accepted requests."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def accepted_per_second(self) -> float:
        """Answers 202 in a second."""
        return self.statuses[202] / self.seconds

    def percentile_ms(self, percent: float) -> float:
        """A percentile of the latencies in milliseconds."""
        return percentile(self.latencies, percent) * 1000


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that `percent` of the values do not exceed.

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)]


_numbers = itertools.count(int(time.time() * 1000))


def next_body() -> bytes:
    """A body like none before, in this run or an earlier one."""
    return b'{"number":%d}' % next(_numbers)


async def press(connections: Sequence[Connection], path: str, seconds: float) -> Measured:
    """Load a path with POST for a while.

    Raises:
        ConnectionError: the server hung up.
    """
    latencies: list[float] = []
    statuses: Counter[int] = Counter()
    clock = time.perf_counter
    started = clock()
    deadline = started + seconds

    async def one(connection: Connection) -> None:
        while (sent := clock()) < deadline:
            answer = await connection.request("POST", path, next_body())
            statuses[answer.status] += 1
            if answer.status == 202:
                latencies.append(clock() - sent)

    async with asyncio.TaskGroup() as group:
        for connection in connections:
            group.create_task(one(connection))
    return Measured(clock() - started, latencies, statuses)
