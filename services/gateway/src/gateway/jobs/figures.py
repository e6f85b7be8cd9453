"""Generation's published queue figures, for the estimates in a first answer."""

import asyncio
import json
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from common.figures import figures_key

log = structlog.get_logger(__name__)

REFRESH_SECONDS = 1.0
REDIS_SECONDS_MAX = 2.0
DEFAULT_DURATION = (5.0, 15.0)


class Figures:
    """The last figures that were read; without any, careful guesses."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._document: dict[str, Any] = {}

    def wait(self, kind: str, job_class: str) -> dict[str, Any]:
        """The expectation of a run that joins the queue of its class now, shaped as `Wait`."""
        p50, p90 = self._document.get("durations", {}).get(kind, DEFAULT_DURATION)
        waiting, running = self._document.get("loads", {}).get(job_class, (0, 0))
        slots = max(self._document.get("slots", {}).get(job_class, 1), 1)
        rounds = max(0, waiting + running + 1 - slots) / slots
        return {
            "position": waiting,
            "start_seconds_p50": round(rounds * p50, 3),
            "start_seconds_p90": round(rounds * p90, 3),
            "duration_seconds_p50": round(p50, 3),
            "duration_seconds_p90": round(p90, 3),
        }

    async def run(self) -> None:
        """Read the figures again every second, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(REDIS_SECONDS_MAX):
                    document = await self._redis.get(figures_key())
                self._document = json.loads(document) if document else {}
            except (RedisError, TimeoutError, OSError) as error:
                log.warning("figures_not_read", error=repr(error)[:200])
            await asyncio.sleep(REFRESH_SECONDS)
