"""Limits on guessing: shared in Redis, local without it, by the true address."""

import asyncio
from typing import Any

import httpx2
import pytest
from redis.asyncio import Redis
from starlette.requests import Request

from common.errors import RateLimited
from common.redis_client import connect_redis
from gateway.sessions.attempts import AttemptLimits, AttemptRules
from gateway.sessions.client_address import client_address
from gateway.sessions.local_attempts import AttemptRule, LocalAttempts

from ..conftest import PASSWORD, BuildIdentity

WRONG = "wrong horse battery"
RULE = AttemptRule(per_minute=3, per_hour=5, block_seconds=900)
WIDE = AttemptRule(per_minute=1000, per_hour=1000)


async def attempt(client: httpx2.AsyncClient, email: str, password: str = WRONG) -> httpx2.Response:
    return await client.post("/v1/sessions", json={"email": email, "password": password})


async def admitted(limits: AttemptLimits, email: str, address: str, times: int) -> list[bool]:
    """Which of some attempts at once are let through."""

    async def one() -> bool:
        try:
            await limits.admit_sign_in(email, address)
        except RateLimited:
            return False
        return True

    return list(await asyncio.gather(*(one() for _ in range(times))))


async def test_guesses_at_one_address_end_in_a_block_even_for_the_right_password(
    client: httpx2.AsyncClient, session: dict[str, Any]
) -> None:
    email = session["user"]["email"]

    answers = [await attempt(client, email) for _ in range(7)]
    right = await attempt(client, email, PASSWORD)

    assert [answer.status_code for answer in answers] == [401] * 6 + [429]
    assert right.status_code == 429
    assert right.json()["code"] == "RATE_LIMITED"
    assert 890 <= int(right.headers["retry-after"]) <= 900


async def test_other_spellings_of_an_address_share_its_limit(
    client: httpx2.AsyncClient, session: dict[str, Any]
) -> None:
    email = session["user"]["email"]
    local = email.partition("@")[0]
    spellings = [email, email.upper(), f"{local}@Example.com", f"{local}@ｅxample.com"]

    answers = [await attempt(client, spelling) for spelling in spellings * 2]

    assert [answer.status_code for answer in answers] == [401] * 6 + [429] * 2


async def test_success_forgives_what_came_before(client: httpx2.AsyncClient, session: dict[str, Any]) -> None:
    email = session["user"]["email"]
    for _ in range(3):
        statuses = [(await attempt(client, email)).status_code for _ in range(5)]
        assert statuses == [401] * 5
        assert (await attempt(client, email, PASSWORD)).status_code == 201


async def test_guesses_from_one_network_end_in_a_block_whatever_the_address(
    build_identity: BuildIdentity,
) -> None:
    identity = build_identity(rules=AttemptRules(address=RULE))
    async with identity.client("192.0.2.7") as client, identity.client("192.0.2.8") as elsewhere:
        answers = [await attempt(client, f"stranger{turn}@example.com") for turn in range(5)]
        other = await attempt(elsewhere, "stranger0@example.com")

    assert [answer.status_code for answer in answers] == [401] * 3 + [429] * 2
    assert other.status_code == 401


async def test_attempts_at_once_are_counted_exactly_across_replicas(redis: Redis) -> None:
    rules = AttemptRules(email=RULE, address=WIDE)
    replicas = [AttemptLimits(redis, rules) for _ in range(3)]

    results = await asyncio.gather(*(admitted(limits, "a@example.com", "192.0.2.1", 10) for limits in replicas))

    assert sum(map(sum, results)) == 3


async def test_hour_bounds_what_the_minute_lets_through(redis: Redis) -> None:
    limits = AttemptLimits(redis, AttemptRules(email=AttemptRule(per_minute=3, per_hour=5), address=WIDE))
    assert await admitted(limits, "a@example.com", "192.0.2.1", 3) == [True] * 3
    await redis.delete(*[key async for key in redis.scan_iter("attempts:{email:*}:minute")])

    assert sum(await admitted(limits, "a@example.com", "192.0.2.1", 3)) == 2


