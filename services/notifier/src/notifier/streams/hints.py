"""Hints between processes that an account's log has grown, and the look at Postgres that makes them optional.

A hint carries numbers only and may be lost. One connection a process listens, whatever the number of streams.
"""

import asyncio
import json
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from common.bus.streams import PREFIX
from notifier.feed.storage import LogReader
from notifier.streams.hub import Hub

log = structlog.get_logger(__name__)

CHANNEL = f"{PREFIX}:{{notifier}}:heads"
ACCOUNTS_MAX = 10_000
PUBLISH_SECONDS_MAX = 2.0
LISTEN_SECONDS = 1.0
POLL_SECONDS = 1.0
READ_SECONDS_MAX = 5.0


class Hints:
    """Sends and receives the hints of one process, and polls as the safety net."""

    def __init__(self, hub: Hub, log_reader: LogReader, redis: Redis) -> None:
        self._hub = hub
        self._log_reader = log_reader
        self._redis = redis
        self._heads: dict[UUID, int] = {}
        self._wake = asyncio.Event()

    def announce(self, heads: dict[UUID, int]) -> None:
        """Tell the other processes soon. What does not fit is left to their polls."""
        if len(self._heads) + len(heads) > ACCOUNTS_MAX:
            return
        for account_id, head in heads.items():
            self._heads[account_id] = max(head, self._heads.get(account_id, 0))
        self._wake.set()

    async def run_sender(self) -> None:
        """Publish what was announced; ends only by cancellation."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            heads, self._heads = self._heads, {}
            message = json.dumps({account_id.hex: head for account_id, head in heads.items()})
            try:
                async with asyncio.timeout(PUBLISH_SECONDS_MAX):
                    await self._redis.publish(CHANNEL, message)
            except (RedisError, TimeoutError, OSError) as error:
                log.warning("hint_not_sent", accounts=len(heads), error=repr(error)[:200])

    async def run_listener(self) -> None:
        """Pass on the hints of other processes. Raises when Redis is away, to be started again."""
        async with self._redis.pubsub(ignore_subscribe_messages=True) as pubsub:
            async with asyncio.timeout(READ_SECONDS_MAX):
                await pubsub.subscribe(CHANNEL)
            while True:
                async with asyncio.timeout(READ_SECONDS_MAX):
                    message = await pubsub.get_message(timeout=LISTEN_SECONDS)
                if message is not None:
                    self.receive(message["data"])

    def receive(self, data: bytes) -> None:
        """Take one hint; one that makes no sense is passed over."""
        try:
            heads = {UUID(hex=key): int(head) for key, head in json.loads(data).items()}
        except (ValueError, TypeError, AttributeError) as error:
            log.warning("hint_unreadable", error=repr(error)[:200])
            return
        for account_id, head in heads.items():
            self._hub.advance(account_id, head)

    async def run_poll(self) -> None:
        """Every second, compare what is watched with the log; ends only by cancellation."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                await self.poll()
            except (DBAPIError, PoolTimeoutError, TimeoutError, OSError) as error:
                log.warning("feed_poll_failed", error=repr(error)[:200])

    async def poll(self) -> None:
        """One look at the heads of all watched logs."""
        watched = list(self._hub.watched())
        if not watched:
            return
        async with asyncio.timeout(READ_SECONDS_MAX):
            heads = await self._log_reader.heads(watched)
        for account_id, head in heads.items():
            self._hub.advance(account_id, head)
