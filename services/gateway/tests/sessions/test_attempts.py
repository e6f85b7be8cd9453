"""Limits on guessing: exact across replicas, kept in Postgres, by the true address."""

import asyncio
from typing import Any

import httpx2
import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from starlette.requests import Request

from common.db.database import Database
from common.errors import RateLimited
from common.ids import new_id
from common.redis_client import connect_redis
from gateway.sessions.attempt_rules import AttemptRule, AttemptRules
from gateway.sessions.attempts import AttemptLimits
from gateway.sessions.client_address import client_address

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


async def rows(database: Database) -> list[Any]:
    async with database.autocommit() as connection:
        return list(await connection.execute(text("SELECT * FROM attempts ORDER BY subject")))


async def later(database: Database, minutes: int) -> None:
    """As if everything had happened so much earlier."""
    move = """
        UPDATE attempts
        SET minute_ends_at = minute_ends_at - moved, hour_ends_at = hour_ends_at - moved,
            blocked_until = blocked_until - moved, forgotten_at = forgotten_at - moved
        FROM (SELECT :minutes * interval '1 minute' AS moved) AS by
    """
    async with database.autocommit() as connection:
        await connection.execute(text(move), {"minutes": minutes})


async def test_attempts_at_once_are_counted_exactly_across_replicas(database: Database, no_attempts: None) -> None:
    rules = AttemptRules(email=RULE, address=WIDE)
    replicas = [AttemptLimits(database, rules) for _ in range(3)]

    results = await asyncio.gather(*(admitted(limits, "a@example.com", "192.0.2.1", 10) for limits in replicas))

    assert sum(map(sum, results)) == 3


async def test_an_emptied_or_absent_redis_forgives_nothing(
    build_identity: BuildIdentity, redis: Redis, session: dict[str, Any]
) -> None:
    email, rules = session["user"]["email"], AttemptRules(email=RULE)
    nowhere = connect_redis("redis://127.0.0.1:1/0")
    async with build_identity(rules=rules).client() as client:
        answers = [await attempt(client, email) for _ in range(4)]
    await redis.flushall()
    async with build_identity(rules=rules).client() as client:
        after = await attempt(client, email, PASSWORD)
    async with build_identity(rules=rules, using=nowhere).client() as client:
        without = await attempt(client, email, PASSWORD)
    await nowhere.aclose()

    assert [answer.status_code for answer in answers] == [401] * 3 + [429]
    assert (after.status_code, without.status_code) == (429, 429)
    assert answers[0].headers["ratelimit"].startswith('"sign-in";r=2;t=')
    assert (
        after.json().items()
        >= {"rule": "sign-in", "subject": "e-mail address", "limit": 3, "limit_per_hour": 5}.items()
    )
    assert 890 <= int(after.headers["retry-after"]) <= 900


async def test_hour_bounds_what_the_minute_lets_through_and_all_lapses(database: Database, no_attempts: None) -> None:
    rules = AttemptRules(email=RULE, address=WIDE)

    async def tries(times: int) -> int:
        return sum(await admitted(AttemptLimits(database, rules), "a@example.com", "192.0.2.1", times))

    assert await tries(3) == 3
    await later(database, minutes=1)
    assert await tries(3) == 2
    await later(database, minutes=14)
    assert await tries(3) == 0, "blocked for a quarter of an hour"
    await later(database, minutes=1)
    assert await tries(3) == 3
    await later(database, minutes=61)
    await AttemptLimits(database, rules).purge()
    assert await rows(database) == []


async def test_a_flood_from_a_blocked_subject_costs_the_database_nothing(
    database: Database, no_attempts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = AttemptLimits(database, AttemptRules(email=RULE))
    await admitted(limits, "a@example.com", "192.0.2.1", 4)
    before = await rows(database)
    assert not any("example" in row.subject for row in before), "the table need not tell who signs in"

    monkeypatch.setattr("gateway.sessions.attempt_storage.count", None)
    with pytest.raises(RateLimited):
        await limits._admit("sign-in", "e-mail address", before[0].subject, RULE)

    assert await rows(database) == before


async def test_pages_of_payment_are_counted_where_no_flush_forgets_them(database: Database, no_attempts: None) -> None:
    limits = AttemptLimits(database, AttemptRules(purchase=RULE, order=RULE))
    account = new_id()
    for _ in range(3):
        await limits.admit_purchase(account)
        await limits.admit_order("192.0.2.1")
    with pytest.raises(RateLimited, match="one account"):
        await limits.admit_purchase(account)
    with pytest.raises(RateLimited, match="one network"):
        await limits.admit_order("192.0.2.1")


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