async def test_keys_expire_carry_a_hash_tag_and_hide_the_address(redis: Redis) -> None:
    limits = AttemptLimits(redis, AttemptRules(email=RULE))
    await admitted(limits, "a@example.com", "192.0.2.1", 1)

    keys = [key.decode() async for key in redis.scan_iter("*")]

    assert len(keys) == 4
    assert all("{" in key and "}" in key and "example" not in key for key in keys)
    assert all([0 < await redis.pttl(key) <= 3_600_000 for key in keys])


async def test_without_redis_the_same_rules_hold_in_this_process(build_identity: BuildIdentity) -> None:
    nowhere = connect_redis("redis://127.0.0.1:1/0")
    identity = build_identity(rules=AttemptRules(email=RULE), using=nowhere)
    async with identity.client() as client:
        answers = [await attempt(client, "stranger@example.com") for _ in range(5)]
        other = await attempt(client, "other@example.com")
    await nowhere.aclose()

    assert [answer.status_code for answer in answers] == [401] * 3 + [429] * 2
    assert other.status_code == 401


def test_local_counts_lapse_with_their_windows_and_blocks() -> None:
    time = [1000.0]
    local = LocalAttempts(clock=lambda: time[0])
    assert [local.admit("a", RULE) for _ in range(3)] == [0, 0, 0]
    time[0] += 60
    assert [local.admit("a", RULE) for _ in range(2)] == [0, 0]
    time[0] += 60
    assert local.admit("a", RULE) == 900
    time[0] += 300
    assert local.admit("a", RULE) == 600
    time[0] += 600
    assert local.admit("a", RULE) == 0


def test_local_success_is_forgiven() -> None:
    local = LocalAttempts(clock=lambda: 1000.0)
    for _ in range(10):
        assert local.admit("a", RULE) == 0
        local.forgive("a")
    local.forgive("unknown")
    assert [local.admit("a", RULE) for _ in range(4)] == [0, 0, 0, 900]
    local.clear("a")
    assert local.admit("a", RULE) == 0


def test_local_memory_is_bounded_and_closed_when_full() -> None:
    time = [1000.0]
    local = LocalAttempts(subjects_max=100, clock=lambda: time[0])
    for turn in range(100):
        assert local.admit(f"subject{turn}", RULE) == 0

    assert local.admit("newcomer", RULE) > 0
    assert local.admit("subject7", RULE) == 0
    time[0] += 3601
    assert local.admit("newcomer", RULE) == 0
    assert len(local._subjects) == 1


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "expected"),
    [
        ("192.0.2.1", [], 0, "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.9"], 0, "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.9"], 1, "198.51.100.9"),
        ("192.0.2.1", ["6.6.6.6, 198.51.100.9"], 1, "198.51.100.9"),
        ("192.0.2.1", ["6.6.6.6", "198.51.100.9"], 1, "198.51.100.9"),
        ("192.0.2.1", ["6.6.6.6, 198.51.100.9, 10.0.0.3"], 2, "198.51.100.9"),
        ("192.0.2.1", ["198.51.100.9"], 3, "198.51.100.9"),
        ("192.0.2.1", [], 1, "192.0.2.1"),
        ("192.0.2.1", ["garbage"], 1, "192.0.2.1"),
        ("192.0.2.1", [""], 1, "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", [], 0, "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", [], 0, "192.0.2.1"),
        ("fe80::1%eth0", [], 0, "fe80::/64"),
        ("::1", [], 0, "::/64"),
        (None, [], 0, "unknown"),
    ],
)
def test_client_address_is_what_the_nearest_trusted_proxy_says(
    peer: str | None, forwarded: list[str], proxies: int, expected: str
) -> None:
    headers = [(b"x-forwarded-for", line.encode()) for line in forwarded]
    request = Request({"type": "http", "client": (peer, 1) if peer else None, "headers": headers})

    assert client_address(request, proxies) == expected
