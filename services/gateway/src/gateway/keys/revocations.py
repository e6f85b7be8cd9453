"""Owns how a revoked key stops working on every replica at once: a word on a Redis channel, heard by all.

The word may be lost (Redis away, a replica reconnecting). The short life of a cached key bounds what that
costs, and a replica that (re)connects forgets every key it knew.
"""

import asyncio

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.keys.known_keys import KnownKeys

log = structlog.get_logger(__name__)

CHANNEL = "gateway:{keys}:revoked"
PUBLISH_SECONDS_MAX = 0.5
LISTEN_SECONDS = 5.0
PAUSE_SECONDS = 1.0


class Revocations:
    """Tells and hears of revoked keys, named by the hash of their secret."""

    def __init__(self, redis: Redis, known_keys: KnownKeys) -> None:
        self._redis = redis
        self._known_keys = known_keys

    async def tell(self, secret_hash: bytes) -> None:
        """Forget a key here and on every replica. Never raises: the revocation itself is in the database."""
        self._known_keys.forget(secret_hash)
        try:
            async with asyncio.timeout(PUBLISH_SECONDS_MAX):
                await self._redis.publish(CHANNEL, secret_hash.hex())
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("key_revocation_not_published", error=repr(error))

    async def run(self) -> None:
        """Hear of revocations for ever, through every absence of Redis."""
        while True:
            try:
                await self._listen()
            except (RedisError, OSError, TimeoutError) as error:
                log.warning("key_revocations_not_heard", error=repr(error))
            await asyncio.sleep(PAUSE_SECONDS)

    async def _listen(self) -> None:
        async with self._redis.pubsub() as channel:
            await channel.subscribe(CHANNEL)
            while True:
                message = await channel.get_message(timeout=LISTEN_SECONDS)
                if message is None:
                    continue
                if message["type"] == "subscribe":  # at first, and after the client reconnected by itself
                    self._known_keys.forget_all()
                elif message["type"] == "message":
                    self._hear(message["data"])

    def _hear(self, data: bytes) -> None:
        try:
            secret_hash = bytes.fromhex(data.decode("ascii"))
        except ValueError:
            log.warning("key_revocation_unreadable", length=len(data))
            return
        self._known_keys.forget(secret_hash)
