"""arq as the doorbell: one arq worker for each class, whose only function answers rings."""

import asyncio
from collections.abc import Callable
from typing import Any

import structlog
from arq.connections import ArqRedis
from arq.worker import Worker, func
from redis.asyncio import Redis

from generation.doorbell import RING_FUNCTION, SHARE_MAX, decode_ring, encode_ring, queue_name

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.02
QUEUE_READ_MAX = 10_000
RING_SECONDS_MAX = 5
RINGS_AT_ONCE_MAX = 32
HEALTH_SECONDS = 30


def arq_worker(job_class: str, redis: Redis, answer: Callable[[str, int], None]) -> Worker:
    """An arq worker that answers the rings of a class.

    Set against what arq does by default: it polls every 0.5 s, reads only the first 100 ids (so that as many dead
    rings would stall a class), keeps results and tries again; here a ring is worth nothing once heard. The function
    starts the work and returns, so arq's own time limits and restarts never touch a run.
    """

    async def ring(context: dict[Any, Any], share: object = 1) -> None:
        answer(job_class, min(max(share, 1), SHARE_MAX) if isinstance(share, int) else 1)

    pool = ArqRedis(connection_pool=redis.connection_pool)
    return Worker(
        functions=[func(ring, name=RING_FUNCTION, keep_result=0, max_tries=1, timeout=RING_SECONDS_MAX)],  # type: ignore[arg-type]
        queue_name=queue_name(job_class),
        redis_pool=pool,
        handle_signals=False,
        max_jobs=RINGS_AT_ONCE_MAX,
        poll_delay=POLL_SECONDS,
        queue_read_limit=QUEUE_READ_MAX,
        retry_jobs=False,
        keep_result=0,
        health_check_interval=HEALTH_SECONDS,
        job_serializer=encode_ring,
        job_deserializer=decode_ring,
        log_results=False,
    )


async def listen(job_class: str, redis: Redis, answer: Callable[[str, int], None]) -> None:
    """Listen for rings until cancelled. Raises when Redis is away; the caller starts it again."""
    worker = arq_worker(job_class, redis, answer)
    try:
        await worker.main()
    finally:
        for task in worker.tasks.values():
            task.cancel()
        await asyncio.gather(*worker.tasks.values(), return_exceptions=True)
