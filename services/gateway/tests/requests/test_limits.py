"""Request limits: exact across replicas, local without Redis, told in headers, strangers in one bucket a network."""

import asyncio
import time
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import APIRouter, Depends
from redis.asyncio import Redis
from starlette.responses import Response

from common.errors import RateLimited
from common.http.identity import Caller
from common.ids import from_text, new_id
from common.redis_client import connect_redis
from gateway.requests.limited import LimitedRoute, anonymous, buying, reading
from gateway.requests.limits import RequestLimits
from gateway.requests.local_buckets import LocalBuckets
from gateway.requests.rules import RequestRules

from ..conftest import BuildIdentity, Identity, bearer

RULES = RequestRules(reads_per_minute=4, anonymous_per_minute=3, purchases_per_minute=2)


async def admitted(limits: RequestLimits, account_id: Any, times: int) -> int:
    async def one() -> bool:
        try:
            await limits.admit_read(account_id)
        except RateLimited:
            return False
        return True

    return sum(await asyncio.gather(*(one() for _ in range(times))))


def with_routes(identity: Identity) -> Identity:
    router = APIRouter(route_class=LimitedRoute)

    @router.get("/v1/figures")
    async def figures(who: Annotated[Caller, Depends(reading("credits:read"))]) -> dict[str, str]:
        return {"account": str(who.account_id)}

    @router.get("/v1/passed-on")
    async def passed_on(who: Annotated[Caller, Depends(reading())]) -> Response:
        return Response(b"made elsewhere")

    @router.post("/v1/pages")
    async def page_of_payment(who: Annotated[Caller, Depends(buying)]) -> dict[str, str]:
        return {}

    @router.get("/v1/shop", dependencies=[Depends(anonymous)])
    async def shop() -> dict[str, str]:
        return {}

    identity.app.include_router(router)
    return identity


@pytest.fixture
def limited(build_identity: BuildIdentity) -> Identity:
    return with_routes(build_identity(request_rules=RULES))


async def test_requests_at_once_are_counted_exactly_across_replicas(redis: Redis) -> None:
    replicas = [RequestLimits(redis, RULES) for _ in range(3)]
    account_id = new_id()

    counts = await asyncio.gather(*(admitted(limits, account_id, 5) for limits in replicas))

    assert sum(counts) == 4
    assert await admitted(replicas[0], new_id(), 1) == 1


async def test_bucket_fills_again_evenly(redis: Redis) -> None:
    limits = RequestLimits(redis, RequestRules(reads_per_minute=600))
    account_id, began = new_id(), time.monotonic()
    assert await admitted(limits, account_id, 650) >= 600

    await asyncio.sleep(0.35)

    assert 2 <= await admitted(limits, account_id, 50) <= 10 * (time.monotonic() - began) + 1


async def test_without_redis_the_same_limit_holds_in_this_process() -> None:
    nowhere = connect_redis("redis://127.0.0.1:1/0")
    assert await admitted(RequestLimits(nowhere, RULES), new_id(), 8) == 4
    await nowhere.aclose()


async def test_keys_expire_and_carry_a_hash_tag(redis: Redis) -> None:
    await admitted(RequestLimits(redis, RULES), new_id(), 2)

    (key,) = [key.decode() async for key in redis.scan_iter("*")]

    assert "{reads:" in key
    assert 0 < await redis.pttl(key) <= 31_100


async def test_sessions_and_keys_of_an_account_share_its_reads(limited: Identity, session: dict[str, Any]) -> None:
    async with limited.client() as client:
        made = await client.post("/v1/keys", json={"name": "k"}, headers=bearer(session["access_token"]))
        as_key, as_person = bearer(made.json()["secret"]), bearer(session["access_token"])
        answers = [
            await client.get("/v1/figures", headers=as_key),
            await client.get("/v1/passed-on", headers=as_person),
            await client.get("/v1/figures", headers=as_key),
            await client.get("/v1/figures", headers=as_person),
            await client.get("/v1/figures", headers=as_key),
        ]

    assert [answer.status_code for answer in answers] == [200] * 4 + [429]
    assert answers[0].headers["ratelimit"] == '"reads";r=3;t=15'
    assert answers[1].headers["ratelimit"].startswith('"reads";r=2;t=')
    assert answers[1].headers["ratelimit-policy"] == '"reads";q=4;w=60'
    assert 0 < int(answers[4].headers["retry-after"]) <= 15
    assert (answers[4].json()["code"], answers[4].json()["limit"]) == ("RATE_LIMITED", 4)


@pytest.mark.parametrize("headers", [{}, bearer("x.y.z"), bearer("atl_live_" + "0" * 49)])
async def test_invalid_credentials_of_a_network_share_one_bucket(
    limited: Identity, headers: dict[str, str], session: dict[str, Any]
) -> None:
    async with limited.client("2001:db8:1:2::1") as client, limited.client("2001:db8:1:2::9") as neighbour:
        answers = [await client.get("/v1/figures", headers=headers) for _ in range(3)]
        other = await neighbour.get("/v1/me", headers=bearer("another.invalid.token"))
        good = await neighbour.get("/v1/figures", headers=bearer(session["access_token"]))

    assert [answer.status_code for answer in answers] == [401] * 3
    assert other.status_code == 429
    assert good.status_code == 200


async def test_open_routes_count_in_the_same_bucket(limited: Identity) -> None:
    async with limited.client("192.0.2.77") as client:
        answers: list[httpx2.Response] = [await client.get("/v1/figures")]
        answers += [await client.get("/v1/shop") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [401, 200, 200, 429]
    assert answers[1].headers["ratelimit"].startswith('"anonymous";r=1;')


async def test_account_of_the_caller_is_what_is_counted(limited: Identity, session: dict[str, Any]) -> None:
    async with limited.client() as client:
        answer = await client.get("/v1/figures", headers=bearer(session["access_token"]))

    assert answer.json()["account"] == str(from_text("acc", session["account"]["id"]))


def test_local_buckets_fill_again_and_are_bounded() -> None:
    moment = [1000.0]
    buckets = LocalBuckets(subjects_max=3, clock=lambda: moment[0])
    assert [buckets.take("a", 2).wait_seconds for _ in range(3)] == [0, 0, 30]
    moment[0] += 30
    assert [buckets.take("a", 2).wait_seconds for _ in range(2)] == [0, 30]
    for subject in "bcd":
        buckets.take(subject, 2)
    assert len(buckets._full_at) == 3


async def test_pages_of_payment_are_few_and_not_for_keys(limited: Identity, session: dict[str, Any]) -> None:
    async with limited.client() as client:
        person = bearer(session["access_token"])
        made = await client.post("/v1/keys", json={"name": "k"}, headers=person)
        assert (await client.post("/v1/pages", headers=bearer(made.json()["secret"]))).status_code == 403
        answers = [await client.post("/v1/pages", headers=person) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["rule"] == "purchases"
    assert int(answers[2].headers["retry-after"]) >= 1
