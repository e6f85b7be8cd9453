"""The doorbell over arq: rings that carry a number, are heard at once, may be lost, and survive Redis."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from arq.constants import in_progress_key_prefix, job_key_prefix
from redis.asyncio import Redis

from common.db.database import Database
from common.redis_client import connect_redis
from common.supervision import Supervisor
from generation import sweeper as sweeper_module
from generation.doorbell import RING_FUNCTION, RINGS_MAX, SHARE_MAX, Doorbell, decode_ring, queue_name
from generation.engine.worker import arq_worker, listen
from generation.providers.bootstrap import Providers
from generation.sweeper import Sweeper

from .stage import Answer, Text, enqueue_one, executor_of, kind_of, stop, until, until_state

# arq is ended in the middle of whatever it does; its pipeline says so when it is collected, in this test or the next.
pytestmark = pytest.mark.filterwarnings("ignore:Unclosed client session:ResourceWarning")


@asynccontextmanager
async def ringing(redis: Redis) -> AsyncIterator[Doorbell]:
    bell = Doorbell(redis)
    task = asyncio.create_task(bell.run())
    try:
        yield bell
    finally:
        await stop([task])


@asynccontextmanager
async def listening(redis: Redis, heard: list[str], *classes: str) -> AsyncIterator[None]:
    """Listeners under supervision, as in life."""
    supervisor = Supervisor(asyncio.Event())
    for job_class in classes:
        supervisor.spawn(job_class, partial(listen, job_class, redis, lambda name, runs: heard.append(name)))
    try:
        yield
    finally:
        await stop_all(supervisor)


async def stop_all(supervisor: Supervisor) -> None:
    """End supervised tasks."""
    await supervisor.stop(10)


async def ring_until_heard(bell: Doorbell, heard: list[str]) -> None:
    """Ring as the sweeper does: again, until somebody comes."""
    async with asyncio.timeout(20):
        while not heard:
            bell.ring("image")
            await asyncio.sleep(0.2)


async def has(count: int, heard: list[str]) -> bool:
    return len(heard) >= count


async def test_a_ring_in_redis_is_json_with_a_number_in_it(redis: Redis) -> None:
    async with ringing(redis) as bell:
        bell.ring("image")

        async def arrived() -> bool:
            return bool(await redis.zcard(queue_name("image")))

        await until(arrived)
    (ring_id,) = await redis.zrange(queue_name("image"), 0, -1)
    stored = await redis.get(job_key_prefix.encode() + ring_id)

    assert stored is not None
    document = json.loads(stored)
    assert document["f"] == RING_FUNCTION
    assert document["a"] == [1]
    assert document["k"] == {}
    assert not stored.startswith(b"\x80"), "pickle"
    assert 0 < await redis.pttl(job_key_prefix.encode() + ring_id) <= 30_000


def test_what_is_no_json_never_becomes_an_object() -> None:
    with pytest.raises(ValueError, match="codec"):
        decode_ring(b"\x80\x04\x95\x0e\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.")


async def test_each_class_hears_its_own_rings_within_a_moment(redis: Redis) -> None:
    image: list[str] = []
    async with listening(redis, image, "image", "text"), ringing(redis) as bell:
        await asyncio.sleep(0.1)
        started = time.monotonic()
        bell.ring("text")
        await until(partial(has, 1, image), 2)

        assert image == ["text"]
        assert time.monotonic() - started < 0.5

    left = [key async for key in redis.scan_iter("arq:*")]
    assert not [key for key in left if b"result" in key], "a ring leaves no result"


async def test_a_large_batch_costs_a_bounded_number_of_rings(redis: Redis) -> None:
    async with ringing(redis) as bell:
        bell.ring("image", 5000)

        async def arrived() -> bool:
            return bool(await redis.zcard(queue_name("image")) == RINGS_MAX)

        await until(arrived)


@pytest.mark.parametrize(("runs", "shares"), [(1, [1]), (3, [1, 1, 1]), (10, [3] * 4), (5000, [SHARE_MAX] * 4)])
async def test_rings_share_out_what_waits(redis: Redis, runs: int, shares: list[int]) -> None:
    heard: list[int] = []
    listener = asyncio.create_task(listen("image", redis, lambda name, share: heard.append(share)))
    async with ringing(redis) as bell:
        bell.ring("image", runs)

        async def all_heard() -> bool:
            return len(heard) >= len(shares)

        await until(all_heard)
        await stop([listener])
    assert heard == shares


@pytest.mark.parametrize("share", ["x", None, -3, 10**12, 1.5])
async def test_a_ring_that_makes_no_sense_is_a_ring_all_the_same(redis: Redis, share: Any) -> None:
    heard: list[int] = []
    worker = arq_worker("image", redis, lambda name, runs: heard.append(runs))
    await worker.functions[RING_FUNCTION].coroutine({}, share)

    assert len(heard) == 1
    assert 1 <= heard[0] <= SHARE_MAX


async def test_dead_rings_do_not_keep_a_live_one_from_being_heard(redis: Redis) -> None:
    """A worker that died left ids in progress; arq's default reads the first 100 ids and would see only those."""
    for number in range(150):
        await redis.zadd(queue_name("image"), {f"dead-{number}": number + 1})
        await redis.set(f"{in_progress_key_prefix}dead-{number}", 1, ex=300)
        await redis.set(f"{job_key_prefix}dead-{number}", json.dumps({"f": RING_FUNCTION}), ex=300)
    heard: list[str] = []

    async with listening(redis, heard, "image"), ringing(redis) as bell:
        bell.ring("image")
        await until(partial(has, 1, heard), 20)

    assert heard == ["image"]


