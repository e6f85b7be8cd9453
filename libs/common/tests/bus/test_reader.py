"""Topics that are read together are read in the order in which things happened, and nothing is left out."""

import asyncio
import random
import socket
from collections.abc import Sequence
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from common.bus.reader import TopicReader
from common.bus.streams import stream_key
from common.redis_client import connect_redis

from ..harness import eventually

GROUP = "notifier"
TOPICS = ("jobs", "credits", "runs")


def reader(redis: Redis, *, batch_max: int = 100, block_ms: int = 50, name: str = "one") -> TopicReader:
    return TopicReader(redis, GROUP, name, TOPICS, batch_max=batch_max, block_ms=block_ms, seconds_max=2.0)


async def join(redis: Redis) -> None:
    for topic in TOPICS:
        await redis.xgroup_create(stream_key(topic), GROUP, id="0", mkstream=True)


async def append(redis: Redis, *moments: tuple[str, int]) -> list[tuple[str, str]]:
    """Entries at moments; answers them as `seen` does."""
    for topic, moment in moments:
        await redis.xadd(stream_key(topic), {"type": "x", "body": "{}"}, id=f"{moment}-1")
    return [(topic, f"{moment}-1") for topic, moment in sorted(moments, key=lambda one: one[1])]


async def seen(one: TopicReader, count: int) -> list[tuple[str, str]]:
    """What is read until so many entries have come."""
    found: list[tuple[str, str]] = []
    async with asyncio.timeout(5):
        while len(found) < count:
            found += [(entry.topic, entry.entry_id) for entry in await one.next()]
    return found


CAUSES: Sequence[tuple[str, int]] = [
    ("jobs", 10), ("credits", 20), ("runs", 30), ("runs", 40), ("credits", 50), ("jobs", 60), ("runs", 70)
]  # fmt: skip


async def test_an_effect_comes_after_its_cause_whatever_their_topics(redis: Redis) -> None:
    await join(redis)
    expected = await append(redis, *CAUSES)
    assert await seen(reader(redis), len(expected)) == expected


@pytest.mark.parametrize("batch_max", [1, 2, 3, 5])
async def test_where_one_topic_has_more_than_an_answer_holds_the_others_wait(redis: Redis, batch_max: int) -> None:
    await join(redis)
    many = [("jobs", moment) for moment in range(100, 140, 2)] + [("runs", moment) for moment in range(111, 131, 4)]
    expected = await append(redis, *many, ("credits", 137))
    assert await seen(reader(redis, batch_max=batch_max), len(expected)) == expected


@pytest.mark.parametrize("seed", range(12))
async def test_however_topics_are_mixed_and_however_little_an_answer_holds(redis: Redis, seed: int) -> None:
    await join(redis)
    chance = random.Random(seed)  # noqa: S311 - a mixture
    mixed = [(chance.choices(TOPICS, weights=[1, 3, 5])[0], moment) for moment in range(1, 151)]
    expected = await append(redis, *mixed[:100])
    one = reader(redis, batch_max=chance.randint(1, 8))
    found = await seen(one, 30)
    expected += await append(redis, *mixed[100:])
    assert found + await seen(one, len(expected) - len(found)) == expected


async def test_what_was_left_unfinished_comes_first_and_in_order(redis: Redis) -> None:
    await join(redis)
    unfinished = await append(redis, *CAUSES)
    await seen(reader(redis), len(unfinished))
    later = await append(redis, ("credits", 80), ("jobs", 90))

    again = reader(redis, batch_max=2)
    assert await seen(again, len(unfinished) + 2) == unfinished + later
    again.begin_again()
    assert await seen(again, len(unfinished) + 2) == unfinished + later


@pytest.mark.parametrize("batch_max", [1, 3, 100])
async def test_news_of_one_topic_wait_for_what_is_unfinished_of_another(redis: Redis, batch_max: int) -> None:
    await join(redis)
    unfinished = await append(redis, *[("runs", moment) for moment in range(10, 20)])
    await seen(reader(redis), len(unfinished))
    news = await append(redis, *[(("runs", "credits")[moment % 2], moment) for moment in range(20, 40)])

    assert await seen(reader(redis, batch_max=batch_max), len(unfinished + news)) == unfinished + news


async def test_without_news_it_waits_and_is_woken_by_any_topic(redis: Redis) -> None:
    await join(redis)
    one = reader(redis, block_ms=1500)
    for _ in range(2):  # the unfinished, of which there is nothing
        await one.next()
        waiting = asyncio.create_task(one.next())
        await asyncio.sleep(0.1)
        assert not waiting.done()
        ((topic, entry_id),) = await append(redis, ("runs", int(await redis.incr("moment"))))
        assert [(entry.topic, entry.entry_id) for entry in await waiting] == [(topic, entry_id)]
        one.begin_again()
        await redis.xack(stream_key("runs"), GROUP, entry_id)


async def test_a_cluster_that_answers_for_one_topic_at_a_time_is_read_all_the_same(own_redis_server: Any) -> None:
    own_redis_server.stop()
    with socket.create_server(("127.0.0.1", 0)) as found:  # its own choice, 10,000 more than the other, may be none
        port = str(found.getsockname()[1])
    own_redis_server.start("--cluster-enabled", "yes", "--cluster-port", port, "--appendonly", "no")
    redis = connect_redis(own_redis_server.url)
    await redis.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)

    async def formed() -> bool:
        return b"cluster_state:ok" in await redis.execute_command("CLUSTER", "INFO")

    await eventually(formed)
    await join(redis)
    with pytest.raises(ResponseError, match="CROSSSLOT"):
        await redis.xread({stream_key(topic): "0" for topic in TOPICS})

    unfinished = await append(redis, *CAUSES)
    one = reader(redis)
    assert await seen(one, len(unfinished)) == unfinished
    waiting = asyncio.create_task(seen(one, 2))
    await asyncio.sleep(0.2)
    news = await append(redis, ("jobs", 80), ("runs", 90))
    assert sorted(await waiting) == sorted(news)
    one.begin_again()
    assert await seen(one, len(unfinished + news)) == unfinished + news
    await redis.aclose()


async def test_a_topic_without_the_group_is_an_error_that_says_so(redis: Redis) -> None:
    with pytest.raises(ResponseError, match="NOGROUP"):
        await reader(redis).next()
