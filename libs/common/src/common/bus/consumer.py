"""The loop around handlers, written once.

A group reads topics in batches. One transaction enters the batch in the inbox, runs the handlers of what is new and
commits; only then is the batch acknowledged. When a handler fails, the batch is taken one by one, and an event that
keeps failing waits longer each time and ends among the dead letters: one poisoned event never stops the rest. When
the database or Redis is away, the consumer waits and tries the same batch again.
"""

import asyncio
from collections import Counter as Counts
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import structlog
from prometheus_client import Counter, Histogram
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from common.bus import dead_letters
from common.bus.entries import Entry, sort_entries
from common.bus.handlers import Handlers, Received
from common.bus.reader import TopicReader
from common.bus.spans import ProcessSpan
from common.bus.streams import stream_key
from common.db.database import Database, is_transient
from common.db.unit_of_work import UnitOfWork
from common.events.envelope import Event

log = structlog.get_logger(__name__)

REST_SHARE = 3.0
BUSY_EVENTS = 16
"""A batch of so many shows that there is load."""

_events = Counter("bus_events_total", "Events taken from a stream", ["group", "topic", "outcome"])
_batch_sizes = Histogram("bus_batch_size", "Events in a batch", ["group", "topic"], buckets=(1, 4, 16, 64, 256, 1024))


@dataclass(frozen=True, slots=True)
class ConsumerLimits:
    """How much is taken at once and how patient the consumer is."""

    batch_max: int = 256
    block_ms: int = 1000
    attempts_max: int = 6
    claim_idle_seconds: float = 5.0
    claim_idle_seconds_max: float = 60.0
    claim_pause_seconds: float = 1.0
    outage_pause_seconds: float = 0.2
    outage_pause_seconds_max: float = 2.0
    outage_tries_max: int = 6
    redis_seconds_max: float = 5.0
    pace_seconds: float = 0.0
    """A batch begins at most this often: alone an event is handled at once, under load batches grow instead."""
    busy_pace_seconds: float = 0.0
    """The pace after a batch of `BUSY_EVENTS` or more, where it is the slower one: what can wait then leaves the
    processors to what somebody waits for, and several events of one thing are more often written as one."""
    rest_seconds_max: float = 0.0
    """After a batch a rest of `REST_SHARE` times what the batch took, up to this: work that nobody waits for takes a
    quarter of a core, and the busier the machine, the larger its batches."""

    def pace_after(self, events: int) -> float:
        """Seconds from the beginning of a batch of so many events to the next one."""
        return max(self.pace_seconds, self.busy_pace_seconds) if events >= BUSY_EVENTS else self.pace_seconds