async def test_garbage_in_the_queue_does_no_harm(redis: Redis) -> None:
    await redis.zadd(queue_name("image"), {"gone": 1, "pickled": 2, "unknown": 3})
    await redis.set(f"{job_key_prefix}pickled", b"\x80\x04N.", ex=300)
    await redis.set(
        f"{job_key_prefix}unknown", json.dumps({"t": 1, "f": "os.system", "a": ["x"], "k": {}, "et": 1}), ex=300
    )
    heard: list[str] = []

    async with listening(redis, heard, "image"), ringing(redis) as bell:
        await ring_until_heard(bell, heard)

    assert set(heard) == {"image"}


async def test_arq_s_own_limits_never_touch_a_run(redis: Redis) -> None:
    heard: list[str] = []
    worker = arq_worker("image", redis, lambda name, runs: heard.append(name))

    assert worker.queue_read_limit >= 10_000
    assert worker.functions[RING_FUNCTION].max_tries == 1
    assert worker.functions[RING_FUNCTION].keep_result_s == 0
    assert worker.poll_delay_s <= 0.05
    assert worker.queue_name == queue_name("image")


@pytest.fixture
def play() -> Any:
    async def echo(job_input: Text, job: Any) -> Answer:
        return Answer(value=job_input.text)

    return echo


async def test_a_lost_ring_is_rung_again_by_the_sweeper(
    database: Database, redis: Redis, nobody: Providers, play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeper_module, "PAUSE_SECONDS", 0.05)
    job_id = await enqueue_one(database)  # nobody rang
    executor = executor_of(database, nobody, kind_of(play))
    listener = asyncio.create_task(listen("image", redis, executor.answer))
    async with ringing(redis) as bell:
        slots = {"local": 1, "image": 4, "text": 1, "document": 1}
        sweeping = asyncio.create_task(Sweeper(database, redis, bell, slots).run())

        await until_state(database, job_id, "completed")

        await stop([sweeping, listener])
    await executor.drain(1)


async def test_listeners_hear_again_after_redis_was_started_again(
    database: Database, own_redis_server: Any, nobody: Providers, play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeper_module, "PAUSE_SECONDS", 0.1)
    redis = connect_redis(own_redis_server.url)
    executor = executor_of(database, nobody, kind_of(play))
    supervisor = Supervisor(asyncio.Event())
    bell = Doorbell(redis)
    slots = {"local": 1, "image": 4, "text": 1, "document": 1}
    supervisor.spawn("rings", partial(listen, "image", redis, executor.answer))
    supervisor.spawn("bell", bell.run)
    supervisor.spawn("sweeper", Sweeper(database, redis, bell, slots).run)
    first = await enqueue_one(database)
    await until_state(database, first, "completed")

    await asyncio.to_thread(own_redis_server.stop)
    second = await enqueue_one(database)
    bell.ring("image")
    await asyncio.sleep(0.3)
    await asyncio.to_thread(own_redis_server.lose_everything)

    await until_state(database, second, "completed", seconds=15)
    await stop_all(supervisor)
    await executor.drain(1)
    await redis.aclose()
    await redis.connection_pool.disconnect()
