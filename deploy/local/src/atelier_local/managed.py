"""Owns one supervised process: how it starts, when it may start again, how it is asked to stop."""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from atelier_local.fork import Child

BACKOFF_FIRST_SECONDS = 0.1
BACKOFF_MAX_SECONDS = 5.0
STABLE_SECONDS = 30.0

# The first signal asks; each following one is sent when the seconds before it have passed.
StopSignals = tuple[tuple[signal.Signals, float], ...]
STOP_SERVICE: StopSignals = ((signal.SIGTERM, 15.0), (signal.SIGKILL, 5.0))
STOP_VALKEY: StopSignals = ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0))
STOP_POSTGRES: StopSignals = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))


@dataclass(slots=True)
class Managed:
    """A process and its history."""

    child: Child
    stop_stage: int
    stop_signals: StopSignals
    probe: Callable[[int], bool]
    """Whether the process with this pid is ready."""
    ports: tuple[int, ...] = ()
    pid: int | None = None
    ready: bool = False
    restarts: int = 0
    started_at: float = 0.0
    start_due_at: float = field(default=0.0)
    backoff_seconds: float = BACKOFF_FIRST_SECONDS

    @property
    def name(self) -> str:
        """The process's name in the plan."""
        return self.child.name

    def started(self, pid: int) -> None:
        """Remember a start."""
        self.pid, self.ready, self.started_at = pid, False, time.monotonic()

    def ended(self) -> None:
        """Remember an end, and when the next start is due: later each time, unless it had run for long."""
        now = time.monotonic()
        if now - self.started_at >= STABLE_SECONDS:
            self.backoff_seconds = BACKOFF_FIRST_SECONDS
        self.start_due_at = now + self.backoff_seconds
        self.backoff_seconds = min(self.backoff_seconds * 2, BACKOFF_MAX_SECONDS)
        self.pid, self.ready = None, False
        self.restarts += 1
