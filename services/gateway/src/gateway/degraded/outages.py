"""Owns what this process knows of the parts that may be away: a probe of each, and the modes that follow.

    if outages.database.is_away: ...        # known, costs nothing to ask
    outages.database.suspect()              # something failed: look at once

Only a probe decides, on a connection of its own: what failed on a request may have failed by crowding. Two failures
in a row begin an outage, one success ends it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any, TypeVar

import structlog
from prometheus_client import Gauge

from common.clock import now
from gateway.degraded.promptly import promptly
from gateway.status.rules import Mode, expected_end

log = structlog.get_logger(__name__)

PROBE_SECONDS_MAX = 0.6
SUSPECT_SECONDS = 0.4
"""Who has waited so long for the part has it looked at."""
PERIOD_SECONDS = 1.0
PERIOD_AWAY_SECONDS = 0.4
PAUSE_SECONDS = 0.05
EXCUSED_SECONDS = 30.0
"""Tasks that an outage has made fail count as well only when they have run for a while."""

T = TypeVar("T")

_degraded = Gauge("degraded", "1 while the gateway works in this reduced way", ["mode"])


class Outage:
    """One part that may be away.

    Args:
        probe: raises when the part does not answer.
        text: what the public is told while it is away.
    """

    def __init__(self, name: str, probe: Callable[[], Awaitable[None]], text: str) -> None:
        self.name = name
        self.text = text
        self.since: datetime | None = None
        self._probe = probe
        self._began: float | None = None
        self._ended = float("-inf")
        self._suspected = asyncio.Event()
        self._beginning: asyncio.Future[None] | None = None
        self._on_begin: list[Callable[[], None]] = []
        self._on_end: list[Callable[[], None]] = []
        _degraded.labels(name).set(0)

    @property
    def is_away(self) -> bool:
        """Whether the part is known to be away."""
        return self._began is not None

    @property
    def was_lately(self) -> bool:
        """Whether the part is away, or was so short ago that its absence is still felt."""
        return self.is_away or time.monotonic() - self._ended < EXCUSED_SECONDS

    def suspect(self) -> None:
        """Something failed that needs the part: look now."""
        self._suspected.set()

    async def race(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        """What `work` returns; it is given up as soon as the part is known to be away. Being slow alone is no outage.

        Raises:
            TimeoutError: it was given up, or took longer than `seconds`; it may have had its effect nonetheless.
        """
        loop = asyncio.get_running_loop()
        if self._beginning is None:
            self._beginning = loop.create_future()
        suspicion = loop.call_later(SUSPECT_SECONDS, self.suspect)
        try:
            # What an outage already known does to the work, the work does by itself and at once.
            return await promptly(work, seconds, unless=None if self.is_away else self._beginning)
        finally:
            suspicion.cancel()

    def on_begin(self, callback: Callable[[], None]) -> None:
        """Have something done whenever an outage begins."""
        self._on_begin.append(callback)

    def on_end(self, callback: Callable[[], None]) -> None:
        """Have something done whenever an outage ends."""
        self._on_end.append(callback)

    async def run(self) -> None:
        """Probe until cancelled."""
        while True:
            self._note(await self._answers())
            await asyncio.sleep(PAUSE_SECONDS)
            try:
                async with asyncio.timeout(PERIOD_AWAY_SECONDS if self.is_away else PERIOD_SECONDS):
                    await self._suspected.wait()
            except TimeoutError:
                continue
            finally:
                self._suspected.clear()

    async def _answers(self) -> bool:
        for _ in range(1 if self.is_away else 2):
            try:
                await promptly(_awaited(self._probe), PROBE_SECONDS_MAX)
            except Exception as error:  # noqa: BLE001 - whatever the part raises means the same: it does not answer
                log.debug("probe_failed", part=self.name, error=repr(error)[:200])
            else:
                return True
        return False

    def _note(self, answers: bool) -> None:
        if answers == (self._began is None):
            return
        if answers:
            lasted, self._began = time.monotonic() - (self._began or 0.0), None
            self.since, self._ended = None, time.monotonic()
            log.warning("degraded_mode_left", mode=self.name, lasted_seconds=round(lasted, 1))
        else:
            self._began, self.since = time.monotonic(), now()
            if self._beginning is not None:
                self._beginning.set_result(None)
                self._beginning = None
            log.error("degraded_mode_entered", mode=self.name)
        _degraded.labels(self.name).set(0 if answers else 1)
        for callback in self._on_end if answers else self._on_begin:
            callback()


class Outages:
    """The parts of which an absence has a mode of its own."""

    def __init__(self, database: Outage, redis: Outage, billing: Outage) -> None:
        self.database = database
        self.redis = redis
        self.billing = billing

    def modes(self) -> list[Mode]:
        """The modes that are on."""
        moment = now()
        return [
            Mode(f"{outage.name}-away", outage.text, outage.since, expected_end(outage.since, moment))
            for outage in (self.database, self.redis, self.billing)
            if outage.since is not None
        ]

    def excusing(self, failing: Callable[[], list[str]]) -> Callable[[], list[str]]:
        """Failing tasks as readiness counts them: none while an outage that has a mode is what makes them fail."""

        def failing_by_themselves() -> list[str]:
            return [] if self.database.was_lately or self.redis.was_lately else failing()

        return failing_by_themselves


async def either(*checks: Callable[[], Awaitable[None]]) -> None:
    """Readiness of several parts of which one is enough.

    Raises:
        Exception: what the last of them raised, when all fail.
    """
    pending: set[asyncio.Task[None]] = {asyncio.create_task(_awaited(check)) for check in checks}
    failure: BaseException | None = None
    try:
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                failure = task.exception()
                if failure is None:
                    return
    finally:
        for task in pending:
            task.cancel()
    if failure is not None:
        raise failure


async def _awaited(probe: Callable[[], Awaitable[None]]) -> None:
    await probe()
