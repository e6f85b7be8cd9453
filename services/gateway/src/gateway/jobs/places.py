"""Where the first of each queue stand now, as generation tells, for reading a job that waits."""

import asyncio
from dataclasses import asdict

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from common.figures import Place, decode_places, places_key
from common.ids import to_text
from gateway.jobs.answers import Job, queue_now

log = structlog.get_logger(__name__)

REFRESH_SECONDS = 1.0
REDIS_SECONDS_MAX = 2.0


class Places:
    """The places that were read last. A job that is not among them is shown where it stood when it was queued."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._said: bytes | None = None
        self._places: dict[str, Place] = {}

    def placed(self, job: Job) -> Job:
        """The job where it stands now, if it waits."""
        place = None if job.queue is None else self._known().get(job.id)
        return job if place is None else job.model_copy(update={"queue": queue_now(asdict(place))})

    def _known(self) -> dict[str, Place]:
        """Decoded when somebody asks: most of what is read nobody looks at."""
        if self._said is not None:
            said, self._said = self._said, None
            try:
                self._places = {to_text("job", place.job_id): place for place in decode_places(said)}
            except ValueError as error:
                log.warning("places_undecodable", error=repr(error)[:200])
        return self._places

    async def run(self) -> None:
        """Read again every second, until cancelled."""
        while True:
            try:
                await self.read()
            except (RedisError, TimeoutError, OSError) as error:
                self._said, self._places = None, {}
                log.warning("places_not_read", error=repr(error)[:200])
            await asyncio.sleep(REFRESH_SECONDS)

    async def read(self) -> None:
        """Read once."""
        async with asyncio.timeout(REDIS_SECONDS_MAX):
            self._said, self._places = await self._redis.get(places_key()), {}
