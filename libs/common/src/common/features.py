"""Owns how any process follows the operators' switches: one small JSON document in Redis, which the gateway refreshes.

    features = FeatureReader(redis)
    process.spawn("features", features.run)
    if features.current.read_only is not None: ...

The gateway's database is the truth. It writes the document again every second, so that an emptied Redis has it back
at once; a reader keeps the last it knew while Redis is away, and never takes an older one for a newer.
"""

import asyncio

import structlog
from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from common.events.features import Features

log = structlog.get_logger(__name__)

REFRESH_SECONDS = 1.0
REDIS_SECONDS_MAX = 2.0


def features_key() -> str:
    """The key of the document: `Features` as JSON."""
    return "atelier:{features}:current"


class FeatureReader:
    """The switches as last read, in memory; before the first read nothing is switched."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self.current = Features()

    async def read(self) -> None:
        """Look once.

        Raises:
            redis.RedisError: Redis does not answer; the last known switches hold.
        """
        async with asyncio.timeout(REDIS_SECONDS_MAX):
            document = await self._redis.get(features_key())
        if document is None:
            return
        found = Features.model_validate_json(document)
        if found.version > self.current.version:
            self.current = found

    async def run(self) -> None:
        """Look again every second, until cancelled."""
        while True:
            try:
                await self.read()
            except (RedisError, TimeoutError, OSError, ValidationError) as error:
                log.warning("features_not_read", error=repr(error)[:200])
            await asyncio.sleep(REFRESH_SECONDS)
