"""One reader's way along a log: what it missed, then what happens, until the stream's end."""

import asyncio
import random
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from common.clock import now
from notifier.feed.messages import DrainNotice, ResetNotice
from notifier.feed.storage import Bounds, LogReader, StoredEvent
from notifier.streams import metrics
from notifier.streams.frames import HEARTBEAT, event_frames, hello_frame, notice_frame
from notifier.streams.hub import Listener

log = structlog.get_logger(__name__)

LIFE_JITTER = 0.1
RETRY_MS = (1000, 5000)
DATABASE_ERRORS = (DBAPIError, PoolTimeoutError, TimeoutError, OSError)


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """How a stream paces and ends itself."""

    heartbeat_seconds: float = 15.0
    life_seconds: float = 1800.0
    send_seconds_max: float = 10.0
    read_seconds_max: float = 5.0
    page_max: int = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader asks for: an account's events or those of one job, after a number if it resumes.

    `closed_sequence` is the last event of a job of which everything has been told.
    """

    account_id: UUID
    job_id: UUID | None = None
    after: int | None = None
    closed_sequence: int | None = None


class Following:
    """The frames of one stream. The listener joined the hub before the log is read: nothing falls between."""

    def __init__(self, wanted: Wanted, listener: Listener, log_reader: LogReader, limits: StreamLimits) -> None:
        self._wanted = wanted
        self._listener = listener
        self._log_reader = log_reader
        self._limits = limits
        self._position = 0
        self._finished = False
        self._opened_at = now()

    async def frames(self) -> AsyncGenerator[bytes, None]:
        """Frames for as long as the stream lives; the client may resume after any of them."""
        loop = asyncio.get_running_loop()
        jitter = random.uniform(1 - LIFE_JITTER, 1 + LIFE_JITTER)  # noqa: S311 - spreads reconnections
        deadline = loop.time() + self._limits.life_seconds * jitter
        yield hello_frame(_retry_ms())
        try:
            async with asyncio.timeout(self._limits.read_seconds_max):
                bounds = await self._log_reader.bounds(self._wanted.account_id)
            yield self._begin(bounds)
            while not self._finished:
                if self._listener.ended is not None:
                    yield _farewell()
                    return
                frames = await self._next()
                if frames:
                    yield frames
                elif whispers := self._listener.take_whispers(self._wanted.job_id):
                    yield whispers
                elif self._behind or self._finished:
                    continue
                elif loop.time() >= deadline:
                    return
                elif not await self._listener.wait(
                    min(self._limits.heartbeat_seconds, max(0.0, deadline - loop.time()))
                ):
                    yield HEARTBEAT
        except DATABASE_ERRORS as error:
            metrics.dropped.labels("database").inc()
            log.warning("stream_lost_database", error=repr(error)[:200])

    @property
    def _behind(self) -> bool:
        return self._position < self._listener.channel.head

    def _begin(self, bounds: Bounds) -> bytes:
        """Choose where to start; answers a reset notice when that point is not in the log."""
        self._listener.channel.advance(bounds.last)
        wanted = self._wanted
        if wanted.after is None:
            self._position = bounds.last if wanted.job_id is None else 0
            self._check_closed()
            return b""
        metrics.resumes.inc()
        self._position = max(min(wanted.after, bounds.last), bounds.oldest - 1)
        self._check_closed()
        return self._reset(bounds) if bounds.missed(wanted.after) else b""

    async def _next(self) -> bytes:
        """The frames of what comes after the position, which moves; nothing when there is no more."""
        if not self._behind:
            return b""
        wanted, channel = self._wanted, self._listener.channel
        tail = channel.after(self._position)
        if tail is not None:
            self._position = channel.head
            events = [event for event in tail if wanted.job_id in (None, event.job_id)]
            return self._encode(events)
        head, limit = channel.head, self._limits.page_max
        async with asyncio.timeout(self._limits.read_seconds_max):
            events = await self._log_reader.read(wanted.account_id, wanted.job_id, self._position, limit)
        reset = self._reset_if_cut(events)
        last = events[-1].sequence if events else 0
        self._position = last if len(events) == limit else max(head, last)
        return reset + self._encode(events)

    def _reset_if_cut(self, events: list[StoredEvent]) -> bytes:
        """A notice when retention overtook a reader that was far behind."""
        if self._wanted.job_id is not None or not events or events[0].sequence == self._position + 1:
            return b""
        return self._reset(Bounds(events[0].sequence, self._listener.channel.head))

    def _reset(self, bounds: Bounds) -> bytes:
        metrics.resets.inc()
        return notice_frame("reset", ResetNotice(oldest_sequence=bounds.oldest, last_sequence=bounds.last))

    def _encode(self, events: list[StoredEvent]) -> bytes:
        for index, event in enumerate(events):
            _observe(event, self._opened_at)
            if event.job_id is not None:
                self._listener.forget(event.job_id)
            if self._wanted.job_id is not None and event.final:
                events = events[: index + 1]
                self._finished = True
                break
        else:
            self._check_closed()
        return event_frames(events)

    def _check_closed(self) -> None:
        closed = self._wanted.closed_sequence
        if closed is not None and self._position >= closed:
            self._finished = True


def _observe(event: StoredEvent, opened_at: datetime) -> None:
    if event.occurred_at > opened_at:
        metrics.delay.observe((now() - event.occurred_at).total_seconds())


def _retry_ms() -> int:
    return random.randint(*RETRY_MS)  # noqa: S311 - spreads reconnections


def _farewell() -> bytes:
    retry_ms = _retry_ms()
    return notice_frame("server-draining", DrainNotice(retry_ms=retry_ms), retry_ms)
