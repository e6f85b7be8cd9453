"""Estimating and submitting with a quote over HTTP: the charge never exceeds it, and nothing else is bound by it."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import pytest_asyncio

from common import clock
from common.events.kinds import KindDeclared, PriceRule
from gateway.jobs import reading
from gateway.kinds.catalogue import KindCatalogue

from ..jobs.studio import SKETCH, Person, Studio, declare, open_studio
from ..jobs.test_submitting import problem

BANNER = SKETCH.model_copy(
    update={"name": "banner", "title": "Banner", "price": PriceRule(base_credits=7), "digest": "banner-7"}
)


def banner(price: int) -> KindDeclared:
    return BANNER.model_copy(update={"price": PriceRule(base_credits=price), "digest": f"banner-{price}"})


async def price_now(studio: Studio, price: int) -> None:
    await declare(studio.parts.database, banner(price))
    await studio.parts.catalogue.load()


@pytest_asyncio.fixture
async def shop(studio: Studio) -> Studio:
    await price_now(studio, 7)
    return studio


async def estimate(person: Person, kind: str = "banner", body: Any = None) -> httpx2.Response:
    return await person.http.post(f"/v1/jobs/{kind}/estimate", content=json.dumps(body or {"prompt": "a sail"}))


async def quoted(person: Person, kind: str = "banner", body: Any = None) -> dict[str, Any]:
    answer = await estimate(person, kind, body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def submit(
    person: Person, token: str, kind: str = "banner", body: Any = None, key: str | None = None
) -> httpx2.Response:
    headers = {"quote": token} | ({} if key is None else {"idempotency-key": key})
    return await person.http.post(f"/v1/jobs/{kind}", content=json.dumps(body or {"prompt": "a sail"}), headers=headers)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Any:
    def pass_by(period: timedelta) -> None:
        monkeypatch.setattr(reading, "now", lambda: clock.now() + period)

    return pass_by


async def test_an_estimate_tells_price_place_times_and_a_quote_and_holds_nothing(shop: Studio) -> None:
    person = shop.person()
    before = clock.now()

    found = await quoted(person)

    assert (found["kind"], found["price"], found["quote"]["price"]) == ("banner", 7, 7)
    assert found["queue"]["position"] == 0
    assert found["queue"]["finish"]["p50_seconds"] <= found["queue"]["finish"]["p90_seconds"]
    assert datetime.fromisoformat(found["queue"]["estimated_start_at"]) >= before
    lasts = datetime.fromisoformat(found["quote"]["expires_at"]) - before
    assert timedelta(minutes=9, seconds=58) < lasts <= timedelta(minutes=10)
    assert await shop.rows(person.account_id) == []
    assert shop.billing.heard == []


async def test_a_price_that_rose_meanwhile_is_not_charged(shop: Studio) -> None:
    person = shop.person()
    token = (await quoted(person))["quote"]["token"]
    await price_now(shop, 70)

    answer = await submit(person, token)

    assert answer.status_code == 202, answer.text
    assert answer.json()["charge"] == {"price": 7, "held": 7, "charged": 0, "returned": 0, "settled": False}
    (row,) = await shop.rows(person.account_id)
    assert row.price_credits == 7
    assert [event.job.price_credits for event in shop.billing.heard] == [7]
    assert (await person.submit("banner", {"prompt": "without a quote"})).json()["charge"]["price"] == 70


async def test_a_price_that_fell_meanwhile_is_charged(shop: Studio) -> None:
    person = shop.person()
    token = (await quoted(person))["quote"]["token"]
    await price_now(shop, 3)

    assert (await submit(person, token)).json()["charge"]["price"] == 3


async def test_another_gateway_honours_the_quote(
    shop: Studio, database_url: str, redis_url: str, catalogue: KindCatalogue
) -> None:
    person = shop.person()
    token = (await quoted(person))["quote"]["token"]
    await price_now(shop, 90)
    async with open_studio(database_url, redis_url) as other:
        other.billing.silent = True
        answer = await submit(other.person(account_id=person.account_id), token)

    assert answer.status_code == 202, answer.text
    assert answer.json()["charge"]["price"] == 7


@pytest.mark.parametrize("forge", [lambda token: "", lambda token: "nonsense", lambda token: token[:-9] + "AAAAAAAAA"])
async def test_refuses_a_forged_quote(shop: Studio, forge: Any) -> None:
    person = shop.person()
    token = (await quoted(person))["quote"]["token"]

    found = problem(await submit(person, forge(token)), 422, "QUOTE_INVALID")

    assert found["reason"] == "not_ours"
    assert await shop.rows(person.account_id) == []


async def test_refuses_the_quote_of_another_account(shop: Studio) -> None:
    token = (await quoted(shop.person()))["quote"]["token"]
    stranger = shop.person()

    assert problem(await submit(stranger, token), 422, "QUOTE_INVALID")["reason"] == "other_account"
    assert await shop.rows(stranger.account_id) == []


async def test_refuses_a_quote_for_another_input_or_kind(shop: Studio) -> None:
    person = shop.person()
    token = (await quoted(person, "enlarge", {"scale": 2}))["quote"]["token"]

    for kind, body in (("enlarge", {"scale": 4}), ("sketch", {"prompt": "a sail"})):
        found = problem(await submit(person, token, kind, body), 422, "QUOTE_INVALID")
        assert found["reason"] == "other_request"
    assert (await submit(person, token, "enlarge", {"scale": 2})).json()["charge"]["price"] == 2


async def test_the_same_input_in_other_words_is_the_same_input(shop: Studio) -> None:
    person = shop.person()
    token = (await quoted(person, body={"prompt": "a sail", "style": "bold"}))["quote"]["token"]

    answer = await person.http.post(
        "/v1/jobs/banner", content=b'{ "style": "bold",\n "prompt": "a s\\u0061il" }', headers={"quote": token}
    )

    assert answer.status_code == 202, answer.text


async def test_refuses_an_expired_quote(shop: Studio, later: Any) -> None:
    person = shop.person()
    token = (await quoted(person))["quote"]["token"]
    later(timedelta(minutes=10))

    assert problem(await submit(person, token), 422, "QUOTE_INVALID")["reason"] == "expired"
    assert problem(await submit(person, token, key="never used"), 422, "QUOTE_INVALID")["reason"] == "expired"
    assert await shop.rows(person.account_id) == []


async def test_a_lost_answer_can_be_had_again_after_the_quote_expired(shop: Studio, later: Any) -> None:
    person = shop.person()
    token = (await quoted(person))["quote"]["token"]
    first = await submit(person, token, key="k")
    await price_now(shop, 50)
    later(timedelta(minutes=11))

    again = await submit(person, token, key="k")

    assert again.status_code == 202, again.text
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    assert (again.json()["id"], again.json()["charge"]["price"]) == (first.json()["id"], 7)
    assert len(await shop.rows(person.account_id)) == 1


async def test_an_expired_quote_does_not_hide_that_the_key_was_used_for_something_else(
    shop: Studio, later: Any
) -> None:
    person = shop.person()
    token = (await quoted(person))["quote"]["token"]
    await person.submit("banner", {"prompt": "something else"}, key="k")
    later(timedelta(minutes=11))

    problem(await submit(person, token, key="k"), 422, "IDEMPOTENCY_KEY_REUSED")


async def test_the_quote_is_no_part_of_what_an_idempotency_key_stands_for(shop: Studio) -> None:
    person = shop.person()
    first = await person.submit("banner", {"prompt": "a sail"}, key="k")
    await price_now(shop, 3)

    again = await submit(person, (await quoted(person))["quote"]["token"], key="k")

    assert again.status_code == 202, again.text
    assert (again.json()["id"], again.json()["charge"]["price"]) == (first.json()["id"], 7)


async def test_a_quote_buys_no_way_around_a_limit(shop: Studio) -> None:
    person = shop.person("free")
    token = (await quoted(person))["quote"]["token"]
    for _ in range(2):
        assert (await person.submit("banner", {"prompt": uuid4().hex})).status_code == 202

    problem(await submit(person, token), 429, "TOO_MANY_IN_FLIGHT")


async def test_estimates_are_validated_like_submissions(shop: Studio) -> None:
    person = shop.person()

    problem(await estimate(person, "banner", {"promt": "x"}), 422, "VALIDATION_FAILED")
    problem(await estimate(person, "unheard-of"), 404, "NOT_FOUND")
    answer = await person.http.post("/v1/jobs/banner/estimate", content=b"[]")
    problem(answer, 422, "VALIDATION_FAILED")
    problem(
        await person.http.post("/v1/jobs/banner/estimate", content=b"{}", headers={"authorization": ""}),
        401,
        "UNAUTHORIZED",
    )


async def test_estimates_have_a_limit_of_their_own(shop: Studio) -> None:
    person = shop.person("free")

    answers = [await estimate(person) for _ in range(31)]

    assert [answer.status_code for answer in answers] == [200] * 30 + [429]
    assert answers[0].headers["ratelimit-policy"] == '"estimates";q=30;w=60'
    assert problem(answers[-1], 429, "RATE_LIMITED")["rule"] == "estimates"
    assert (await person.submit("banner", {"prompt": "x"})).status_code == 202, "submissions are counted apart"
