"""Request limits: by account, user, key and network, exact across replicas, local without Redis, told in headers."""

import asyncio
import time
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import httpx2
import pytest
from fastapi import APIRouter, Depends
from redis.asyncio import Redis
from sqlalchemy import text
from starlette.responses import Response

from common.db.database import Database
from common.http.identity import Caller
from common.ids import new_id
from common.redis_client import connect_redis
from gateway.requests.limited import anonymous, buying, dashboard, ordering, reading
from gateway.requests.limits import RequestLimits
from gateway.requests.local_buckets import LocalBuckets
from gateway.requests.rule_book import RuleBook
from gateway.requests.rules import RULES, Policy, RequestRule

from ..conftest import BuildIdentity, Identity, bearer

NETWORK = "192.0.2.1"
FEW: Mapping[Policy, RequestRule] = {
    "dashboards": RequestRule(account=4),
    "reads": RequestRule(account=10, user=4, key=2, network=12),
    "purchases": RequestRule(account=2),
    "orders": RequestRule(network=2),
    "anonymous": RequestRule(network=3),
}


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow machine is no reason to count locally."""
    monkeypatch.setattr("gateway.requests.limits.REDIS_SECONDS_MAX", 10.0)


def caller(account_id: UUID | None = None, *, user_id: UUID | None = None, key_id: UUID | None = None) -> Caller:
    via = "session" if key_id is None else "api_key"
    return Caller(account_id or new_id(), user_id or new_id(), "free", via=via, key_id=key_id)


async def admitted(
    limits: RequestLimits, who: Caller, times: int, policy: Policy = "dashboards", network: str = NETWORK
) -> int:
    answers = await asyncio.gather(*(limits.admit(policy, who, network) for _ in range(times)))
    return sum(answer.wait_seconds == 0 for answer in answers)


def with_routes(identity: Identity) -> Identity:
    router = APIRouter()

    @router.get("/v1/overview")
    async def overview(who: Annotated[Caller, Depends(dashboard("credits:read"))]) -> dict[str, str]:
        return {"account": str(who.account_id)}

    @router.get("/v1/passed-on")
    async def passed_on(who: Annotated[Caller, Depends(dashboard())]) -> Response:
        return Response(b"made elsewhere")

    @router.get("/v1/one")
    async def one(who: Annotated[Caller, Depends(reading())]) -> dict[str, str]:
        return {}

    @router.post("/v1/pages")
    async def page_of_payment(who: Annotated[Caller, Depends(buying)]) -> dict[str, str]:
        return {}

    @router.post("/v1/strangers-pages", dependencies=[Depends(ordering)])
    async def page_for_a_stranger() -> dict[str, str]:
        return {}

    @router.get("/v1/shop", dependencies=[Depends(anonymous)])
    async def shop() -> dict[str, str]:
        return {}

    identity.app.include_router(router)
    return identity


@pytest.fixture
def limited(build_identity: BuildIdentity) -> Identity:
    return with_routes(build_identity(request_rules=FEW))


async def test_requests_at_once_are_counted_exactly_across_replicas(redis: Redis) -> None:
    replicas = [RequestLimits(redis, FEW.__getitem__) for _ in range(3)]
    who = caller()

    counts = await asyncio.gather(*(admitted(limits, who, 5) for limits in replicas))

    assert sum(counts) == 4
    assert await admitted(replicas[0], caller(), 1) == 1


async def test_a_key_a_user_and_a_network_have_less_than_the_account(redis: Redis) -> None:
    limits, account = RequestLimits(redis, FEW.__getitem__), new_id()
    user, other_user = new_id(), new_id()
    script = caller(account, user_id=user, key_id=new_id())

    assert await admitted(limits, script, 5, "reads") == 2, "the key's own"
    refused = await limits.admit("reads", script, NETWORK)
    assert (refused.subject, refused.per_minute, refused.remaining) == ("key", 2, 0)
    assert await admitted(limits, caller(account, user_id=user), 5, "reads", "192.0.2.2") == 2, "the rest of the user's"
    assert await admitted(limits, caller(account, user_id=other_user), 5, "reads", "192.0.2.3") == 4
    third = [caller(account, user_id=new_id()) for _ in range(5)]
    assert sum([await admitted(limits, who, 1, "reads", "192.0.2.4") for who in third]) == 2, (
        "the rest of the account's"
    )
    strangers = [await limits.admit("reads", caller(), NETWORK) for _ in range(9)]
    assert [answer.subject for answer in strangers if answer.wait_seconds > 0] == ["network"] * 3


async def test_what_a_bucket_refuses_is_in_no_other(redis: Redis) -> None:
    limits, account, key = RequestLimits(redis, FEW.__getitem__), new_id(), new_id()
    await admitted(limits, caller(account, key_id=key), 9, "reads")

    left = await limits.admit("reads", caller(account), "192.0.2.9")

    assert left.remaining == 3, "of its own user; two of ten of the account were used before, not nine"
    assert await admitted(limits, caller(account), 4, "reads", "192.0.2.9") == 4


async def test_bucket_fills_again_evenly(redis: Redis) -> None:
    limits = RequestLimits(redis, {"dashboards": RequestRule(account=600)}.__getitem__)  # type: ignore[arg-type]
    who, began = caller(), time.monotonic()
    assert sum([await admitted(limits, who, 50) for _ in range(13)]) >= 600

    await asyncio.sleep(0.35)

    assert 2 <= await admitted(limits, who, 50) <= 10 * (time.monotonic() - began) + 1


async def test_without_redis_reads_go_on_and_money_is_closed_at_half() -> None:
    nowhere = connect_redis("redis://127.0.0.1:1/0")
    limits = RequestLimits(nowhere, FEW.__getitem__)
    assert await admitted(limits, caller(), 8) == 4
    assert await admitted(limits, caller(), 8, "purchases") == 1
    orders = [await limits.admit_stranger("orders", NETWORK) for _ in range(3)]
    assert [answer.wait_seconds > 0 for answer in orders] == [False, True, True]
    await nowhere.aclose()


async def test_keys_expire_and_carry_the_accounts_hash_tag(redis: Redis) -> None:
    who = caller(key_id=new_id())
    await admitted(RequestLimits(redis, FEW.__getitem__), who, 2, "reads")

    keys = [key.decode() async for key in redis.scan_iter("*")]

    assert len(keys) == 3
    assert all(f"{{{who.account_id.hex}}}" in key for key in keys)
    assert all([0 < await redis.pttl(key) <= 61_100 for key in keys])


async def test_numbers_are_rows_that_hold_within_seconds(database: Database) -> None:
    factor = [1.0]
    book = RuleBook(database, lambda: factor[0], {"exports": RequestRule(account=1000)})
    assert {policy: book.of(policy) for policy in RULES} == {**RULES, "exports": RequestRule(account=1000)}
    await book.load()
    assert {policy: book.of(policy) for policy in RULES} == {**RULES, "exports": RequestRule(account=1000)}, (
        "the defaults of the code are what the migration wrote"
    )
    change = text("UPDATE request_limits SET per_account = :number WHERE policy = 'dashboards'")
    async with database.autocommit() as connection:
        await connection.execute(change, {"number": 7})
        await book.load()
        assert book.of("dashboards") == RequestRule(account=7, user=30, key=30, network=600)
        await connection.execute(change, {"number": 30})
    factor[0] = 0.1
    assert book.of("dashboards") == RequestRule(account=1, user=3, key=3, network=60)


async def test_sessions_and_keys_of_an_account_share_its_requests(limited: Identity, session: dict[str, Any]) -> None:
    async with limited.client() as client:
        made = await client.post("/v1/keys", json={"name": "k"}, headers=bearer(session["access_token"]))
        as_key, as_person = bearer(made.json()["secret"]), bearer(session["access_token"])
        answers = [
            await client.get("/v1/overview", headers=as_key),
            await client.get("/v1/passed-on", headers=as_person),
            await client.get("/v1/overview", headers=as_key),
            await client.get("/v1/overview", headers=as_person),
            await client.get("/v1/overview", headers=as_key),
        ]
        of_keys = [await client.get("/v1/one", headers=as_key) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200] * 4 + [429]
    assert answers[0].headers["ratelimit"] == '"dashboards";r=3;t=15'
    assert answers[1].headers["ratelimit"].startswith('"dashboards";r=2;t=')
    assert answers[1].headers["ratelimit-policy"] == '"dashboards";q=4;w=60'
    told = answers[4].json()
    assert told.items() >= {"code": "RATE_LIMITED", "rule": "dashboards", "subject": "account", "limit": 4}.items()
    assert told["detail"] == "At most 4 such requests a minute for one account."
    assert 0 < int(answers[4].headers["retry-after"]) <= 15
    assert answers[4].headers["ratelimit"].startswith('"dashboards";r=0;t=')
    assert answers[4].headers["ratelimit-policy"] == '"dashboards";q=4;w=60'
    assert [answer.status_code for answer in of_keys] == [200, 200, 429]
    assert of_keys[2].json().items() >= {"rule": "reads", "subject": "key", "limit": 2}.items()


@pytest.mark.parametrize("headers", [{}, bearer("x.y.z"), bearer("atl_live_" + "0" * 49)])
async def test_invalid_credentials_of_a_network_share_one_bucket(
    limited: Identity, headers: dict[str, str], session: dict[str, Any]
) -> None:
    async with limited.client("2001:db8:1:2::1") as client, limited.client("2001:db8:1:2::9") as neighbour:
        answers = [await client.get("/v1/overview", headers=headers) for _ in range(3)]
        other = await neighbour.get("/v1/me", headers=bearer("another.invalid.token"))
        good = await neighbour.get("/v1/overview", headers=bearer(session["access_token"]))

    assert [answer.status_code for answer in answers] == [401] * 3
    assert answers[0].headers["ratelimit"].startswith('"anonymous";r=2;')
    assert other.status_code == 429
    assert good.status_code == 200


async def test_open_routes_count_in_the_same_bucket(limited: Identity) -> None:
    async with limited.client("192.0.2.77") as client:
        answers: list[httpx2.Response] = [await client.get("/v1/overview")]
        answers += [await client.get("/v1/shop") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [401, 200, 200, 429]
    assert answers[1].headers["ratelimit"].startswith('"anonymous";r=1;')


def test_local_buckets_fill_again_and_are_bounded() -> None:
    moment = [1000.0]
    buckets = LocalBuckets(subjects_max=3, clock=lambda: moment[0])
    assert [buckets.take("a", 2).wait_seconds for _ in range(3)] == [0, 0, 30]
    moment[0] += 30
    assert [buckets.take("a", 2).wait_seconds for _ in range(2)] == [0, 30]
    for subject in "bcd":
        buckets.take(subject, 2)
    assert len(buckets._full_at) == 3


def test_closed_local_buckets_let_no_newcomer_in_while_all_are_in_use() -> None:
    moment = [1000.0]
    buckets = LocalBuckets(subjects_max=2, clock=lambda: moment[0], closed=True)
    assert [buckets.take(subject, 2).wait_seconds for subject in "abc"] == [0, 0, 60]
    assert buckets.take("a", 2).wait_seconds == 0
    moment[0] += 31
    assert buckets.take("c", 2).wait_seconds == 0, "b was full again"


async def test_pages_of_payment_are_few_and_not_for_keys(limited: Identity, session: dict[str, Any]) -> None:
    async with limited.client() as client:
        person = bearer(session["access_token"])
        made = await client.post("/v1/keys", json={"name": "k"}, headers=person)
        assert (await client.post("/v1/pages", headers=bearer(made.json()["secret"]))).status_code == 403
        answers = [await client.post("/v1/pages", headers=person) for _ in range(3)]
        strangers = [await client.post("/v1/strangers-pages") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["rule"] == "purchases"
    assert int(answers[2].headers["retry-after"]) >= 1
    assert [answer.status_code for answer in strangers] == [200, 200, 429]
    assert strangers[2].json().items() >= {"rule": "orders", "subject": "network", "limit": 2}.items()
