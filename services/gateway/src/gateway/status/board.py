"""Owns the register of checks and modes, and looks at all of them together, at most every two seconds.

    board.add("database", alive(database.check))
    board.add_mode(deferral.mode)          # a part that knows of itself that it works in a reduced way

Looking never fails and never takes longer than a second, whatever is away: a check that raises or hangs makes its
components `unknown`.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from common.clock import now
from gateway.status.rules import Component, Finding, Mode, next_sight

log = structlog.get_logger(__name__)

CHECK_SECONDS_MAX = 1.0
CACHE_SECONDS = 2.0
UNKNOWN = Finding("unknown", "Its state cannot be told for the moment.")

Check = Callable[[], Awaitable[Finding | Mapping[str, Finding]]]
"""Looks at one component, or at several that are seen together, by their names."""


@dataclass(slots=True)
class _Registered:
    """A check and what it saw last."""

    name: str
    check: Check
    seen: dict[str, Component] = field(default_factory=dict)


class StatusBoard:
    """How every component is, and in which modes the product works."""

    def __init__(self) -> None:
        self._checks: list[_Registered] = []
        self._modes: list[Callable[[], Sequence[Mode]]] = []
        self._looked_at = float("-inf")
        self._lock = asyncio.Lock()

    def add(self, name: str, check: Check) -> None:
        """Register a check. `name` is its component's, and stands for several until it has seen their names."""
        self._checks.append(_Registered(name, check))

    def add_modes(self, modes: Callable[[], Sequence[Mode]]) -> None:
        """Register somebody who knows the modes that are on at present; asked at every answer, so it only looks."""
        self._modes.append(modes)

    def modes(self) -> list[Mode]:
        """The modes that are on."""
        return [mode for modes in self._modes for mode in modes()]

    async def components(self) -> list[Component]:
        """Every component as of at most two seconds ago, in the order of registration."""
        async with self._lock:
            if time.monotonic() - self._looked_at >= CACHE_SECONDS:
                await asyncio.gather(*(_look(registered) for registered in self._checks))
                self._looked_at = time.monotonic()
        return [component for registered in self._checks for component in registered.seen.values()]


def alive(check: Callable[[], Awaitable[None]]) -> Check:
    """A component that is `down` when its check raises or hangs: what is asked is the component itself."""

    async def look() -> Finding:
        try:
            async with asyncio.timeout(CHECK_SECONDS_MAX * 0.9):
                await check()
        except Exception as error:  # noqa: BLE001 - whatever a dependency raises means the same: it does not answer
            log.debug("status_check_failed", error=repr(error)[:200])
            return Finding("down", "Does not answer.")
        return Finding("ok")

    return look


async def _look(registered: _Registered) -> None:
    found: Finding | Mapping[str, Finding]
    try:
        async with asyncio.timeout(CHECK_SECONDS_MAX):
            found = await registered.check()
    except Exception as error:  # noqa: BLE001 - the status page answers whatever is broken
        log.debug("status_unknown", component=registered.name, error=repr(error)[:200])
        found = dict.fromkeys(registered.seen or (registered.name,), UNKNOWN)
    findings = {registered.name: found} if isinstance(found, Finding) else found
    moment = now()
    registered.seen = {
        name: next_sight(registered.seen.get(name), name, finding, moment) for name, finding in findings.items()
    }
