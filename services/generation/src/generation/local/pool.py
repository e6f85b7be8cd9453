"""A bounded pool of child processes for work of the processor; whatever happens to a child harms its task alone."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from prometheus_client import Counter, Gauge, Histogram

from common.telemetry.tracing import span
from generation.local.child_process import REAP_SECONDS_MAX, START_SECONDS_MAX, ChildProcess
from generation.local.failures import FailureReason, LocalWorkFailed

log = structlog.get_logger(__name__)

_tasks = Counter("local_tasks_total", "Tasks given to child processes by how they ended", ["task", "ending"])
_seconds = Histogram(
    "local_task_duration_seconds", "Time of a task in its child", ["task"], buckets=(0.01, 0.05, 0.2, 0.5, 1, 3, 10, 30)
)
_children = Gauge("local_processes", "Child processes that exist")
_waiting = Gauge("local_tasks_waiting", "Tasks that wait for a child process")

_STILL_WELL = (FailureReason.REFUSED, FailureReason.RAISED)
"""After these a child goes on; after running out of memory nobody knows what state its libraries are in."""


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """What the pool may cost."""

    processes_max: int = 2
    waiting_max: int = 64
    memory_bytes_max: int = 512 * 1024 * 1024
    """Address space of one child, its libraries included."""
    idle_seconds: float = 15.0
    """An unused child ends after this; it costs 10 to 60 MB, by what it has imported."""
    tasks_per_process_max: int = 200
    """Then a fresh child takes over, so that no library's leak grows for ever."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """What children know beside the few variables of all."""


@dataclass(frozen=True, slots=True)
class LocalTask:
    """What children can do: `module:function`, called with JSON values by name and returning a JSON object."""

    name: str
    function: str
    wall_seconds: float = 30.0
    cpu_seconds: float = 20.0


class LocalPool:
    """Starts children when there is work and ends them when there is none. For use within one event loop."""

    def __init__(self, limits: PoolLimits) -> None:
        self._limits = limits
        self._places = asyncio.Semaphore(limits.processes_max)
        self._waiting = 0
        self._tasks = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._closing = False
        self._busy: set[ChildProcess] = set()
        self._idle: list[tuple[ChildProcess, asyncio.TimerHandle]] = []
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def processes(self) -> int:
        """How many children exist, those included that are just ending."""
        return len(self._busy) + len(self._idle) + len(self._ending)

    async def run(self, task: LocalTask, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Have a task done. When the caller is cancelled its place in the queue is given up, its child killed.

        Raises:
            LocalWorkFailed: see its reason.
        """
        ending = "cancelled"
        self._tasks += 1
        self._quiet.clear()
        try:
            with span(f"local {task.name}"):
                await self._take_place()
                result = await self._have_done(task, arguments)
            ending = "done"
        except LocalWorkFailed as error:
            ending = error.reason.value
            raise
        finally:
            _tasks.labels(task.name, ending).inc()
            self._tasks -= 1
            if not self._tasks:
                self._quiet.set()
        return result

    async def drain(self, seconds_max: float = 0.0) -> None:
        """Take nothing new, give tasks this long, then end all children. Returns when they are gone."""
        self._closing = True
        try:
            async with asyncio.timeout(seconds_max):
                await self._quiet.wait()
        except TimeoutError:
            log.warning("local_tasks_abandoned", tasks=self._tasks)
        for child in self._busy:
            child.kill()  # whoever waits for its answer sees it end
        async with asyncio.timeout(START_SECONDS_MAX + REAP_SECONDS_MAX):
            await self._quiet.wait()
            for child, timer in self._idle:
                timer.cancel()
                self._end(child)
            self._idle.clear()
            await asyncio.gather(*self._ending)

    async def _take_place(self) -> None:
        """Wait for the right to have a child. The place is given back with the child: idle, or gone."""
        if self._waiting >= self._limits.waiting_max:
            raise LocalWorkFailed(FailureReason.OVERLOADED, f"{self._waiting} tasks wait already")
        self._waiting += 1
        _waiting.inc()
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1
            _waiting.dec()

    async def _have_done(self, task: LocalTask, arguments: Mapping[str, Any]) -> dict[str, Any]:
        child = await self._child()
        well = False
        try:
            with _seconds.labels(task.name).time():
                result = await child.ask(
                    task.function, arguments, cpu_seconds=task.cpu_seconds, wall_seconds=task.wall_seconds
                )
            well = True
        except LocalWorkFailed as error:
            well = error.reason in _STILL_WELL
            if self._closing and not well:
                raise LocalWorkFailed(FailureReason.STOPPED, "the pool is closing") from error
            raise
        finally:
            self._busy.discard(child)
            if well and child.tasks < self._limits.tasks_per_process_max:
                self._rest(child)
                self._places.release()
            else:
                self._end(child, holds_place=True)
        return result

    async def _child(self) -> ChildProcess:
        """The child that rested last, so that those too many can retire, or a new one."""
        while self._idle and not self._closing:
            child, timer = self._idle.pop()
            timer.cancel()
            if child.is_alive:
                self._busy.add(child)
                return child
            self._end(child)
        try:
            if self._closing:
                raise LocalWorkFailed(FailureReason.STOPPED, "the pool is closing")
            child = await ChildProcess.start(self._limits.memory_bytes_max, self._limits.environment)
        except BaseException:
            self._places.release()
            raise
        _children.inc()
        self._busy.add(child)
        if self._closing:
            child.kill()
        return child

    def _rest(self, child: ChildProcess) -> None:
        loop = asyncio.get_running_loop()
        self._idle.append((child, loop.call_later(self._limits.idle_seconds, self._retire, child)))

    def _retire(self, child: ChildProcess) -> None:
        self._idle = [(other, timer) for other, timer in self._idle if other is not child]
        self._end(child)

    def _end(self, child: ChildProcess, *, holds_place: bool = False) -> None:
        """Kill a child and see to it that its entry in the process table goes; then its place is free."""
        child.kill()
        task = asyncio.create_task(self._bury(child, holds_place=holds_place), name=f"reap {child.pid}")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _bury(self, child: ChildProcess, *, holds_place: bool) -> None:
        try:
            await child.reaped()
        except TimeoutError:  # in the kernel's hands (uninterruptible): nothing more can be done from here
            log.exception("local_process_unkillable", pid=child.pid)
        finally:
            _children.dec()
            if holds_place:
                self._places.release()
