"""The figures of a service that alerts watch: its outbox, dead letters, streams, database connections and disk.

Every process that consumes measures them; those of one service say the same, so a rule takes the highest.
"""

import asyncio
import shutil
import tempfile
from typing import Any

import structlog
from prometheus_client import Gauge
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError
from sqlalchemy import text

from common.bus.streams import stream_key, topics_of
from common.db.database import Database
from common.db.recurring import repeat

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 10.0
REDIS_SECONDS_MAX = 5.0

outbox_age = Gauge("outbox_oldest_seconds", "Age of the oldest event that waits for its stream", ["service"])
letters = Gauge("dead_letters_waiting", "Events that could not be handled and wait for a person", ["service"])
stream_lag = Gauge("bus_stream_lag", "Entries of a stream that a group has not finished", ["group", "topic"])
connections = Gauge("database_connections_used_ratio", "Connections of the database server in use", ["service"])
disk = Gauge("disk_used_ratio", "The file system a process keeps its files on, as far as it is full", ["service"])

_MEASURE = text(
    """
    SELECT coalesce((SELECT extract(epoch FROM now() - created_at) FROM outbox WHERE published_at IS NULL
                     ORDER BY sequence LIMIT 1), 0) AS outbox_age,
           (SELECT count(*) FROM dead_letters WHERE replayed_at IS NULL) AS letters,
           (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')::float8
           / current_setting('max_connections')::int AS connections
    """
)


class Vitals:
    """Of one service in this process."""

    def __init__(self, service: str, database: Database, redis: Redis) -> None:
        self._service = service
        self._database = database
        self._redis = redis

    async def run(self) -> None:
        """Measure for ever; run it as a task of the process."""
        await repeat(self.measure, PAUSE_SECONDS, skipped="vitals_skipped")

    async def measure(self) -> None:
        """Everything once. What Redis does not say now stays as it was."""
        usage = shutil.disk_usage(tempfile.gettempdir())
        disk.labels(self._service).set(usage.used / (usage.used + usage.free))
        async with self._database.autocommit() as connection:
            row = (await connection.execute(_MEASURE)).one()
        outbox_age.labels(self._service).set(float(row.outbox_age))
        letters.labels(self._service).set(row.letters)
        connections.labels(self._service).set(row.connections)
        try:
            async with asyncio.timeout(REDIS_SECONDS_MAX):
                for topic in topics_of(self._service):
                    await self._measure_stream(topic)
        except (RedisError, TimeoutError, OSError) as error:
            log.warning("vitals_of_streams_skipped", error=repr(error)[:200])

    async def _measure_stream(self, topic: str) -> None:
        try:
            groups: list[dict[str, Any]] = await self._redis.xinfo_groups(stream_key(topic))
        except ResponseError:  # there is no such stream yet
            return
        for group in groups:
            if group["name"] == self._service.encode():
                stream_lag.labels(self._service, topic).set(group["pending"] + (group["lag"] or 0))
