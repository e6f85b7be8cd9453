"""What accounts were last shown: bounded for one account and for all, forgotten after a day, dropped without Redis."""

import asyncio
import time
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from common.redis_client import connect_redis
from gateway.degraded import last_known
from gateway.degraded.last_known import PREFIX, LastKnown


def memory(redis: Redis, bytes_max: int = 100_000) -> LastKnown:
    return LastKnown(redis, bytes_max=bytes_max)


async def keep(known: LastKnown, account_id: UUID, **texts: str) -> None:
    for name, text in texts.items():
        known.note(account_id, name, lambda text=text: text)  # type: ignore[misc]
    await known.carry()


async def bytes_kept(redis: Redis) -> int:
    total = 0
    async for key in redis.scan_iter(f"{PREFIX}:of:*"):
        total += sum(len(value) for value in await redis.hvals(key))  # type: ignore[misc]
    return total


async def test_what_was_noted_is_found_by_every_replica_of_this_account_only(redis: Redis) -> None:
    account = uuid4()
    one, two = memory(redis), memory(redis)
    one.note(account, "job_1", lambda: "first")
    found = await one.find(account, "job_1")
    assert found is not None
    assert (found.text, found.age_seconds) == ("first", 0.0)
    await one.carry()
    await keep(one, account, job_1="second", credits="12")

    found = await two.find(account, "job_1")

    assert found is not None
    assert found.text == "second"
    assert found.age_seconds < 1
    assert set(await two.find_all(account)) == {"job_1", "credits"}
    assert await two.find(uuid4(), "job_1") is None


async def test_the_longest_unseen_is_forgotten_first_and_the_bytes_are_counted_right(redis: Redis) -> None:
    known, accounts = memory(redis, bytes_max=3000), [uuid4() for _ in range(8)]
    for account in accounts:
        await keep(known, account, job_1="x" * 500)
        await asyncio.sleep(0.002)
    await keep(known, accounts[-1], job_1="y" * 300, job_2="z" * 20)

    present = [await known.find(account, "job_1") is not None for account in accounts]

    assert present == [False, False, False, True, True, True, True, True]
    assert await bytes_kept(redis) == int(await redis.get(f"{PREFIX}:bytes") or 0) <= 3000
    assert await redis.zcard(f"{PREFIX}:order") == 6


async def test_one_account_keeps_its_newest_jobs_and_its_credits(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_known, "JOBS_OF_ACCOUNT_MAX", 4)
    known, account = memory(redis), uuid4()
    await keep(known, account, credits="1", **{f"job_{n}": str(n) for n in (5, 3, 4, 1, 2)})

    assert sorted(await known.find_all(account)) == ["credits", "job_3", "job_4", "job_5"]
    assert await bytes_kept(redis) == int(await redis.get(f"{PREFIX}:bytes") or 0)


async def test_is_forgotten_after_a_day(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    known, account = memory(redis), uuid4()
    await keep(known, account, job_1="x")
    real = time.time
    monkeypatch.setattr("gateway.degraded.last_known.time.time", lambda: real() + 25 * 3600)

    assert await known.find(account, "job_1") is None
    await keep(known, uuid4(), job_1="y")
    assert await redis.zcard(f"{PREFIX}:order") == 1
    assert await redis.exists(f"{PREFIX}:of:{account.hex}") == 0


async def test_what_is_too_long_is_rather_unknown_than_old(redis: Redis) -> None:
    known, account = memory(redis), uuid4()
    await keep(known, account, job_1="short")
    await keep(known, account, job_1="x" * (last_known.TEXT_BYTES_MAX + 1))

    assert await known.find(account, "job_1") is None


async def test_a_deleted_account_is_forgotten_at_once(redis: Redis) -> None:
    known, account, other = memory(redis), uuid4(), uuid4()
    await keep(known, account, job_1="x", credits="1")
    await keep(known, other, job_1="y")
    known.note(account, "job_2", lambda: "z")

    await known.forget(account)
    await known.carry()

    assert await known.find_all(account) == {}
    assert set(await known.find_all(other)) == {"job_1"}


async def test_notes_are_bounded_and_dropped_without_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_known, "NOTES_MAX", 10)
    client = connect_redis("redis://127.0.0.1:1/0")
    known, account = memory(client), uuid4()
    for n in range(50):
        known.note(account, f"job_{n}", lambda: "x")
    assert len(known._notes) == 10

    started = time.monotonic()
    await known.carry()

    assert time.monotonic() - started < 1
    assert not known._notes
    await client.aclose()


async def test_what_has_not_changed_is_not_written_again(redis: Redis) -> None:
    known, account = memory(redis), uuid4()
    await keep(known, account, job_1="x")
    written = await redis.hget(f"{PREFIX}:of:{account.hex}", "job_1")  # type: ignore[misc]
    await asyncio.sleep(0.01)
    await keep(known, account, job_1="x")

    assert await redis.hget(f"{PREFIX}:of:{account.hex}", "job_1") == written  # type: ignore[misc]
    await keep(known, account, job_1="y")
    assert await redis.hget(f"{PREFIX}:of:{account.hex}", "job_1") != written  # type: ignore[misc]


async def test_nothing_is_kept_where_nothing_may_be(redis: Redis) -> None:
    known = memory(redis, bytes_max=0)
    await keep(known, uuid4(), job_1="x")

    assert await redis.keys(f"{PREFIX}:*") == []
