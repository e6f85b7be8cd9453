"""The floor of the engine: arq alone doing nothing. `python -m bench.bare_arq <jobs> <at once>`, with `REDIS_URL`.

JSON, no results kept, a short poll; the jobs are there before the worker begins, and it goes when they are done.
Prints jobs a second.
"""

import asyncio
import json
import os
import sys
import time
from typing import Any
from uuid import uuid4

from arq.connections import ArqRedis
from arq.worker import Worker, func
from redis.asyncio import Redis

QUEUE = "bench:{arq}"
POLL_SECONDS = 0.02
ENQUEUED_AT_ONCE = 50


def _encode(value: dict[str, Any]) -> bytes:
    return json.dumps(value, default=str).encode()


async def nothing(_context: dict[Any, Any], number: int) -> int:
    """The job."""
    return number


async def main(jobs: int, at_once: int) -> float:
    """Enqueue, then time a worker that works them off."""
    redis = Redis.from_url(os.environ["REDIS_URL"])
    pool = ArqRedis(connection_pool=redis.connection_pool, job_serializer=_encode, job_deserializer=json.loads)
    for begin in range(0, jobs, ENQUEUED_AT_ONCE):
        numbers = range(begin, min(jobs, begin + ENQUEUED_AT_ONCE))
        await asyncio.gather(
            *(pool.enqueue_job("nothing", number, _queue_name=QUEUE, _job_id=uuid4().hex) for number in numbers)
        )
    worker = Worker(
        functions=[func(nothing, name="nothing", keep_result=0)],  # type: ignore[arg-type]
        queue_name=QUEUE,
        redis_pool=pool,
        handle_signals=False,
        burst=True,
        max_jobs=at_once,
        poll_delay=POLL_SECONDS,
        keep_result=0,
        job_serializer=_encode,
        job_deserializer=json.loads,
        log_results=False,
    )
    began = time.perf_counter()
    await worker.main()
    seconds = time.perf_counter() - began
    if worker.jobs_complete != jobs:
        raise RuntimeError(f"{worker.jobs_complete} of {jobs} jobs were done")
    await redis.aclose()
    return jobs / seconds


if __name__ == "__main__":
    print(asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]))))
