"""Where the first of each queue stand now, as generation tells, for reading a job that waits."""

import asyncio
from dataclasses import asdict
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from common.figures import decode_places, places_key
from common.ids import to_text
from gateway.jobs.answers import Job, queue_now

log = structlog.get_logger(__name__)

REFRESH_SECONDS = 1.0
REDIS_SECONDS_MAX = 2.0


class Places:
    """The places that were read last. A job that is not among them is shown where it stood when it was queued."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._waits: dict[str, dict[str, Any]] = {}

    def placed(self, job: Job) -> Job:
        """The job where it stands now, if it waits."""
        wait = None if job.queue is None else self._waits.get(job.id)
        return job if wait is None else job.model_copy(update={"queue": queue_now(wait)})

    async def run(self) -> None:
        """Read again every second, until cancelled."""
        while True:
            try:
                await self.read()
            except (RedisError, TimeoutError, OSError, ValueError) as error:
                self._waits = {}
                log.warning("places_not_read", error=repr(error)[:200])
            await asyncio.sleep(REFRESH_SECONDS)

    async def read(self) -> None:
        """Read once.

        Raises:
            ValueError: it is no text of places.
        """
        async with asyncio.timeout(REDIS_SECONDS_MAX):
            said = await self._redis.get(places_key())
        places = decode_places(said) if said else []
        self._waits = {to_text("job", place.job_id): asdict(place) for place in places}
