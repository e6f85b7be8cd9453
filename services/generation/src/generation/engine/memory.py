"""Admits runs by memory: what they may use together is bounded, and who does not fit waits in line.

The line is strict: what stands behind does not pass, however small it is, so that what is large is reached too.
"""

import asyncio
from collections import deque

from prometheus_client import Gauge

_reserved = Gauge("runs_memory_reserved_megabytes", "Memory set aside for the runs under way here, by their kinds")


class MemoryGate:
    """The memory of one worker, in MiB. What is larger than all of it is admitted alone."""

    def __init__(self, limit_mb: int) -> None:
        if limit_mb < 1:
            raise ValueError("there must be some memory")
        self._limit_mb = limit_mb
        self._used_mb = 0
        self._line: deque[tuple[int, asyncio.Future[bool]]] = deque()
        self._closed = False

    async def reserve(self, memory_mb: int) -> "Reservation | None":
        """Wait in line until so much is free; None once the gate is closed."""
        memory_mb = min(max(memory_mb, 0), self._limit_mb)
        if self._closed:
            return None
        if self._line or self._used_mb + memory_mb > self._limit_mb:
            await self._wait(memory_mb)
            if self._closed:
                self._return(memory_mb)
                return None
        else:
            self._take(memory_mb)
        return Reservation(self, memory_mb)

    def close(self) -> None:
        """Admit nobody any more; who waits is sent away."""
        self._closed = True
        self._move()

    async def _wait(self, memory_mb: int) -> None:
        admitted: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        place = (memory_mb, admitted)
        self._line.append(place)
        try:
            await admitted
        except asyncio.CancelledError:
            if admitted.done() and not admitted.cancelled():
                self._return(memory_mb)
            elif place in self._line:
                self._line.remove(place)
                self._move()
            raise

    def _take(self, memory_mb: int) -> None:
        self._used_mb += memory_mb
        _reserved.set(self._used_mb)

    def _return(self, memory_mb: int) -> None:
        self._take(-memory_mb)
        self._move()

    def _move(self) -> None:
        """Admit from the head of the line what fits now."""
        while self._line and (self._closed or self._used_mb + self._line[0][0] <= self._limit_mb):
            memory_mb, admitted = self._line.popleft()
            if not admitted.cancelled():
                self._take(memory_mb)
                admitted.set_result(True)


class Reservation:
    """Memory set aside for one run."""

    def __init__(self, gate: MemoryGate, memory_mb: int) -> None:
        self._gate = gate
        self.memory_mb = memory_mb

    def shrink(self, memory_mb: int) -> None:
        """Give back what the run turns out not to need."""
        if memory_mb < self.memory_mb:
            returned, self.memory_mb = self.memory_mb - memory_mb, memory_mb
            self._gate._return(returned)

    def release(self) -> None:
        """Give back all of it."""
        self.shrink(0)
