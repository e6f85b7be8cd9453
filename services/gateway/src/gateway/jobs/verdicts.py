"""Billing's word on a job, awaited for a moment.

Every replica reads the tail of the `credits` stream to wake its own waiters, beside the consumer group that updates
the read model. A word that is missed here costs nothing but the early answer.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import structlog
from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from common.bus.streams import stream_key
from common.events.credits import CreditsHeld, CreditsRefused

log = structlog.get_logger(__name__)

BLOCK_MS = 1000
READ_MAX = 1000
READ_SECONDS_MAX = 6.0
PAUSE_SECONDS = 0.5
RECENT_MAX = 250
"""Words remembered for who asks again with the same key; each takes about 4 KB."""

Word = CreditsHeld | CreditsRefused
_TYPES: dict[bytes, type[CreditsHeld] | type[CreditsRefused]] = {
    CreditsHeld.type.encode(): CreditsHeld,
    CreditsRefused.type.encode(): CreditsRefused,
}


class Verdicts:
    """Those who wait for billing's word in this process."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._waiting: dict[UUID, list[asyncio.Future[Word]]] = {}
        self._recent: OrderedDict[UUID, Word] = OrderedDict()

    @contextmanager
    def expect(self, job_id: UUID) -> Iterator["asyncio.Future[Word]"]:
        """A future for the word on a job; open it before the job is made durable.

        For a job somebody waited for here a moment ago it is done at once.
        """
        future: asyncio.Future[Word] = asyncio.get_running_loop().create_future()
        if (word := self._recent.get(job_id)) is not None:
            future.set_result(word)
        self._waiting.setdefault(job_id, []).append(future)
        try:
            yield future
        finally:
            waiters = self._waiting[job_id]
            waiters.remove(future)
            if not waiters:
                del self._waiting[job_id]

    async def run(self) -> None:
        """Read the tail of the stream until cancelled."""
        key, position = stream_key("credits"), None
        while True:
            try:
                async with asyncio.timeout(READ_SECONDS_MAX):
                    position = position or await self._tail(key)
                    answer = await self._redis.xread({key: position}, count=READ_MAX, block=BLOCK_MS)
            except (RedisError, TimeoutError, OSError) as error:
                log.warning("verdicts_interrupted", error=repr(error)[:200])
                await asyncio.sleep(PAUSE_SECONDS)
                position = None
                continue
            for _, entries in answer or []:
                for entry_id, fields in entries:
                    position = entry_id
                    self._deliver(fields)

    async def _tail(self, key: str) -> bytes:
        """The last entry there is: what comes after it is news."""
        newest = await self._redis.xrevrange(key, count=1)
        return newest[0][0] if newest else b"0-0"

    def _deliver(self, fields: dict[bytes, bytes]) -> None:
        event_type = _TYPES.get(fields.get(b"type", b""))
        if event_type is None or not self._waiting:
            return
        try:
            word: Word = event_type.from_json(fields.get(b"body", b""))
        except ValidationError as error:
            log.warning("verdict_undecodable", error=str(error)[:200])
            return
        job_id = word.job.job_id if isinstance(word, CreditsHeld) else word.job_id
        waiters = self._waiting.get(job_id)
        if waiters is None:
            return
        self._recent[job_id] = word
        if len(self._recent) > RECENT_MAX:
            self._recent.popitem(last=False)
        for future in waiters:
            if not future.done():
                future.set_result(word)
