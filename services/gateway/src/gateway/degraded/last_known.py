"""Owns what accounts were last shown: kept in Redis for the time when its owner cannot be asked.

Written behind: what an answer showed is noted in memory and carried in batches, several times a second. Bounded in
memory, in Redis by bytes, and for each account; dropped where Redis is away.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import resources
from uuid import UUID

import structlog
from prometheus_client import Counter, Gauge
from redis.asyncio import Redis
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

LIFE_SECONDS = 24 * 3600
TEXT_BYTES_MAX = 16 * 1024
JOBS_OF_ACCOUNT_MAX = 100
NOTES_MAX = 5_000
BATCH_MAX = 200
BATCHES_MAX = 2
"""In one carrying; together with its pause at most 800 notes a second, and what is beyond is noted another time."""
CARRY_SECONDS = 0.5
REDIS_SECONDS_MAX = 0.5
SAME_SECONDS = 30.0
"""What was written so short ago and has not changed is not written again; its age is overstated by as much."""
WRITTEN_MAX = 10_000
TIDY_SECONDS = 600.0
PREFIX = "{gateway}:last-known"

_dropped = Counter("last_known_dropped_total", "Notes of what accounts were shown that were not kept")
_kept = Gauge("last_known_items", "What is kept of what accounts were last shown")

Text = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Known:
    """What was shown, and how long ago."""

    text: str
    age_seconds: float


class LastKnown:
    """The last answers of each account, by a name for each.

    Args:
        bytes_max: how much is kept in Redis; 0: nothing is.
    """

    def __init__(self, redis: Redis, *, bytes_max: int) -> None:
        self._redis = redis
        self._bytes_max = bytes_max
        lua = resources.files("gateway.degraded").joinpath("last_known.lua").read_text("utf-8")
        self._script = redis.register_script(lua)
        self._notes: OrderedDict[tuple[UUID, str], Text] = OrderedDict()
        self._written: OrderedDict[tuple[UUID, str], tuple[bytes, float]] = OrderedDict()
        self._tidied = float("-inf")

    def note(self, account_id: UUID, name: str, text: Text) -> None:
        """This was shown just now; `text` is called when it is carried."""
        if not self._bytes_max:
            return
        if len(self._notes) >= NOTES_MAX and (account_id, name) not in self._notes:
            _dropped.inc()
            return
        self._notes[account_id, name] = text

    async def find(self, account_id: UUID, name: str) -> Known | None:
        """What the account was last shown under a name.

        Raises:
            redis.RedisError, TimeoutError, OSError: Redis does not answer.
        """
        noted = self._notes.get((account_id, name))
        if noted is not None:
            return Known(noted(), 0.0)
        async with asyncio.timeout(REDIS_SECONDS_MAX):
            return _known(await self._redis.hget(_hash(account_id), name))  # type: ignore[misc]

    async def find_all(self, account_id: UUID) -> dict[str, Known]:
        """All that the account was last shown.

        Raises:
            redis.RedisError, TimeoutError, OSError: Redis does not answer.
        """
        async with asyncio.timeout(REDIS_SECONDS_MAX):
            stored = await self._redis.hgetall(_hash(account_id))  # type: ignore[misc]
        found = {name.decode(): known for name, value in stored.items() if (known := _known(value)) is not None}
        return found | {
            name: Known(text(), 0.0) for (noted_of, name), text in self._notes.items() if noted_of == account_id
        }

    async def forget(self, account_id: UUID) -> None:
        """The account was deleted. What cannot be forgotten now is within a day."""
        for key in [key for key in self._notes if key[0] == account_id]:
            del self._notes[key]
        try:
            async with asyncio.timeout(REDIS_SECONDS_MAX):
                names = await self._redis.hkeys(_hash(account_id))  # type: ignore[misc]
                await self._write([(account_id, name.decode(), "") for name in names])
        except (RedisError, TimeoutError, OSError) as error:
            log.warning("last_known_not_forgotten", error=repr(error)[:200])

    async def run(self) -> None:
        """Carry notes until cancelled."""
        while True:
            await asyncio.sleep(CARRY_SECONDS)
            await self.carry()

    async def carry(self) -> None:
        """Write what was noted, as far as it is new. Without Redis it is dropped."""
        for _ in range(BATCHES_MAX):
            batch = self._take()
            if not batch and time.monotonic() - self._tidied < TIDY_SECONDS:
                return
            try:
                async with asyncio.timeout(REDIS_SECONDS_MAX):
                    await self._write(batch)
            except (RedisError, TimeoutError, OSError) as error:
                _dropped.inc(len(batch))
                self._written.clear()
                log.debug("last_known_not_written", count=len(batch), error=repr(error)[:200])
                return

    def _take(self) -> list[tuple[UUID, str, str]]:
        batch: list[tuple[UUID, str, str]] = []
        moment = time.monotonic()
        while self._notes and len(batch) < BATCH_MAX:
            key, make = self._notes.popitem(last=False)
            text = make()
            digest = hashlib.blake2b(text.encode(), digest_size=12).digest()
            before = self._written.get(key)
            if before is not None and before[0] == digest and moment - before[1] < SAME_SECONDS:
                continue
            self._written[key] = (digest, moment)
            self._written.move_to_end(key)
            if len(self._written) > WRITTEN_MAX:
                self._written.popitem(last=False)
            batch.append((*key, text if len(text.encode()) <= TEXT_BYTES_MAX else ""))
        return batch

    async def _write(self, batch: Iterable[tuple[UUID, str, str]]) -> None:
        limits = [round(time.time() * 1000), LIFE_SECONDS * 1000, self._bytes_max, JOBS_OF_ACCOUNT_MAX]
        items = [part for account_id, name, text in batch for part in (account_id.hex, name, text)]
        keys = [f"{PREFIX}:order", f"{PREFIX}:bytes", f"{PREFIX}:of:"]
        _kept.set(int(await self._script(keys=keys, args=[*limits, *items])))
        self._tidied = time.monotonic()


def _hash(account_id: UUID) -> str:
    return f"{PREFIX}:of:{account_id.hex}"


def _known(value: bytes | None) -> Known | None:
    if value is None:
        return None
    at_ms, _, text = value.decode().partition("\n")
    age = time.time() - int(at_ms) / 1000
    return Known(text, max(0.0, age)) if age < LIFE_SECONDS else None
