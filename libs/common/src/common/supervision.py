"""Owns long-running tasks: restarted with backoff when they fail, cancelled and awaited at the end."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

log = structlog.get_logger()

BACKOFF_FIRST_SECONDS = 0.1
BACKOFF_MAX_SECONDS = 5.0
HEALTHY_AFTER_SECONDS = 10.0
FAILURES_TO_REPORT = 3
CANCEL_PAUSE_SECONDS = 0.25

Factory = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class _Supervised:
    """What is known of one task; times are of the loop's clock."""

    name: str
    factory: Factory
    critical: bool
    failures: int = 0
    running_since: float | None = None


class Supervisor:
    """Keeps tasks running until it is stopped.

    Args:
        stopping: once set, a task that returns is not started again.
    """

    def __init__(self, stopping: asyncio.Event) -> None:
        self._stopping = stopping
        self._tasks: dict[asyncio.Task[None], _Supervised] = {}

    def spawn(self, name: str, factory: Factory, *, critical: bool = True) -> None:
        """Run `factory()` as a task; when it raises, log and start it again after 0.1 s, doubling up to 5 s.

        Args:
            critical: meant to run until the end: returning counts as failing, and failing several times in a
                row makes the process not ready. A task that is not critical may finish by itself.
        """
        supervised = _Supervised(name, factory, critical)
        task = asyncio.create_task(self._keep_running(supervised), name=name)
        self._tasks[task] = supervised
        task.add_done_callback(lambda done: self._tasks.pop(done, None))

    def failing(self) -> list[str]:
        """Critical tasks that failed again and again and have not run well since."""
        now = asyncio.get_running_loop().time()
        return [
            task.name
            for task in self._tasks.values()
            if task.critical
            and task.failures >= FAILURES_TO_REPORT
            and (task.running_since is None or now - task.running_since < HEALTHY_AFTER_SECONDS)
        ]

    async def stop(self, timeout_seconds: float) -> None:
        """Cancel all tasks and wait for their ends, `timeout_seconds` at most.

        Cancelled again and again: before Python 3.12 `asyncio.wait_for` in a library can swallow a cancellation.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_seconds
        pending = set(self._tasks)
        while pending and loop.time() < deadline:
            for task in pending:
                task.cancel()
            _, pending = await asyncio.wait(pending, timeout=min(CANCEL_PAUSE_SECONDS, timeout_seconds))
        for task in pending:
            log.error("task_did_not_stop", task=task.get_name())

    async def _keep_running(self, task: _Supervised) -> None:
        loop = asyncio.get_running_loop()
        while True:
            started = task.running_since = loop.time()
            failed = await self._run_once(task)
            task.running_since = None
            if self._stopping.is_set() or (not failed and not task.critical):
                return
            if loop.time() - started >= HEALTHY_AFTER_SECONDS:
                task.failures = 0
            task.failures += 1
            delay = min(BACKOFF_MAX_SECONDS, BACKOFF_FIRST_SECONDS * 2 ** min(task.failures - 1, 10))
            await asyncio.sleep(delay * random.uniform(0.8, 1.2))  # noqa: S311 - spreads retries, guards nothing

    async def _run_once(self, task: _Supervised) -> bool:
        """Whether it failed."""
        try:
            await task.factory()
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is None or current.cancelling():
                raise
            log.exception("task_cancelled_from_within", task=task.name)
        except Exception:  # a supervisor outlives whatever its tasks raise
            log.exception("task_failed", task=task.name, failures=task.failures + 1)
        else:
            if task.critical and not self._stopping.is_set():
                log.error("task_ended_early", task=task.name)
            return False
        return True
