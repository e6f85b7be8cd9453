"""Rings arq: a ring says that a class has work and for how many slots, nothing more. Postgres knows which.

A lost or doubled ring harms nothing: the worker that hears it claims what waits, or finds nothing; the sweeper rings
again every second for what still waits.
"""

import asyncio
import json
from collections import Counter
from datetime import timedelta
from typing import Any

import structlog
from arq.connections import ArqRedis
from redis.asyncio import Redis
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

RING_FUNCTION = "ring"
RING_EXPIRES = timedelta(seconds=30)
RINGS_MAX = 4
"""For so many workers at once; each takes up its share of what waits with all the slots it has free."""
SHARE_MAX = 256
"""Of runs that one ring stands for."""
RING_SECONDS_MAX = 2.0


def queue_name(job_class: str) -> str:
    """The arq queue of a class, all its keys on one cluster slot."""
    return f"atelier:{{rings:{job_class}}}"


def encode_ring(value: dict[str, Any]) -> bytes:
    """arq's job serializer: JSON. Its default, pickle, would run what anybody with Redis access writes."""
    return json.dumps(value, default=str).encode()


def decode_ring(value: bytes) -> dict[str, Any]:
    """The counterpart of `encode_ring`."""
    decoded: dict[str, Any] = json.loads(value)
    return decoded


class Doorbell:
    """Collects what was queued and rings for it, so that a batch of runs costs a few rings."""

    def __init__(self, redis: Redis) -> None:
        self._arq = ArqRedis(
            connection_pool=redis.connection_pool, job_serializer=encode_ring, job_deserializer=decode_ring
        )
        self._due: Counter[str] = Counter()
        self._wake = asyncio.Event()

    def ring(self, job_class: str, runs: int = 1) -> None:
        """Ring for so many new runs of a class, soon."""
        self._due[job_class] += runs
        self._wake.set()

    async def run(self) -> None:
        """Carry the rings to arq until cancelled. What Redis does not take now, the sweeper rings for later."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            due, self._due = self._due, Counter()
            for job_class, runs in due.items():
                try:
                    async with asyncio.timeout(RING_SECONDS_MAX):
                        await self._ring(job_class, runs)
                except (RedisError, TimeoutError, OSError) as error:
                    log.warning("ring_lost", job_class=job_class, error=repr(error)[:200])

    async def _ring(self, job_class: str, runs: int) -> None:
        rings = min(runs, RINGS_MAX)
        share = min(-(-runs // rings), SHARE_MAX)
        await asyncio.gather(*(self._enqueue(job_class, share) for _ in range(rings)))

    async def _enqueue(self, job_class: str, share: int) -> None:
        await self._arq.enqueue_job(RING_FUNCTION, share, _queue_name=queue_name(job_class), _expires=RING_EXPIRES)
