"""Keeps streams, outbox and inbox from growing: trims what every group has acknowledged, forgets what is old."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError
from sqlalchemy import text

from common.bus.streams import PUBLISHERS, SUBSCRIBERS, epoch_key, parse_entry_id, stream_key
from common.db.database import Database

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 10.0
REDIS_SECONDS_MAX = 5.0
KEEP_DAYS = 7
DELETE_BATCH_MAX = 5000

_ACKNOWLEDGED = text(
    """
    UPDATE bus_topics SET acked_ms = :ms, acked_seq = :seq, changed_at = now()
    WHERE topic = :topic AND epoch = :epoch AND server_run_id = :run_id AND (acked_ms, acked_seq) < (:ms, :seq)
    """
)
_FORGET_OUTBOX = text(
    """
    DELETE FROM outbox WHERE event_id IN (
        SELECT event_id FROM outbox
        WHERE created_at < now() - make_interval(days => :days) AND published_at IS NOT NULL LIMIT :limit
    )
    """
)
_FORGET_INBOX = text(
    """
    DELETE FROM inbox WHERE event_id IN (
        SELECT event_id FROM inbox WHERE received_at < now() - make_interval(days => :days) LIMIT :limit
    )
    """
)


class Retention:
    """Housekeeping of one service: the streams it publishes, and its own outbox and inbox."""

    def __init__(self, service: str, database: Database, redis: Redis) -> None:
        self._topics: Sequence[str] = sorted(PUBLISHERS[service])
        self._database = database
        self._redis = redis

    async def run(self) -> None:
        """Every few seconds one pass; ends only by cancellation."""
        while True:
            await asyncio.sleep(PAUSE_SECONDS)
            try:
                for topic in self._topics:
                    await self.trim(topic)
                await self.forget()
            except (RedisError, TimeoutError, OSError) as error:
                log.warning("retention_skipped", error=repr(error)[:200])

    async def trim(self, topic: str) -> None:
        """Note how far every group has come with a stream, and cut off what lies behind.

        Nothing is noted when the stream was emptied or the server restarted meanwhile, or when the relay does not
        know of it yet: places in a new stream would pass for acknowledgements of events that were lost.
        """
        async with asyncio.timeout(REDIS_SECONDS_MAX):
            before = await self._life_of(topic)
            reached = await self._acknowledged(topic)
            after = await self._life_of(topic)
        if before is None or before != after or reached is None:
            return
        epoch, run_id = before
        async with self._database.autocommit() as connection:
            await connection.execute(
                _ACKNOWLEDGED,
                {"topic": topic, "epoch": epoch, "run_id": run_id, "ms": reached[0], "seq": reached[1]},
            )
        async with asyncio.timeout(REDIS_SECONDS_MAX):
            await self._redis.xtrim(stream_key(topic), minid=f"{reached[0]}-{reached[1]}", approximate=True)

    async def forget(self) -> None:
        """Delete published events and handled ids that are older than any replay reaches."""
        async with self._database.autocommit() as connection:
            for statement in (_FORGET_OUTBOX, _FORGET_INBOX):
                await connection.execute(statement, {"days": KEEP_DAYS, "limit": DELETE_BATCH_MAX})

    async def _life_of(self, topic: str) -> tuple[str, str] | None:
        """The stream's epoch and the server's run id; nothing while there is no stream."""
        epoch = await self._redis.get(epoch_key(topic))
        run_id = str((await self._redis.info("server"))["run_id"])
        return None if epoch is None else (epoch.decode(), run_id)

    async def _acknowledged(self, topic: str) -> tuple[int, int] | None:
        """The entry that all subscribed groups have acknowledged through, or nothing while one is missing."""
        try:
            groups = {item["name"].decode(): item for item in await self._redis.xinfo_groups(stream_key(topic))}
        except ResponseError:
            return None
        expected = SUBSCRIBERS[topic]
        if not expected or not expected <= groups.keys():
            return None
        return min([await self._reached(topic, name, groups[name]) for name in expected])

    async def _reached(self, topic: str, group: str, item: Mapping[str, Any]) -> tuple[int, int]:
        if item["pending"]:
            summary = await self._redis.xpending(stream_key(topic), group)
            if summary["min"] is not None:
                ms, seq = parse_entry_id(summary["min"].decode())
                return (ms, seq - 1) if seq else (ms - 1, 2**63 - 1)
        return parse_entry_id(item["last-delivered-id"].decode())
