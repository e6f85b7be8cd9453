"""What each provider may cost on one day (UTC), in micro-dollars: set aside before a call, settled after it.

The count is in Redis, so that all workers together keep to it; the recorded attempts in Postgres are the truth it
is filled from where Redis has none, and what is asked while Redis is away.
"""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Protocol

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from generation.providers.metrics import BUDGET_LIMIT, BUDGET_SKIPS, BUDGET_SPENT

_REDIS_TIMEOUT_SECONDS = 0.5
_REDIS_RETRY_SECONDS = 5.0
_RECORDS_TIMEOUT_SECONDS = 5.0
_KEEP = timedelta(hours=48)
_LOCAL_SECONDS = 5.0
"""How long an answer from Postgres is believed while Redis is away."""

SpentFn = Callable[[str, datetime], Awaitable[int | None]]
"""``(provider, since)``: micro-dollars of the recorded attempts that ended since then; None where it cannot be told."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reserve:
    """Leave to spend, to be settled with what the call cost. ``epoch`` is empty where nothing was counted."""

    day: str = ""
    epoch: str = ""
    microusd: int = 0


@dataclass(frozen=True, slots=True)
class OverBudget:
    """Nothing may be bought before ``seconds`` have passed: then a new day begins."""

    seconds: float


class Budget(Protocol):
    """What one provider may cost."""

    async def reserve(self, microusd: int) -> Reserve | OverBudget:
        """Ask to make a call that may cost so much."""
        ...

    async def settle(self, reserve: Reserve, cost_microusd: int | None) -> None:
        """Say what it cost; None where that is unknown, then what was set aside counts as spent."""
        ...


class Unlimited:
    """The budget of a provider without one."""

    async def reserve(self, microusd: int) -> Reserve | OverBudget:
        """Always granted."""
        return Reserve()

    async def settle(self, reserve: Reserve, cost_microusd: int | None) -> None:
        """Nothing is counted."""


class DailyBudget:
    """At most ``limit_microusd`` on a day, over all workers.

    Calls under way count with what was set aside for them, so that many at once cannot pass the limit together;
    one that costs more than was set aside can, by the difference. Where neither Redis nor Postgres answers in
    time the call is let through, and said so: a budget is a guard, not the ledger.
    """

    def __init__(
        self,
        provider: str,
        limit_microusd: int,
        *,
        spent: SpentFn,
        redis: "Redis | None",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._provider = provider
        self._limit = limit_microusd
        self._spent = spent
        self._clock = clock
        self._script = None
        if redis is not None:
            lua = resources.files("generation.providers").joinpath("budget.lua").read_text("utf-8")
            self._script = redis.register_script(lua)
        self._away_until = 0.0
        self._local_day = ""
        self._local_spent = 0
        self._local_until = 0.0
        self._gauge = BUDGET_SPENT.labels(provider)
        BUDGET_LIMIT.labels(provider).set(limit_microusd)

    async def reserve(self, microusd: int) -> Reserve | OverBudget:
        """See :class:`Budget`."""
        moment = self._clock()
        day = moment.date().isoformat()
        answer = await self._run(day, "reserve", microusd, self._limit)
        if answer is not None and answer[0] == "empty":
            recorded = await self._recorded(moment)
            if recorded is None:
                return Reserve(day)
            await self._run(day, "seed", uuid.uuid4().hex, recorded, round(_KEEP.total_seconds() * 1000))
            answer = await self._run(day, "reserve", microusd, self._limit)
        if answer is None or answer[0] == "empty":
            return await self._reserve_locally(day, moment, microusd)
        epoch, spent = answer
        self._gauge.set(spent)
        return Reserve(day, epoch, microusd) if epoch else self._over(moment, spent)

    async def settle(self, reserve: Reserve, cost_microusd: int | None) -> None:
        """See :class:`Budget`."""
        cost = reserve.microusd if cost_microusd is None else cost_microusd
        if not reserve.day:
            reserve = Reserve(self._clock().date().isoformat())
        if reserve.day == self._local_day:
            self._local_spent += cost - (0 if reserve.epoch else reserve.microusd)
        answer = await self._run(reserve.day, "settle", reserve.epoch, reserve.microusd, cost)
        if answer is not None and answer[0] != "empty":
            self._gauge.set(answer[1])

    async def _reserve_locally(self, day: str, moment: datetime, microusd: int) -> Reserve | OverBudget:
        """Keep to the budget by what Postgres says and what this process has set aside since it said so."""
        if day != self._local_day or time.monotonic() >= self._local_until:
            spent = await self._recorded(moment)
            if spent is None:
                return Reserve(day)
            self._local_day, self._local_spent = day, spent
            self._local_until = time.monotonic() + _LOCAL_SECONDS
        self._gauge.set(self._local_spent)
        if self._local_spent + microusd > self._limit:
            return self._over(moment, self._local_spent)
        self._local_spent += microusd
        return Reserve(day, "", microusd)

    async def _recorded(self, moment: datetime) -> int | None:
        """What Postgres says of the day; None, and a warning, where it says nothing in time."""
        since = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        try:
            async with asyncio.timeout(_RECORDS_TIMEOUT_SECONDS):
                spent = await self._spent(self._provider, since)
        except TimeoutError:
            spent = None
        if spent is None:
            _log.warning("provider_budget_unknown", provider=self._provider)
        return spent

    def _over(self, moment: datetime, spent: int) -> OverBudget:
        BUDGET_SKIPS.labels(self._provider).inc()
        _log.warning("provider_over_budget", provider=self._provider, spent_microusd=spent, limit_microusd=self._limit)
        midnight = (moment + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return OverBudget((midnight - moment).total_seconds())

    async def _run(self, day: str, *arguments: str | int) -> tuple[str, int] | None:
        """Run the script; None where Redis is away, which is then left alone for some seconds."""
        if self._script is None or time.monotonic() < self._away_until:
            return None
        key = f"provider:{{budget:{self._provider}}}:{day}"
        try:
            async with asyncio.timeout(_REDIS_TIMEOUT_SECONDS):
                word, spent = await self._script(keys=[key], args=arguments)
        except (RedisError, OSError, TimeoutError) as error:
            self._away_until = time.monotonic() + _REDIS_RETRY_SECONDS
            _log.warning("provider_budget_local", provider=self._provider, error=repr(error))
            return None
        return (word.decode() if isinstance(word, bytes) else str(word)), int(spent)
