"""The rules of a circuit breaker and its in-process form; nothing here knows Redis.

Closed: calls pass and are counted over a window. Open: calls are turned away until an absolute moment.
Half open: exactly one call, the probe, passes; its outcome closes or reopens the circuit.
"""

import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class CircuitState(StrEnum):
    """What the circuit lets pass: all, one probe, nothing."""

    CLOSED = "closed"
    HALF_OPEN = "half_open"
    OPEN = "open"


class Verdict(StrEnum):
    """What a call says about the provider's health."""

    SUCCESS = "success"
    FAILURE = "failure"
    """A transient error: only these count."""
    NEUTRAL = "neutral"
    """Says nothing: the input was refused, this key was throttled, our configuration is wrong, we gave up."""
    TRIP = "trip"
    """Nothing can succeed for now (no key has quota left): open at once."""


@dataclass(frozen=True, slots=True)
class CircuitRules:
    """When a circuit opens and for how long. ``probe_lease_seconds`` must exceed the longest call."""

    window_seconds: float = 60.0
    calls_min: int = 6
    failure_rate: float = 0.5
    open_seconds: float = 30.0
    probe_lease_seconds: float = 150.0


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to make one call, to be handed back with a verdict; with ``probe_token`` it is the probe."""

    state: CircuitState
    probe_token: str = ""
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Denied:
    """The call must not be made before ``retry_after_seconds`` have passed."""

    retry_after_seconds: float


class Breaker(Protocol):
    """One provider's circuit for one capability."""

    async def acquire(self) -> Permit | Denied:
        """Ask to make one call."""
        ...

    async def report(self, permit: Permit, verdict: Verdict) -> CircuitState:
        """Hand the permit back and say what the call showed."""
        ...

    async def peek(self) -> tuple[CircuitState, float]:
        """The state, and for an open circuit the seconds until it is half open; changes nothing."""
        ...


class LocalCircuit:
    """A circuit in this process's memory: the stand-in while Redis is away."""

    def __init__(self, rules: CircuitRules, clock: Callable[[], float] = time.monotonic) -> None:
        self._rules = rules
        self._clock = clock
        self._calls: deque[tuple[float, bool]] = deque(maxlen=1000)
        self._opened_until: float | None = None
        self._probe_token = ""
        self._probe_until = 0.0

    def acquire(self) -> Permit | Denied:
        """See :class:`Breaker`."""
        state, wait = self.peek()
        if state is CircuitState.CLOSED:
            return Permit(state)
        if state is CircuitState.OPEN:
            return Denied(wait)
        now = self._clock()
        if self._probe_token and now < self._probe_until:
            return Denied(self._probe_until - now)
        self._probe_token = uuid.uuid4().hex
        self._probe_until = now + self._rules.probe_lease_seconds
        return Permit(state, self._probe_token)

    def report(self, permit: Permit, verdict: Verdict) -> CircuitState:
        """See :class:`Breaker`."""
        if verdict is Verdict.TRIP:
            self._open()
        elif permit.probe_token:
            self._settle_probe(permit.probe_token, verdict)
        elif self._opened_until is None and verdict is not Verdict.NEUTRAL:
            self._count(failed=verdict is Verdict.FAILURE)
        return self.peek()[0]

    def observe(self, verdict: Verdict) -> None:
        """Learn from a call the shared circuit permitted, so as to know something when that one is away."""
        if verdict is Verdict.SUCCESS and self._opened_until is not None:
            self._close()
        self.report(Permit(CircuitState.CLOSED), verdict)

    def peek(self) -> tuple[CircuitState, float]:
        """See :class:`Breaker`."""
        if self._opened_until is None:
            return CircuitState.CLOSED, 0.0
        wait = self._opened_until - self._clock()
        return (CircuitState.OPEN, wait) if wait > 0 else (CircuitState.HALF_OPEN, 0.0)

    def _settle_probe(self, token: str, verdict: Verdict) -> None:
        if token != self._probe_token:
            return
        self._probe_token = ""
        if verdict is Verdict.FAILURE:
            self._open()
        elif verdict is Verdict.SUCCESS:
            self._close()

    def _count(self, *, failed: bool) -> None:
        now = self._clock()
        self._calls.append((now, failed))
        while self._calls and self._calls[0][0] <= now - self._rules.window_seconds:
            self._calls.popleft()
        failures = sum(1 for _, was_failure in self._calls if was_failure)
        enough = len(self._calls) >= self._rules.calls_min
        if failed and enough and failures / len(self._calls) >= self._rules.failure_rate:
            self._open()

    def _open(self) -> None:
        self._opened_until = self._clock() + self._rules.open_seconds
        self._probe_token = ""
        self._calls.clear()

    def _close(self) -> None:
        self._opened_until = None
        self._probe_token = ""
        self._calls.clear()
