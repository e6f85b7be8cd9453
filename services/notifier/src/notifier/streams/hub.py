"""Who is listening in this process, and what is new for them.

The log in Postgres is the truth. The hub only knows, for each account somebody listens to, how far the log
reaches and its last few entries; a listener that is further behind reads the log itself. So a lost, doubled
or disordered hint harms nothing, and a slow listener costs no memory.
"""

import asyncio
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal
from uuid import UUID

from common.errors import RateLimited
from notifier.feed.storage import StoredEvent
from notifier.streams import metrics

TAIL_EVENTS_MAX = 32
RETRY_SECONDS = 30
WHISPERS_MAX = 64

EndReason = Literal["client", "draining"]


class TooManyStreams(RateLimited):
    """The account, or this process, has as many event streams open as it may."""

    default_detail: ClassVar[str] = "Too many event streams are open; close one or try again later."

    def __init__(self) -> None:
        super().__init__(retry_after_seconds=RETRY_SECONDS, reason="TOO_MANY_STREAMS")


@dataclass(frozen=True, slots=True)
class HubLimits:
    """How many streams may be open."""

    per_account_max: int = 20
    total_max: int = 5000


class Listener:
    """One open stream's place in the hub."""

    def __init__(self, channel: "Channel") -> None:
        self.channel = channel
        self.ended: EndReason | None = None
        self._wake = asyncio.Event()
        self._whispers: dict[UUID, bytes] = {}

    def whisper(self, job_id: UUID, frame: bytes) -> None:
        """Something passing about a job; what was whispered of it before and is not sent yet is forgotten."""
        if job_id in self._whispers or len(self._whispers) < WHISPERS_MAX:
            self._whispers[job_id] = frame
            self._wake.set()

    def forget(self, job_id: UUID) -> None:
        """What was whispered of a job is overtaken by events."""
        self._whispers.pop(job_id, None)

    def take_whispers(self, job_id: UUID | None) -> bytes:
        """What there is to whisper, of one job or of all."""
        whispers, self._whispers = self._whispers, {}
        return b"".join(frame for about, frame in whispers.items() if job_id in (None, about))

    def notify(self) -> None:
        """Something is new, or the end has come."""
        self._wake.set()

    def end(self, reason: EndReason) -> None:
        """Have the stream close; the first reason stands."""
        self.ended = self.ended or reason
        self._wake.set()

    async def wait(self, timeout_seconds: float) -> bool:
        """Wait for the next `notify` or `end`; False when the time is over first."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._wake.wait()
        except TimeoutError:
            return False
        self._wake.clear()
        return True


class Channel:
    """What this process knows of one account's log: its head, and the gapless tail of entries up to it."""

    def __init__(self, account_id: UUID) -> None:
        self.account_id = account_id
        self.head = 0
        self.listeners: set[Listener] = set()
        self._tail: deque[StoredEvent] = deque(maxlen=TAIL_EVENTS_MAX)

    def offer(self, events: Sequence[StoredEvent]) -> None:
        """Take committed entries (consecutive, in order); any that are known already are passed over."""
        fresh = [event for event in events if event.sequence > self.head]
        if not fresh:
            return
        if fresh[0].sequence != self.head + 1:
            self._tail.clear()
        self._tail.extend(fresh)
        self._reach(fresh[-1].sequence)

    def advance(self, head: int) -> None:
        """Learn that the log reaches further than known, without the entries."""
        if head > self.head:
            self._tail.clear()
            self._reach(head)

    def after(self, position: int) -> list[StoredEvent] | None:
        """The entries after a position, or None when the tail does not reach back that far."""
        if not self._tail or self._tail[0].sequence > position + 1:
            return None
        return [event for event in self._tail if event.sequence > position]

    def _reach(self, head: int) -> None:
        self.head = head
        for listener in self.listeners:
            listener.notify()


class Hub:
    """The listeners of this process by account."""

    def __init__(self, limits: HubLimits | None = None) -> None:
        self._limits = limits or HubLimits()
        self._channels: dict[UUID, Channel] = {}
        self._count = 0
        self._draining = False

    @property
    def draining(self) -> bool:
        """Whether every stream has been told to end."""
        return self._draining

    def watched(self) -> Collection[UUID]:
        """The accounts that somebody listens to."""
        return self._channels.keys()

    def join(self, account_id: UUID) -> Listener:
        """Begin to listen. Call `leave` in the end, whatever happens.

        Raises:
            TooManyStreams: a limit is reached.
        """
        channel = self._channels.get(account_id)
        if channel is not None and len(channel.listeners) >= self._limits.per_account_max:
            metrics.refused.labels("account").inc()
            raise TooManyStreams
        if self._count >= self._limits.total_max:
            metrics.refused.labels("total").inc()
            raise TooManyStreams
        if channel is None:
            channel = self._channels[account_id] = Channel(account_id)
        listener = Listener(channel)
        channel.listeners.add(listener)
        self._count += 1
        metrics.connections_active.inc()
        if self._draining:
            listener.end("draining")
        return listener

    def leave(self, listener: Listener) -> None:
        """Stop listening; a second call does nothing."""
        channel = listener.channel
        if listener not in channel.listeners:
            return
        channel.listeners.discard(listener)
        self._count -= 1
        metrics.connections_active.dec()
        if not channel.listeners and self._channels.get(channel.account_id) is channel:
            del self._channels[channel.account_id]

    def offer(self, events: Sequence[StoredEvent]) -> dict[UUID, int]:
        """Take committed log entries of any accounts; answers how far each account's log reaches by them."""
        by_account: dict[UUID, list[StoredEvent]] = {}
        for event in events:
            by_account.setdefault(event.account_id, []).append(event)
        for account_id, share in by_account.items():
            channel = self._channels.get(account_id)
            if channel is not None:
                channel.offer(share)
        return {account_id: share[-1].sequence for account_id, share in by_account.items()}

    def advance(self, account_id: UUID, head: int) -> None:
        """Learn from elsewhere how far an account's log reaches."""
        channel = self._channels.get(account_id)
        if channel is not None:
            channel.advance(head)

    def whisper(self, account_id: UUID, job_id: UUID, frame: bytes) -> None:
        """Tell whoever listens to the account now, and nobody later."""
        channel = self._channels.get(account_id)
        if channel is not None:
            for listener in channel.listeners:
                listener.whisper(job_id, frame)

    async def drain(self) -> None:
        """Tell every stream to say goodbye, and those still to come."""
        self._draining = True
        for channel in list(self._channels.values()):
            for listener in list(channel.listeners):
                listener.end("draining")
