"""Reads topics as a member of a consumer group: first what this member left unfinished, then what is new.

Topics that are read together are read in the order in which their entries were appended. One answer of Redis shows
all topics at one moment, so what caused an event is there when the event is; where an answer holds less than there is
of one topic, what the others have from after that point waits for the next answer.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis

from common.bus.entries import Entry
from common.bus.streams import stream_key

_NEW = ">"
_FIRST = "0"


class TopicReader:
    """What one member reads.

    Args:
        batch_max: entries of each topic in one answer.
        block_ms: how long an answer waits for something new.
        seconds_max: how long Redis may take beyond that.
    """

    def __init__(
        self,
        redis: Redis,
        group: str,
        name: str,
        topics: Sequence[str],
        *,
        batch_max: int,
        block_ms: int,
        seconds_max: float,
    ) -> None:
        self._redis = redis
        self._group = group
        self._name = name
        self._topics = {stream_key(topic).encode(): topic for topic in topics}
        self._batch_max = batch_max
        self._block_ms = block_ms
        self._seconds_max = seconds_max
        self.begin_again()

    def begin_again(self) -> None:
        """Start from what is unfinished: after an outage nobody knows what was read and what was acknowledged."""
        self._cursors = dict.fromkeys(self._topics, _FIRST)
        self._kept: list[Entry] = []

    async def next(self) -> list[Entry]:
        """The next entries, oldest first; may be none.

        Raises:
            redis.RedisError, TimeoutError, OSError: Redis is away, or the group is gone; see `begin_again`.
        """
        # What is known of a topic ends where more of it may follow: after what is kept of it, and after a full answer.
        ends = {entry.topic: entry.place for entry in self._kept}
        asked = {key: cursor for key, cursor in self._due().items() if self._topics[key] not in ends}
        read = list(self._kept)
        for key, entries in await self._answer(asked):
            read += entries
            if self._cursors[key] != _NEW:
                self._cursors[key] = entries[-1].entry_id if entries else _NEW
            if len(entries) >= self._batch_max:
                ends[self._topics[key]] = entries[-1].place
        read.sort(key=lambda entry: entry.place)
        bound = min(ends.values(), default=None)
        self._kept = [] if bound is None else [entry for entry in read if entry.place > bound]
        return read[: len(read) - len(self._kept)]

    def _due(self) -> dict[bytes, str]:
        """The topics to go on with: all, or those alone of which something is unfinished, for news come after it."""
        unfinished = {key: cursor for key, cursor in self._cursors.items() if cursor != _NEW}
        return unfinished or self._cursors

    async def _answer(self, asked: dict[bytes, str]) -> list[tuple[bytes, list[Entry]]]:
        """What each topic asked for has; one that is done with the unfinished is told with nothing."""
        if not asked:
            return []
        patient = not self._kept and set(asked.values()) == {_NEW}
        async with asyncio.timeout(self._seconds_max + self._block_ms / 1000):
            answer = await self._redis.xreadgroup(
                self._group,
                self._name,
                dict[Any, Any](asked),
                count=self._batch_max,
                block=self._block_ms if patient else None,
            )
        found = dict(answer or [])
        unfinished = {key for key, cursor in asked.items() if cursor != _NEW}
        return [
            (key, [Entry.from_fields(self._topics[key], entry_id, fields or {}) for entry_id, fields in entries])
            for key in asked
            if (entries := found.get(key, [])) or key in unfinished
        ]
