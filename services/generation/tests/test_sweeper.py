"""The sweeper: hands back, ends, rings for what waits, and publishes figures; without Redis too."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from common.db.database import Database
from common.figures import figures_key
from common.redis_client import connect_redis
from generation import sweeper as module
from generation.doorbell import queue_name
from generation.sweeper import Sweeper

from .stage import change, claimed, enqueue, enqueue_one, paid, row_of, stop, until, wire_to

SLOTS = {"local": 2, "image": 8, "text": 8, "document": 2}


class Bell:
    """Counts rings."""

    def __init__(self) -> None:
        self.rings: list[tuple[str, int]] = []

    def ring(self, job_class: str, runs: int = 1) -> None:
        self.rings.append((job_class, runs))


def sweeper_of(database: Database, redis: Redis, bell: Bell) -> Sweeper:
    return Sweeper(database, redis, bell, SLOTS)  # type: ignore[arg-type]


async def test_one_pass_puts_everything_right(database: Database, redis: Redis) -> None:
    lost = await claimed(database)
    await change(database, lost.job_id, "lease_until = now() - interval '1 second'")
    late = await enqueue_one(database, deadline=timedelta(seconds=-1))
    await enqueue(database, *(paid(job_class="text") for _ in range(3)))
    put_off = await enqueue_one(database, job_class="text")
    await change(database, put_off, "not_before = now() + interval '1 hour'")
    bell = Bell()
    sweeper = sweeper_of(database, redis, bell)

    await sweeper.sweep()

    assert (await row_of(database, lost.job_id)).state == "queued"
    assert (await row_of(database, late)).error_code == "DEADLINE_EXCEEDED"
    assert sorted(bell.rings) == [("image", 1), ("text", 3)]
    assert (sweeper.figures.loads["text"].waiting, sweeper.figures.loads["text"].put_off) == (3, 1)


async def test_more_than_a_batch_is_handled_in_one_pass(
    database: Database, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    for owner in ("generation.sweeper", "generation.runs.recovery"):
        monkeypatch.setattr(f"{owner}.BATCH_MAX", 5)
    late = [paid(deadline=timedelta(seconds=-1)) for _ in range(17)]
    await enqueue(database, *late)

    await sweeper_of(database, redis, Bell()).sweep()

    for event in late:
        assert (await row_of(database, event.job.job_id)).state == "failed"


async def test_publishes_figures_for_the_gateway(database: Database, redis: Redis) -> None:
    for seconds in (2, 2, 4, 4, 10, 10, 10, 10, 10, 10):
        run = await claimed(database)
        await change(
            database,
            run.job_id,
            "state = 'completed', lease_until = NULL, lease_owner = NULL, finished_at = now(),"
            f" started_at = now() - interval '{seconds} seconds'",
        )
    await claimed(database)
    await enqueue(database, paid(), paid())
    sweeper = sweeper_of(database, redis, Bell())

    await sweeper.sweep()

    document = json.loads(await redis.get(figures_key()))
    assert document["loads"] == {"image": [2, 1]}
    assert document["slots"] == SLOTS
    p50, p90 = document["durations"]["rehearsal"]
    assert (p50, p90) == (pytest.approx(10), pytest.approx(10))
    assert 0 < await redis.ttl(figures_key()) <= 60
    assert sweeper.figures.wait("rehearsal", "image", 0).duration_seconds_p50 == pytest.approx(10)


async def test_goes_on_without_redis(database: Database) -> None:
    away = connect_redis("redis://127.0.0.1:1/0")
    lost = await claimed(database)
    await change(database, lost.job_id, "lease_until = now() - interval '1 second'")
    bell = Bell()

    await sweeper_of(database, away, bell).sweep()

    assert (await row_of(database, lost.job_id)).state == "queued"
    assert bell.rings == [("image", 1)]
    await away.connection_pool.disconnect()


async def test_survives_the_database_being_away(
    database: Database, database_url: str, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.05)
    lost = await claimed(database)
    async with wire_to(database_url) as (wire, url):
        through_wire = Database(url, application="sweeper", pool_size=2)
        sweeping = asyncio.create_task(sweeper_of(through_wire, redis, Bell()).run())
        await asyncio.sleep(0.1)
        wire.cut()
        await change(database, lost.job_id, "lease_until = now() - interval '1 second'")
        await asyncio.sleep(0.5)
        assert not sweeping.done()
        wire.mend()

        async def handed_back() -> bool:
            return bool((await row_of(database, lost.job_id)).state == "queued")

        await until(handed_back)
        await stop([sweeping])
        await through_wire.close()


async def test_nothing_waiting_is_nothing_to_ring_for(database: Database, redis: Redis) -> None:
    run: Any = await claimed(database)
    bell = Bell()

    await sweeper_of(database, redis, bell).sweep()

    assert bell.rings == []
    assert (await row_of(database, run.job_id)).state == "running"
    assert await redis.exists(queue_name("image")) == 0
