"""Reads topics as a member of a consumer group: first what this member left unfinished, then what is new.

Topics that are read together are read in the order in which their entries were appended. One answer of Redis shows
all topics at one moment, so what caused an event is there when the event is; where an answer holds less than there is
of one topic, what the others have from after that point waits for the next answer.

A cluster answers for one topic at a time. There they are read one after the other, and neighbours of different topics
may come the other way round.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from common.bus.entries import Entry
from common.bus.streams import stream_key

log = structlog.get_logger(__name__)

APART_PAUSE_SECONDS = 0.05
"""Between looks at all topics, where no command can wait for several of them."""
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
        self._apart = False
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
            found = await (self._one_by_one if self._apart else self._at_once)(asked, patient=patient)
        unfinished = {key for key, cursor in asked.items() if cursor != _NEW}
        return [
            (key, [Entry.from_fields(self._topics[key], entry_id, fields or {}) for entry_id, fields in entries])
            for key in asked
            if (entries := found.get(key, [])) or key in unfinished
        ]

    async def _at_once(self, asked: Mapping[bytes, str], *, patient: bool) -> dict[bytes, list[Any]]:
        try:
            return await self._read(asked, block_ms=self._block_ms if patient else None)
        except ResponseError as error:
            if not str(error).startswith("CROSSSLOT"):
                raise
        log.info("topics_read_one_by_one", group=self._group, topics=list(self._topics.values()))
        self._apart = True
        return await self._one_by_one(asked, patient=patient)

    async def _one_by_one(self, asked: Mapping[bytes, str], *, patient: bool) -> dict[bytes, list[Any]]:
        found: dict[bytes, list[Any]] = {}
        for key, cursor in asked.items():
            found |= await self._read({key: cursor}, block_ms=None)
        if patient and not found:
            await asyncio.sleep(APART_PAUSE_SECONDS)
        return found

    async def _read(self, asked: Mapping[bytes, str], *, block_ms: int | None) -> dict[bytes, list[Any]]:
        streams = dict[Any, Any](asked)
        answer = await self._redis.xreadgroup(self._group, self._name, streams, count=self._batch_max, block=block_ms)
        return dict(answer or [])