class Consumer:
    """One member of a consumer group, reading topics: together, so that an effect is handled after its cause."""

    def __init__(
        self,
        *,
        group: str,
        name: str,
        topics: Sequence[str],
        database: Database,
        redis: Redis,
        handlers: Handlers,
        limits: ConsumerLimits | None = None,
    ) -> None:
        self._group = group
        self._name = name
        self._topics = tuple(topics)
        self._database = database
        self._redis = redis
        self._handlers = handlers
        self._limits = limits or ConsumerLimits()
        self._reader = TopicReader(
            redis,
            group,
            name,
            self._topics,
            batch_max=self._limits.batch_max,
            block_ms=self._limits.block_ms,
            seconds_max=self._limits.redis_seconds_max,
        )
        self._acking: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Read and handle until cancelled. First what this member left unfinished, then what is new."""
        next_at = 0.0
        self._reader.begin_again()
        limits, loop = self._limits, asyncio.get_running_loop()
        while True:
            if (pause := next_at - loop.time()) > 0:
                await asyncio.sleep(pause)
            try:
                entries = await self._reader.next()
            except (RedisError, TimeoutError, OSError) as error:
                await self._recover(error)
                self._reader.begin_again()
                continue
            if entries:
                begun_at = loop.time()
                await self._handle(entries)
                ended_at = loop.time()
                rest = min(REST_SHARE * (ended_at - begun_at), limits.rest_seconds_max)
                next_at = max(begun_at + limits.pace_after(len(entries)), ended_at + rest)

    async def run_reclaim(self) -> None:
        """Take over what dead members left, and try failing events again, later each time."""
        while True:
            try:
                await self.reclaim()
            except (RedisError, TimeoutError, OSError) as error:
                await self._recover(error)
            await asyncio.sleep(self._limits.claim_pause_seconds)

    async def reclaim(self) -> None:
        """One pass over the entries that nobody has acknowledged for a while."""
        for topic in self._topics:
            await self._reclaim(topic)

    async def _reclaim(self, topic: str) -> None:
        key = stream_key(topic)
        limits = self._limits
        idle_ms = int(limits.claim_idle_seconds * 1000)
        async with asyncio.timeout(limits.redis_seconds_max):
            pending = await self._redis.xpending_range(
                key, self._group, min="-", max="+", count=limits.batch_max, idle=idle_ms
            )
        due = {
            item["message_id"]: int(item["times_delivered"])
            for item in pending
            if item["time_since_delivered"] >= self._patience_ms(int(item["times_delivered"]))
        }
        if not due:
            return
        async with asyncio.timeout(limits.redis_seconds_max):
            claimed = await self._redis.xclaim(
                key, self._group, self._name, min_idle_time=idle_ms, message_ids=list(due)
            )
        entries = [Entry.from_fields(topic, entry_id, fields) for entry_id, fields in claimed if fields]
        log.info("entries_reclaimed", group=self._group, topic=topic, count=len(entries))
        for entry in entries:
            await self._handle([entry], attempts=due[entry.entry_id.encode()] + 1)

    def _patience_ms(self, times_delivered: int) -> float:
        seconds: float = self._limits.claim_idle_seconds * 2 ** min(max(times_delivered - 1, 0), 16)
        return min(seconds, self._limits.claim_idle_seconds_max) * 1000

    async def _recover(self, error: BaseException) -> None:
        missing = isinstance(error, ResponseError) and ("NOGROUP" in str(error) or "no longer exists" in str(error))
        if not missing:
            log.warning("consumer_redis_unavailable", group=self._group, topics=self._topics, error=repr(error)[:200])
            await asyncio.sleep(self._limits.outage_pause_seconds)
        try:
            async with asyncio.timeout(self._limits.redis_seconds_max):
                for topic in self._topics:
                    await self._join(topic)
        except (RedisError, TimeoutError, OSError) as create_error:
            log.warning(
                "consumer_group_not_created", group=self._group, topics=self._topics, error=repr(create_error)[:200]
            )
            await asyncio.sleep(self._limits.outage_pause_seconds_max)

    async def _join(self, topic: str) -> None:
        try:
            await self._redis.xgroup_create(stream_key(topic), self._group, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def _handle(self, entries: list[Entry], attempts: int = 1) -> None:
        """Handle and acknowledge a batch, however long the database is away."""
        for topic, count in Counts(entry.topic for entry in entries).items():
            _batch_sizes.labels(self._group, topic).observe(count)
        pause, tries = self._limits.outage_pause_seconds, 0
        while True:
            try:
                patient = tries < self._limits.outage_tries_max or not await self._answers()
                await self._process(entries, attempts, patient=patient)
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning(
                    "consumer_database_unavailable", group=self._group, topics=self._topics, error=repr(error)[:200]
                )
                await asyncio.sleep(pause)
                pause = min(pause * 2, self._limits.outage_pause_seconds_max)
                tries += 1
            else:
                return

    async def _answers(self) -> bool:
        """Whether the database is there, so that what goes on failing must have its reason in the events."""
        try:
            await self._database.check()
        except Exception as error:
            if not is_transient(error):
                raise
            return False
        return True

    async def _process(self, entries: list[Entry], attempts: int, *, patient: bool = True) -> None:
        batch = sort_entries(entries, self._handlers)
        if batch.undecodable:
            async with self._database.unit_of_work() as uow:
                for entry, error in batch.undecodable:
                    await dead_letters.bury(uow, entry, error, attempts)
            await self._done("undecodable", [entry for entry, _ in batch.undecodable])
        await self._done("passed_over", batch.passed_over)
        if not batch.events:
            return
        try:
            if not await self._applied_at_once([received for _, received in batch.events]):
                await self._database.transact(self._apply, batch.events)
        except Exception as error:
            if patient and is_transient(error):
                raise
            if len(batch.events) > 1:
                for entry, _ in batch.events:
                    await self._process([entry], attempts, patient=patient)
                return
            await self._failed(batch.events[0][0], error, attempts)
        else:
            await self._done("handled", [entry for entry, _ in batch.events])

    async def _failed(self, entry: Entry, error: Exception, attempts: int) -> None:
        last = attempts >= self._limits.attempts_max
        log.error(
            "event_handler_failed", group=self._group, topic=entry.topic, type=entry.type, entry_id=entry.entry_id,
            attempts=attempts, dead=last, exc_info=error,
        )  # fmt: skip
        if not last:
            _events.labels(self._group, entry.topic, "failed").inc()
            return
        async with self._database.unit_of_work() as uow:
            await dead_letters.bury(uow, entry, repr(error), attempts)
        await self._done("dead", [entry])

    async def _done(self, outcome: str, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        ids_of: dict[str, list[str]] = {}
        for entry in entries:
            ids_of.setdefault(entry.topic, []).append(entry.entry_id)
        for topic, entry_ids in ids_of.items():
            _events.labels(self._group, topic, outcome).inc(len(entry_ids))
        if self._acking is not None:
            await self._acking
        self._acking = asyncio.create_task(self._acknowledge(ids_of))

    async def _acknowledge(self, ids_of: Mapping[str, Sequence[str]]) -> None:
        """Beside what comes next: an acknowledgement that is lost costs a look into the inbox, no more."""
        try:
            async with asyncio.timeout(self._limits.redis_seconds_max):
                for topic, entry_ids in ids_of.items():
                    await self._redis.xack(stream_key(topic), self._group, *entry_ids)
        except (RedisError, TimeoutError, OSError) as error:
            log.warning("ack_lost", group=self._group, topics=list(ids_of), error=repr(error)[:200])

    async def _apply(self, uow: UnitOfWork, events: list[tuple[Entry, Received[Event]]]) -> None:
        fresh_ids = await uow.claim_events([received.event.event_id for _, received in events])
        fresh: list[Received[Event]] = []
        for _, received in events:
            if received.event.event_id in fresh_ids:
                fresh_ids.discard(received.event.event_id)
                fresh.append(received)
        for _, run in groupby(fresh, key=lambda received: self._handlers.of(type(received.event))):
            await self._dispatch(list(run), uow)

    async def _dispatch(self, run: list[Received[Event]], uow: UnitOfWork) -> None:
        """Hand over events that stand together and have the same handler, whatever their types."""
        spans = [
            ProcessSpan(type(received.event).type, self._group, received.traceparent, len(run)) for received in run
        ]
        event_type = type(run[0].event)
        batch_handler = self._handlers.batch(event_type)
        if batch_handler is None:
            handler: Any = self._handlers.single(event_type)
            for received, span in zip(run, spans, strict=True):
                with span:
                    await handler(received.event, uow)
            return
        with _opened(spans, run) as linked:
            await batch_handler(linked, uow)

    async def _applied_at_once(self, run: list[Received[Event]]) -> bool:
        """Whether the handler of this batch, if it has such a one, has done it in a single statement."""
        handler = self._handlers.at_once(run)
        if handler is None:
            return False
        spans = [
            ProcessSpan(type(received.event).type, self._group, received.traceparent, len(run)) for received in run
        ]
        with _opened(spans, run) as linked:
            return await self._database.retry(handler, linked, self._database)


@contextmanager
def _opened(spans: Sequence[ProcessSpan], run: Sequence[Received[Event]]) -> Iterator[list[Received[Event]]]:
    """The events with the spans under which they are handled as their traces."""
    linked = [Received(received.event, span.open()) for received, span in zip(run, spans, strict=True)]
    failure: BaseException | None = None
    try:
        yield linked
    except BaseException as error:
        failure = error
        raise
    finally:
        for span in spans:
            span.close(failure)
