"""Notices that a stream was emptied or may have lost its tail, and has the outbox published again.

Redis is disposable. Beside each stream stands a marker, its epoch; the database remembers the epoch it knows, the
server's run id, and how far all consumer groups have acknowledged. Another epoch (FLUSHALL, a new server) or another
run id (a restart, which may have lost the last second) means: all that was not acknowledged goes out once more. The
inboxes of the readers make that harmless.
"""

from collections.abc import Sequence

import structlog
from redis.asyncio import Redis
from sqlalchemy import text

from common.bus.publisher import Publisher
from common.db.database import Database
from common.db.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

_KNOWN = text("SELECT topic, epoch, server_run_id FROM bus_topics WHERE topic = ANY(CAST(:topics AS text[]))")
_FIRST_SEEN = text(
    """
    INSERT INTO bus_topics (topic, epoch, server_run_id) VALUES (:topic, :epoch, :run_id) ON CONFLICT DO NOTHING
    """
)
_LOCK_STATE = text("SELECT epoch, acked_ms, acked_seq FROM bus_topics WHERE topic = :topic FOR UPDATE")
_UNPUBLISH = text(
    """
    UPDATE outbox SET published_at = NULL
    WHERE topic = :topic AND epoch = :epoch AND published_at IS NOT NULL
      AND (entry_ms, entry_seq) > (:acked_ms, :acked_seq)
    """
)
_NEW_EPOCH = text(
    """
    UPDATE bus_topics
    SET epoch = :epoch, server_run_id = :run_id, acked_ms = 0, acked_seq = 0, changed_at = now()
    WHERE topic = :topic
    """
)


class TopicState:
    """What a service knows of the streams it publishes to."""

    def __init__(self, database: Database, publisher: Publisher, redis: Redis, topics: Sequence[str]) -> None:
        self._database = database
        self._publisher = publisher
        self._redis = redis
        self._topics = tuple(topics)

    async def refresh(self) -> None:
        """Compare what Redis says with what the database remembers, and act on a difference."""
        run_id = str((await self._redis.info("server"))["run_id"])
        async with self._database.autocommit() as connection:
            known = {row.topic: row for row in await connection.execute(_KNOWN, {"topics": list(self._topics)})}
        for topic in self._topics:
            epoch = await self._publisher.current_epoch(topic)
            row = known.get(topic)
            if row is None:
                await self._database.transact(self._first_seen, topic, epoch, run_id)
                continue
            if row.server_run_id != run_id:
                epoch = await self._publisher.begin_epoch(topic)
            if row.epoch != epoch:
                await self._database.transact(self._start_epoch, topic, epoch, run_id)

    async def _first_seen(self, uow: UnitOfWork, topic: str, epoch: str, run_id: str) -> None:
        await uow.execute(_FIRST_SEEN, {"topic": topic, "epoch": epoch, "run_id": run_id})

    async def _start_epoch(self, uow: UnitOfWork, topic: str, epoch: str, run_id: str) -> None:
        state = await uow.first(_LOCK_STATE, {"topic": topic})
        if state is None or state.epoch == epoch:
            return
        result = await uow.execute(
            _UNPUBLISH,
            {"topic": topic, "epoch": state.epoch, "acked_ms": state.acked_ms, "acked_seq": state.acked_seq},
        )
        await uow.execute(_NEW_EPOCH, {"topic": topic, "epoch": epoch, "run_id": run_id})
        tell = log.warning if result.rowcount else log.info
        tell("stream_epoch_changed", topic=topic, events_to_publish_again=result.rowcount)
