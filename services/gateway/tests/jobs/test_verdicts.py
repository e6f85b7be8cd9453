"""Waiting for billing's word: woken by it, never kept by its absence, and able to live through a Redis restart."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from common.bus.publisher import Publisher
from common.bus.streams import stream_key
from common.clock import now
from common.db.outbox_record import OutboxRecord
from common.events.credits import BalanceChanged, CreditsHeld, CreditsRefused
from common.events.envelope import Event
from common.events.jobs import JobSpec
from common.ids import new_id
from common.redis_client import connect_redis
from gateway.jobs import verdicts as module
from gateway.jobs.verdicts import Verdicts

from .studio import stop


def held(job_id: UUID) -> CreditsHeld:
    spec = JobSpec(
        job_id=job_id,
        kind="sketch",
        job_class="image",
        price_credits=5,
        input={},
        deadline_at=now() + timedelta(hours=1),
    )
    return CreditsHeld(account_id=uuid4(), job=spec, hold_id=new_id(), amount_credits=5, available_credits=1)


def refused(job_id: UUID) -> CreditsRefused:
    return CreditsRefused(account_id=uuid4(), job_id=job_id, required_credits=5, available_credits=1)


async def say(redis: Redis, *events: Event) -> None:
    await Publisher(redis).publish([OutboxRecord.of(event, None) for event in events])


@asynccontextmanager
async def listening(redis: Redis) -> AsyncIterator[Verdicts]:
    verdicts = Verdicts(redis)
    task = asyncio.create_task(verdicts.run())
    await asyncio.sleep(0.02)
    try:
        yield verdicts
    finally:
        await stop([task])


async def within(future: "asyncio.Future[Any]", seconds: float = 5.0) -> Any:
    async with asyncio.timeout(seconds):
        return await asyncio.shield(future)


async def test_held_and_refused_each_wake_their_own_waiter(redis: Redis) -> None:
    one, two, three = new_id(), new_id(), new_id()
    async with listening(redis) as verdicts:
        with verdicts.expect(one) as first, verdicts.expect(two) as second, verdicts.expect(three) as third:
            await say(redis, refused(two), held(one))

            assert isinstance(await within(first, 1), CreditsHeld)
            assert isinstance(await within(second, 1), CreditsRefused)
            assert not third.done()


async def test_two_who_wait_for_the_same_job_are_both_told(redis: Redis) -> None:
    job_id = new_id()
    async with listening(redis) as verdicts:
        with verdicts.expect(job_id) as first, verdicts.expect(job_id) as second:
            await say(redis, held(job_id))

            assert await within(first) == await within(second)


async def test_a_word_heard_a_moment_ago_is_known_at_once(redis: Redis) -> None:
    job_id = new_id()
    async with listening(redis) as verdicts:
        with verdicts.expect(job_id) as first:
            await say(redis, held(job_id))
            await within(first)

        with verdicts.expect(job_id) as again:
            assert again.done()


async def test_remembers_a_bounded_number_of_words(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RECENT_MAX", 3)
    async with listening(redis) as verdicts:
        for _ in range(6):
            job_id = new_id()
            with verdicts.expect(job_id) as word:
                await say(redis, held(job_id))
                await within(word)

        assert len(verdicts._recent) == 3


async def test_nobody_is_remembered_who_has_stopped_waiting(redis: Redis) -> None:
    async with listening(redis) as verdicts:
        with verdicts.expect(new_id()), verdicts.expect(new_id()):
            pass

        assert not verdicts._waiting


async def test_passes_over_what_it_cannot_read(redis: Redis) -> None:
    job_id = new_id()
    async with listening(redis) as verdicts:
        with verdicts.expect(job_id) as word:
            await redis.xadd(stream_key("credits"), {"type": "credits.held", "body": "{not json"})
            await redis.xadd(stream_key("credits"), {"odd": "entry"})
            await redis.xadd(stream_key("credits"), {"type": "credits.refused", "body": b"\xff\xfe"})
            await say(
                redis,
                BalanceChanged(account_id=uuid4(), available_credits=1, held_credits=0, debt_credits=0, version=1),
                held(job_id),
            )

            assert isinstance(await within(word), CreditsHeld)


async def test_what_was_said_before_it_listened_is_not_read_again(redis: Redis) -> None:
    old, new = new_id(), new_id()
    await say(redis, held(old))
    async with listening(redis) as verdicts:
        with verdicts.expect(old) as stale, verdicts.expect(new) as fresh:
            await say(redis, held(new))
            await within(fresh)

            assert not stale.done()


async def test_hears_again_after_redis_was_emptied(redis: Redis) -> None:
    job_id = new_id()
    async with listening(redis) as verdicts:
        await say(redis, held(new_id()))
        await redis.flushall()
        await asyncio.sleep(0.005)  # ids begin anew with the clock, which has milliseconds
        with verdicts.expect(job_id) as word:
            await say(redis, held(job_id))

            assert isinstance(await within(word), CreditsHeld)


async def test_hears_again_after_redis_was_started_again(
    own_redis_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.05)
    redis = connect_redis(own_redis_server.url)
    job_id = new_id()
    async with listening(redis) as verdicts:
        await asyncio.to_thread(own_redis_server.stop)
        await asyncio.sleep(0.1)
        await asyncio.to_thread(own_redis_server.lose_everything)
        await asyncio.sleep(0.3)
        with verdicts.expect(job_id) as word:
            await say(redis, held(job_id))

            assert isinstance(await within(word), CreditsHeld)
    await redis.aclose()
    await redis.connection_pool.disconnect()
