"""Several API keys for one provider: taken in turn, rested as long as told, rests shared through Redis."""

import asyncio
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

_REDIS_TIMEOUT_SECONDS = 0.5
_REST_MAX_SECONDS = 24 * 3600.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A credential and the short hash that may be logged and shared in its place."""

    secret: str = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """First 12 hex digits of the key's SHA-256."""
        return hashlib.sha256(self.secret.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class AllResting:
    """No key can be used before ``seconds`` have passed."""

    seconds: float


class KeyRing:
    """The keys of one provider.

    Rests are kept in Redis, so that every worker lets a throttled key alone, and in this process, so that
    they hold when Redis is away. Redis never sees a key, only fingerprints.
    """

    def __init__(self, provider: str, secrets: Sequence[str], redis: "Redis | None" = None) -> None:
        if not secrets:
            raise ValueError(f"provider {provider} has no API key")
        self._provider = provider
        self._keys = [ApiKey(secret) for secret in secrets]
        self._redis = redis
        self._rested_until: dict[str, float] = {}
        self._turn = 0

    @property
    def keys(self) -> tuple[ApiKey, ...]:
        """Every key, resting or not."""
        return tuple(self._keys)

    async def pick(self) -> ApiKey | AllResting:
        """The next key in turn that does not rest."""
        rests = await self._rests_seconds()
        count = len(self._keys)
        for step in range(count):
            index = (self._turn + step) % count
            if rests[index] <= 0:
                self._turn = (index + 1) % count
                return self._keys[index]
        return AllResting(min(rests))

    async def rest(self, key: ApiKey, seconds: float) -> None:
        """Let ``key`` alone for ``seconds`` (at most a day), in every process; a longer rest stays."""
        seconds = min(max(seconds, 0.0), _REST_MAX_SECONDS)
        until = time.monotonic() + seconds
        self._rested_until[key.fingerprint] = max(until, self._rested_until.get(key.fingerprint, 0.0))
        if self._redis is None or seconds <= 0:
            return
        name = self._rest_name(key)
        milliseconds = max(1, round(seconds * 1000))
        try:
            async with asyncio.timeout(_REDIS_TIMEOUT_SECONDS):
                if not await self._redis.set(name, "resting", px=milliseconds, nx=True):
                    await self._redis.pexpire(name, milliseconds, gt=True)
        except (RedisError, OSError, TimeoutError) as error:
            _log.warning("provider_key_rest_not_shared", provider=self._provider, error=repr(error))

    async def _rests_seconds(self) -> list[float]:
        now = time.monotonic()
        local = [self._rested_until.get(key.fingerprint, 0.0) - now for key in self._keys]
        shared = await self._shared_rests_seconds()
        return [max(pair) for pair in zip(local, shared, strict=True)]

    async def _shared_rests_seconds(self) -> list[float]:
        if self._redis is None:
            return [0.0] * len(self._keys)
        try:
            async with asyncio.timeout(_REDIS_TIMEOUT_SECONDS):
                pipeline = self._redis.pipeline(transaction=False)
                for key in self._keys:
                    pipeline.pttl(self._rest_name(key))
                answers = await pipeline.execute()
        except (RedisError, OSError, TimeoutError) as error:
            _log.warning("provider_key_rests_not_read", provider=self._provider, error=repr(error))
            return [0.0] * len(self._keys)
        return [max(0, int(answer)) / 1000 for answer in answers]

    def _rest_name(self, key: ApiKey) -> str:
        return f"provider:{{keys:{self._provider}}}:rest:{key.fingerprint}"
