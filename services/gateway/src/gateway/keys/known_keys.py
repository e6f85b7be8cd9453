"""Owns what this process knows of API keys: found once, kept for seconds, forgotten on revocation.

Keys that exist and keys that do not are kept apart, so that made-up keys cannot push real ones out.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

from common import clock
from common.errors import DependencyUnavailable
from gateway.keys.storage import LiveKey

Find = Callable[[bytes], Awaitable[LiveKey | None]]

KNOWN_SECONDS = 30.0
UNKNOWN_SECONDS = 5.0
KNOWN_MAX = 10_000
UNKNOWN_MAX = 10_000
STALE_SECONDS_MAX = 3600.0
"""How long after it should have been looked up again a key goes on working while nobody can look: it cannot have
been revoked where the database is away, and what was revoked before was told to all.
"""
LOOK_UPS_MAX = 2
LOOK_UPS_WAITING_MAX = 256


class KnownKeys:
    """A bounded memory of keys in front of a look-up; requests with the same key share one look-up.

    Args:
        find: the live key with this hash, from the database.
        known_seconds: how long a key may go on working when nobody hears of its revocation.
    """

    def __init__(
        self,
        find: Find,
        *,
        known_seconds: float = KNOWN_SECONDS,
        unknown_seconds: float = UNKNOWN_SECONDS,
        known_max: int = KNOWN_MAX,
        unknown_max: int = UNKNOWN_MAX,
    ) -> None:
        self._find = find
        self._known_seconds = known_seconds
        self._unknown_seconds = unknown_seconds
        self._known_max = known_max
        self._unknown_max = unknown_max
        self._known: OrderedDict[bytes, tuple[LiveKey, float]] = OrderedDict()
        self._unknown: OrderedDict[bytes, float] = OrderedDict()
        self._look_ups: dict[bytes, asyncio.Task[LiveKey | None]] = {}
        self._slots = asyncio.Semaphore(LOOK_UPS_MAX)
        self._generation = 0

    async def get(self, secret_hash: bytes) -> LiveKey | None:
        """The live key with this hash.

        Raises:
            DependencyUnavailable: too many keys are being looked up, or the database is away and this one is not known.
        """
        now = time.monotonic()
        entry = self._known.get(secret_hash)
        if entry is not None and now < entry[1]:
            self._known.move_to_end(secret_hash)
            return entry[0]
        if self._unknown.get(secret_hash, 0.0) > now:
            return None
        try:
            return await self._look_up(secret_hash)
        except DependencyUnavailable:
            return self._stale(secret_hash)

    def forget(self, secret_hash: bytes) -> None:
        """The key was revoked; a look-up under way is not remembered either."""
        self._generation += 1
        self._known.pop(secret_hash, None)

    def forget_all(self) -> None:
        """Revocations may have been missed."""
        self._generation += 1
        self._known.clear()

    def _stale(self, secret_hash: bytes) -> LiveKey:
        """A key that was known, while it cannot be looked up again.

        Raises:
            DependencyUnavailable: it was not, or too long ago, or has expired by itself.
        """
        entry = self._known.get(secret_hash)
        if entry is None or time.monotonic() >= entry[1] + STALE_SECONDS_MAX:
            raise DependencyUnavailable(retry_after_seconds=2)
        if entry[0].expires_at is not None and entry[0].expires_at <= clock.now():
            raise DependencyUnavailable(retry_after_seconds=2)
        return entry[0]

    async def _look_up(self, secret_hash: bytes) -> LiveKey | None:
        task = self._look_ups.get(secret_hash)
        if task is None:
            if len(self._look_ups) >= LOOK_UPS_WAITING_MAX:
                raise DependencyUnavailable("Too many keys are being checked right now.", retry_after_seconds=1)
            task = asyncio.create_task(self._load(secret_hash), name="key-look-up")
            self._look_ups[secret_hash] = task
            task.add_done_callback(lambda done: self._looked_up(secret_hash, done))
        # Shielded: one client that hangs up must not fail the others.
        return await asyncio.shield(task)

    def _looked_up(self, secret_hash: bytes, task: "asyncio.Task[LiveKey | None]") -> None:
        del self._look_ups[secret_hash]
        if not task.cancelled():
            task.exception()  # those who wait are told; when nobody waits any more, nobody needs to know

    async def _load(self, secret_hash: bytes) -> LiveKey | None:
        async with self._slots:
            generation = self._generation
            key = await self._find(secret_hash)
        if generation == self._generation:
            self._remember(secret_hash, key)
        return key

    def _remember(self, secret_hash: bytes, key: LiveKey | None) -> None:
        now = time.monotonic()
        if key is None:
            self._unknown[secret_hash] = now + self._unknown_seconds
            _trim(self._unknown, self._unknown_max)
            return
        seconds = self._known_seconds
        if key.expires_at is not None:
            seconds = min(seconds, (key.expires_at - clock.now()).total_seconds())
        self._known[secret_hash] = (key, now + seconds)
        self._known.move_to_end(secret_hash)
        _trim(self._known, self._known_max)


def _trim(entries: OrderedDict[bytes, Any], entries_max: int) -> None:
    while len(entries) > entries_max:
        entries.popitem(last=False)
