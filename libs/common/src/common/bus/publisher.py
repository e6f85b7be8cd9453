"""Appends outbox records to their streams and says in which epoch of the stream each entry landed."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID, uuid4

from redis.asyncio import Redis

from common.bus.streams import epoch_key, parse_entry_id, stream_key
from common.db.outbox_record import OutboxRecord


@dataclass(frozen=True, slots=True)
class Published:
    """A record's place in its stream."""

    event_id: UUID
    topic: str
    epoch: str
    entry_ms: int
    entry_seq: int


class Publisher:
    """Writes batches to streams. An epoch is a marker beside the stream; it dies with the stream's data."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def publish(self, records: Sequence[OutboxRecord]) -> list[Published]:
        """Append the records, in order, each topic's share in one transaction with reading its epoch.

        Raises:
            redis.RedisError: nothing, part or all of the batch was appended; publishing it again is harmless.
        """
        published: list[Published] = []
        for topic, run in groupby(records, key=lambda record: record.topic):
            published.extend(await self._publish_topic(topic, list(run)))
        return published

    async def current_epoch(self, topic: str) -> str:
        """The epoch of a topic's stream; begins one where there is none."""
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.set(epoch_key(topic), uuid4().hex, nx=True)
            pipeline.get(epoch_key(topic))
            _, epoch = await pipeline.execute()
        return _text(epoch)

    async def begin_epoch(self, topic: str) -> str:
        """Replace the marker: all that was not confirmed by every group will be published again."""
        epoch = uuid4().hex
        await self._redis.set(epoch_key(topic), epoch)
        return epoch

    async def _publish_topic(self, topic: str, records: list[OutboxRecord]) -> list[Published]:
        key = stream_key(topic)
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.set(epoch_key(topic), uuid4().hex, nx=True)
            pipeline.get(epoch_key(topic))
            for record in records:
                pipeline.xadd(key, _fields(record))
            _, epoch, *entry_ids = await pipeline.execute()
        return [
            Published(record.event_id, topic, _text(epoch), *parse_entry_id(_text(entry_id)))
            for record, entry_id in zip(records, entry_ids, strict=True)
        ]


def _fields(record: OutboxRecord) -> dict[Any, Any]:
    fields = {"id": str(record.event_id), "type": record.type, "body": record.body}
    if record.traceparent is not None:
        fields["traceparent"] = record.traceparent
    return fields


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
