"""Every second: hand lapsed leases back, end overdue runs, ring for what waits, tell figures and places."""

import asyncio
from collections.abc import Mapping

import structlog
from prometheus_client import Gauge
from redis.asyncio import Redis
from redis.exceptions import RedisError

from common.db.database import Database
from common.db.recurring import repeat
from generation.doorbell import Doorbell
from generation.runs.places import Places
from generation.runs.recovery import BATCH_MAX, cancel_overdue, recover_lapsed
from generation.runs.waits import Figures, Load, measure, publish

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 1.0
REDIS_SECONDS_MAX = 2.0

_waiting = Gauge("runs_waiting", "Runs that wait for a worker", ["job_class"])
_put_off = Gauge("runs_put_off", "Runs that wait for a time and not for a worker", ["job_class"])
_running = Gauge("runs_running", "Runs that a worker has", ["job_class"])
_oldest = Gauge("runs_oldest_waiting_seconds", "Age of the run that waits longest", ["job_class"])


class Sweeper:
    """May run in several processes at once; each row is handled by one of them."""

    def __init__(self, database: Database, redis: Redis, doorbell: Doorbell, slots: Mapping[str, int]) -> None:
        self._database = database
        self._redis = redis
        self._doorbell = doorbell
        self._slots = slots
        self._places = Places(database, redis)
        self.figures = Figures({}, {}, slots)

    async def run(self) -> None:
        """Sweep for ever."""
        await repeat(self.sweep, PAUSE_SECONDS, skipped="sweep_skipped")

    async def sweep(self) -> None:
        """One pass."""
        for use_case in (recover_lapsed, cancel_overdue):
            while await self._database.transact(use_case) == BATCH_MAX:
                pass
        self.figures = await measure(self._database, self._slots)
        for job_class in self._slots:
            load = self.figures.loads.get(job_class, Load())
            _waiting.labels(job_class).set(load.waiting)
            _put_off.labels(job_class).set(load.put_off)
            _running.labels(job_class).set(load.running)
            _oldest.labels(job_class).set(load.oldest_seconds)
            if load.waiting:
                self._doorbell.ring(job_class, load.waiting)
        try:
            async with asyncio.timeout(REDIS_SECONDS_MAX):
                await publish(self._redis, self.figures)
        except (RedisError, TimeoutError, OSError) as error:
            log.warning("figures_not_published", error=repr(error)[:200])
        waiting = [name for name in self._slots if self.figures.loads.get(name, Load()).waiting]
        await self._places.tell(self.figures, waiting)
