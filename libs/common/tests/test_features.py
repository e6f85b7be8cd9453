"""Following the operators' switches: the newest known set holds, through an old one, a broken one, and an absence."""

import asyncio

import pytest
from redis.asyncio import Redis

from common import features as module
from common.events.features import Features, Notice
from common.features import FeatureReader, features_key

OFF = Features(version=7, read_only=Notice(text="Back at six."))


async def test_before_anything_was_said_nothing_is_switched(redis: Redis) -> None:
    reader = FeatureReader(redis)
    await reader.read()

    assert reader.current == Features()


async def test_an_older_set_never_replaces_a_newer_one(redis: Redis) -> None:
    reader = FeatureReader(redis)
    await redis.set(features_key(), OFF.model_dump_json())
    await reader.read()
    await redis.set(features_key(), Features(version=6).model_dump_json())
    await reader.read()
    assert reader.current == OFF

    await redis.set(features_key(), Features(version=8).model_dump_json())
    await reader.read()
    assert reader.current == Features(version=8)


async def test_the_last_known_set_holds_through_an_emptied_redis_and_a_broken_document(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REFRESH_SECONDS", 0.01)
    reader = FeatureReader(redis)
    await redis.set(features_key(), OFF.model_dump_json())
    running = asyncio.create_task(reader.run())
    for content in (None, b"{", b'{"version": -1}'):
        await asyncio.sleep(0.05)
        await (redis.delete(features_key()) if content is None else redis.set(features_key(), content))
    await asyncio.sleep(0.05)

    assert not running.done()
    assert reader.current == OFF
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
