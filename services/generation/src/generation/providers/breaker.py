"""The circuit breaker all workers share: one Lua script in Redis; a local circuit while Redis is away."""

import asyncio
import time
import uuid
from importlib import resources

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from generation.providers.circuit import (
    CircuitRules,
    CircuitState,
    Denied,
    LocalCircuit,
    Permit,
    Verdict,
)
from generation.providers.metrics import CIRCUIT_STATE

_REDIS_TIMEOUT_SECONDS = 0.5
_REDIS_RETRY_SECONDS = 5.0
_KEEP_SECONDS = 600.0
"""How long after its end an open circuit is remembered; with no call in that time it counts as closed."""

_GAUGE = {CircuitState.CLOSED: 0, CircuitState.HALF_OPEN: 1, CircuitState.OPEN: 2}

_log = structlog.get_logger(__name__)


class SharedBreaker:
    """One provider's circuit for one capability, shared under ``provider:{image.make:openai}:…``.

    The script runs atomically and by the server's clock, so of any number of callers at half open exactly one
    gets the probe. Without Redis (none given, or none answering) the same rules hold within this process.
    """

    def __init__(self, provider: str, capability: str, rules: CircuitRules, redis: "Redis | None") -> None:
        self._provider = provider
        self._capability = capability
        self._rules = rules
        self._local = LocalCircuit(rules)
        tag = f"provider:{{{capability}:{provider}}}"
        self._names = [f"{tag}:window", f"{tag}:circuit", f"{tag}:probe"]
        self._script = None
        if redis is not None:
            lua = resources.files("generation.providers").joinpath("breaker.lua").read_text("utf-8")
            self._script = redis.register_script(lua)
        self._away_until = 0.0
        self._gauge = CIRCUIT_STATE.labels(provider, capability)

    async def acquire(self) -> Permit | Denied:
        """Ask to make one call; never raises, never waits for Redis longer than half a second."""
        token = uuid.uuid4().hex
        answer = await self._run("acquire", token, round(self._rules.probe_lease_seconds * 1000))
        if answer is None:
            decision = self._local.acquire()
            self._show(self._local.peek()[0])
            return decision
        state, wait_seconds = answer
        self._show(state)
        if state is CircuitState.OPEN:
            return Denied(wait_seconds)
        return Permit(state, token if state is CircuitState.HALF_OPEN else "", shared=True)

    async def report(self, permit: Permit, verdict: Verdict) -> CircuitState:
        """Hand the permit back with what the call showed; returns the circuit's state afterwards."""
        if not permit.shared:
            state = self._local.report(permit, verdict)
        else:
            self._local.observe(verdict)
            rules = self._rules
            answer = await self._run(
                "report",
                permit.probe_token,
                verdict.value,
                round(rules.window_seconds * 1000),
                rules.calls_min,
                rules.failure_rate,
                round(rules.open_seconds * 1000),
                round(_KEEP_SECONDS * 1000),
            )
            state = answer[0] if answer is not None else self._local.peek()[0]
        if state is CircuitState.OPEN and verdict in (Verdict.FAILURE, Verdict.TRIP):
            _log.warning("provider_circuit_open", provider=self._provider, capability=self._capability)
        self._show(state)
        return state

    async def peek(self) -> tuple[CircuitState, float]:
        """The state, and for an open circuit the seconds until it is half open; changes nothing."""
        answer = await self._run("peek")
        return answer if answer is not None else self._local.peek()

    async def _run(self, *arguments: str | int | float) -> tuple[CircuitState, float] | None:
        """Run the script; None where Redis is away, which is then left alone for some seconds."""
        if self._script is None or time.monotonic() < self._away_until:
            return None
        try:
            async with asyncio.timeout(_REDIS_TIMEOUT_SECONDS):
                state, wait_ms = await self._script(keys=self._names, args=arguments)
        except (RedisError, OSError, TimeoutError) as error:
            self._away_until = time.monotonic() + _REDIS_RETRY_SECONDS
            _log.warning("provider_circuit_local", provider=self._provider, error=repr(error))
            return None
        word = state.decode() if isinstance(state, bytes) else str(state)
        return CircuitState(word), int(wait_ms) / 1000

    def _show(self, state: CircuitState) -> None:
        self._gauge.set(_GAUGE[state])
