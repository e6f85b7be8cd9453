"""Tells the limits in Redis, after the fact, what has become of jobs and balances.

Notes are hints: bounded, dropped when Redis is away, and made good when the counters are seeded again.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from uuid import UUID

import structlog
from redis.exceptions import RedisError

from gateway.jobs.limits import AccountKeys, Limits

log = structlog.get_logger(__name__)

NOTES_MAX = 10_000
TOGETHER_MAX = 32
REDIS_SECONDS_MAX = 2.0


class LimitNotes:
    """A bounded queue of notes and the task that carries them."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._notes: deque[Callable[[], Awaitable[None]]] = deque(maxlen=NOTES_MAX)
        self._balances: dict[UUID, tuple[int, int]] = {}
        self._wake = asyncio.Event()

    def finished(self, account_id: UUID, job_id: UUID) -> None:
        """A job is in flight no more."""
        self._add(partial(self._limits.finished, account_id, job_id))

    def refused(self, account_id: UUID, job_id: UUID, at: datetime, idempotency_key: str | None) -> None:
        """A job was refused credits: it does not count, and its idempotency key is free again."""
        repeat_key = None if idempotency_key is None else AccountKeys(account_id).idempotency(idempotency_key)
        self._add(partial(self._limits.take_back, account_id, job_id, at, repeat_key))

    def balance(self, account_id: UUID, available_credits: int, version: int) -> None:
        """What an account has now."""
        if account_id in self._balances or len(self._balances) < NOTES_MAX:
            self._balances[account_id] = max((version, available_credits), self._balances.get(account_id, (-1, 0)))
            self._wake.set()

    async def run(self) -> None:
        """Carry notes until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._carry_balances()
            while self._notes:
                batch = [self._notes.popleft() for _ in range(min(len(self._notes), TOGETHER_MAX))]
                try:
                    async with asyncio.timeout(REDIS_SECONDS_MAX):
                        await asyncio.gather(*(note() for note in batch))
                except (RedisError, TimeoutError, OSError) as error:
                    log.warning("limit_notes_lost", count=len(batch), error=repr(error)[:200])

    async def _carry_balances(self) -> None:
        balances, self._balances = self._balances, {}
        if not balances:
            return
        try:
            async with asyncio.timeout(REDIS_SECONDS_MAX):
                await self._limits.hint_all(balances)
        except (RedisError, TimeoutError, OSError) as error:
            log.warning("limit_notes_lost", count=len(balances), error=repr(error)[:200])

    def _add(self, note: Callable[[], Awaitable[None]]) -> None:
        self._notes.append(note)
        self._wake.set()
