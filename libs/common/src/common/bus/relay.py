"""Brings the outbox to the streams.

Two paths lead there. The quick one: a transaction that has just committed hands its records over in memory and they
are appended within the same millisecond. The sure one: a sweep every second finds what was not published (a crash, a
Redis outage, a full queue) and what was published into a stream that has been emptied since.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import text

from common.bus.publisher import Published, Publisher
from common.bus.streams import PUBLISHERS
from common.bus.topic_state import TopicState
from common.db.database import Database
from common.db.outbox_record import OutboxRecord
from common.db.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

QUEUE_MAX = 20_000
BATCH_MAX = 500
SWEEP_SECONDS = 1.0
SWEEP_GRACE_SECONDS = 1.0
PUBLISH_SECONDS_MAX = 5.0
MARK_DELAY_SECONDS = 0.25

_MARK = text(
    """
    WITH topic AS (
        SELECT topic, set_config('synchronous_commit', 'off', true) FROM bus_topics
        WHERE topic = :topic AND epoch = :epoch FOR SHARE
    )
    UPDATE outbox
    SET published_at = now(), epoch = :epoch, entry_ms = placed.ms, entry_seq = placed.seq
    FROM topic, unnest(CAST(:ids AS uuid[]), CAST(:ms AS bigint[]), CAST(:seq AS bigint[])) AS placed (id, ms, seq)
    WHERE outbox.event_id = placed.id AND outbox.published_at IS NULL
    """
)
_UNPUBLISHED = text(
    """
    SELECT event_id, topic, type, body, traceparent FROM outbox
    WHERE published_at IS NULL AND created_at < now() - make_interval(secs => :grace)
    ORDER BY sequence LIMIT :limit FOR UPDATE SKIP LOCKED
    """
)


class Relay:
    """One service's way from its outbox to the topics it publishes. Run by every process that writes."""

    def __init__(self, service: str, database: Database, redis: Redis) -> None:
        self._database = database
        self._publisher = Publisher(redis)
        self._state = TopicState(database, self._publisher, redis, topics=sorted(PUBLISHERS[service]))
        self._queue: deque[OutboxRecord] = deque()
        self._wake = asyncio.Event()
        self._marks: deque[Published] = deque()
        self._marks_wake = asyncio.Event()

    def hand_over(self, records: list[OutboxRecord]) -> None:
        """Publish committed records soon; what does not fit is left to the sweep."""
        if len(self._queue) + len(records) > QUEUE_MAX:
            return
        self._queue.extend(records)
        self._wake.set()

    async def prepare(self) -> None:
        """Learn the epochs before the first publication. Without Redis the sweep learns them later."""
        try:
            async with asyncio.timeout(PUBLISH_SECONDS_MAX):
                await self._state.refresh()
        except (RedisError, TimeoutError, OSError) as error:
            log.warning("relay_not_prepared", error=repr(error)[:300])

    async def run_quick(self) -> None:
        """Publish what is handed over. Ends only by cancellation; while Redis is away all is left to the sweep."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                batch = [self._queue.popleft() for _ in range(min(len(self._queue), BATCH_MAX))]
                try:
                    async with asyncio.timeout(PUBLISH_SECONDS_MAX):
                        published = await self._publisher.publish(batch)
                except (RedisError, TimeoutError, OSError):
                    self._queue.clear()
                    log.warning("relay_redis_unavailable", left_to_sweep=len(batch))
                    break
                self._marks.extend(published)
                self._marks_wake.set()

    async def run_marks(self) -> None:
        """Write down what was published, some milliseconds' worth at a time."""
        while True:
            await self._marks_wake.wait()
            await asyncio.sleep(MARK_DELAY_SECONDS)
            self._marks_wake.clear()
            while self._marks:
                batch = [self._marks.popleft() for _ in range(min(len(self._marks), BATCH_MAX))]
                await self._database.retry(self._mark_alone, batch)

    async def run_sweep(self) -> None:
        """Every second: look after the epochs and publish what the quick path has missed."""
        while True:
            try:
                await self.sweep()
            except (RedisError, TimeoutError, OSError) as error:
                log.warning("relay_sweep_failed", error=repr(error)[:300])
            await asyncio.sleep(SWEEP_SECONDS)

    async def sweep(self, grace_seconds: float = SWEEP_GRACE_SECONDS) -> int:
        """One pass of the sure path; says how many records it published."""
        async with asyncio.timeout(PUBLISH_SECONDS_MAX):
            await self._state.refresh()
        total = 0
        while count := await self._database.transact(self._sweep_batch, grace_seconds):
            total += count
        if total:
            log.info("outbox_swept", published=total)
        return total

    async def _sweep_batch(self, uow: UnitOfWork, grace_seconds: float) -> int:
        rows = await uow.rows(_UNPUBLISHED, {"grace": grace_seconds, "limit": BATCH_MAX})
        if not rows:
            return 0
        async with asyncio.timeout(PUBLISH_SECONDS_MAX):
            published = await self._publisher.publish([_record(row) for row in rows])
        return await self._mark(uow, published)

    async def _mark_alone(self, published: Sequence[Published]) -> int:
        """As `_mark`, each statement its own transaction: marks need no common one."""
        async with self._database.autocommit() as connection:
            return await self._mark(UnitOfWork(connection), published)

    async def _mark(self, uow: UnitOfWork, published: Sequence[Published]) -> int:
        marked = 0
        shares: dict[tuple[str, str], list[Published]] = {}
        for record in published:
            shares.setdefault((record.topic, record.epoch), []).append(record)
        for (topic, epoch), share in sorted(shares.items()):
            result = await uow.execute(
                _MARK,
                {
                    "topic": topic,
                    "epoch": epoch,
                    "ids": [record.event_id for record in share],
                    "ms": [record.entry_ms for record in share],
                    "seq": [record.entry_seq for record in share],
                },
            )
            marked += result.rowcount
        return marked


def _record(row: Any) -> OutboxRecord:
    return OutboxRecord(row.event_id, row.topic, row.type, row.body, row.traceparent)
