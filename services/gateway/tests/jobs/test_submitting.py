"""Submitting over HTTP: what the public is answered, with which headers, and what that leaves behind."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from common.clock import now
from common.events.credits import CreditsHeld
from common.ids import from_text
from gateway.degraded.held_stream import KEY
from gateway.jobs.limits import AccountKeys

from .studio import SKETCH, Studio, declare, open_studio
from .wire import wire_to

HEARD_SECONDS_MAX = 10.0


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["code"] == code
    assert document["status"] == status
    return document


async def test_a_paid_job_is_answered_queued_with_place_price_and_headers(studio: Studio) -> None:
    person = studio.person("pro")

    answer = await person.submit()

    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert job["status"] == "queued"
    assert job["kind"] == "sketch"
    assert job["charge"] == {"price": 5, "held": 5, "charged": 0, "returned": 0, "settled": False}
    assert job["queue"]["position"] == 0
    assert job["queue"]["finish"]["p90_seconds"] >= job["queue"]["finish"]["p50_seconds"] > 0
    assert answer.headers["location"] == f"/v1/jobs/{job['id']}"
    assert answer.headers["ratelimit"] == '"submissions";r=9;t=6'
    assert answer.headers["ratelimit-policy"] == '"submissions";q=10;w=60'
    assert "idempotent-replayed" not in answer.headers
    (row,) = await studio.rows(person.account_id)
    assert row.job_id == from_text("job", job["id"])
    (event,) = studio.billing.heard
    assert (event.account_id, event.job.job_id, event.job.weight) == (person.account_id, row.job_id, 4)


@pytest.mark.parametrize(
    ("said", "choice"),
    [
        (None, ("fallback", 0)),
        ("fallback", ("fallback", 0)),
        ("cancel", ("cancel", 0)),
        ("wait", ("wait", 600)),
        (" wait ;seconds= 86400", ("wait", 86400)),
        ("wait; seconds=0", None),
        ("wait; seconds=86401", None),
        ("cancel; seconds=5", None),
        ("", None),
    ],
)
async def test_what_to_do_when_the_provider_is_down_goes_with_the_job(
    studio: Studio, said: str | None, choice: tuple[str, int] | None
) -> None:
    person = studio.person()
    headers = {} if said is None else {"On-Provider-Down": said}

    answer = await person.http.post("/v1/jobs/sketch", json={"prompt": uuid4().hex}, headers=headers)

    if choice is None:
        document = problem(answer, 422, "VALIDATION_FAILED")
        assert [error["pointer"] for error in document["errors"]] == ["/headers/On-Provider-Down"]
        return
    assert answer.status_code == 202, answer.text
    (event,) = [event for event in studio.billing.heard if event.account_id == person.account_id]
    assert (event.job.on_provider_down, event.job.provider_wait_seconds) == choice


async def test_a_kind_of_paid_plans_is_refused_to_others_before_anything_is_kept(studio: Studio) -> None:
    yearly = SKETCH.model_copy(update={"name": "yearly", "title": "Yearly", "requires": "paid_plan", "digest": "y"})
    later = SKETCH.model_copy(update={"name": "later", "requires": "a_thing_of_a_newer_release", "digest": "l"})
    await declare(studio.parts.database, yearly, later)
    await studio.parts.catalogue.load()
    person = studio.person("free")

    refused = problem(await person.submit("yearly"), 403, "NOT_ELIGIBLE")

    assert (refused["detail"], refused["requires"]) == ("Yearly comes with a paid plan.", "paid_plan")
    assert not await studio.rows(person.account_id)
    assert (await studio.person("pro").submit("yearly")).status_code == 202
    assert (await person.submit("later")).status_code == 202, "its maker judges"
    offered = {kind["name"]: kind["requires"] for kind in (await person.http.get("/v1/kinds")).json()["items"]}
    assert (offered["yearly"], offered["sketch"]) == ("paid_plan", None)


async def test_the_price_follows_the_input(studio: Studio) -> None:
    person = studio.person()

    answers = [await person.submit("enlarge", {"scale": scale}) for scale in (2, 4)]

    assert [answer.json()["charge"]["price"] for answer in answers] == [2, 4]
    assert [event.job.price_credits for event in studio.billing.heard] == [2, 4]


async def test_without_billing_the_job_is_submitted_and_kept(
    database_url: str, redis_url: str, redis: Redis, catalogue: object
) -> None:
    async with open_studio(database_url, redis_url, verdict_seconds_max=0.05) as studio:
        studio.billing.silent = True
        person = studio.person()

        answer = await person.submit()

        assert answer.status_code == 202
        assert answer.json()["status"] == "submitted"
        assert answer.json()["charge"]["held"] == 0
        shown = await person.http.get(answer.headers["location"])
        assert shown.json()["status"] == "submitted"


async def test_with_credits_for_three_exactly_three_of_twenty_get_a_202(studio: Studio) -> None:
    person = studio.person()
    studio.billing.available[person.account_id] = 3 * 5 + 4

    answers = await asyncio.gather(*(person.submit() for _ in range(20)))

    assert sorted(answer.status_code for answer in answers) == [202] * 3 + [402] * 17
    refused = next(answer for answer in answers if answer.status_code == 402)
    document = problem(refused, 402, "INSUFFICIENT_CREDITS")
    assert (document["required"], document["available"]) == (5, 4)


async def test_a_refusal_burns_neither_key_nor_click_nor_quota(studio: Studio) -> None:
    person = studio.person("free")
    studio.billing.available[person.account_id] = 0
    body = {"prompt": "the same"}
    for key in ("k", None, "k", None):
        problem(await person.submit(body=body, key=key), 402, "INSUFFICIENT_CREDITS")
        await studio.parts.database.transact(reject_all, person.account_id)
    studio.billing.available[person.account_id] = 100

    answer = await person.submit(body=body, key="k")

    assert answer.status_code == 202, answer.text
    assert "idempotent-replayed" not in answer.headers


async def reject_all(uow: Any, account_id: Any) -> None:
    """What the consumer of `credits` does with a refusal."""
    await uow.execute(
        "UPDATE jobs SET status = 'rejected', rank = 3, idempotency_key = NULL WHERE account_id = :account",
        {"account": account_id},
    )


async def test_a_stale_hint_turns_nobody_away(studio: Studio) -> None:
    person = studio.person()
    await studio.person().submit()
    await studio.parts.limits.hint_credits(person.account_id, 0, version=1)

    answer = await person.submit()

    assert answer.status_code == 202, answer.text
    assert (await person.submit()).status_code == 202, "the wrong hint was forgotten"


async def test_same_key_and_body_give_the_first_job_again(studio: Studio) -> None:
    person, body = studio.person("free"), {"prompt": "once"}
    first = await person.submit(body=body, key="k")

    answers = await asyncio.gather(*(person.submit(body=body, key="k") for _ in range(20)))

    assert {answer.json()["id"] for answer in answers} == {first.json()["id"]}
    assert {answer.status_code for answer in answers} == {202}
    assert {answer.headers["idempotent-replayed"] for answer in answers} == {"true"}
    assert {answer.headers["location"] for answer in answers} == {first.headers["location"]}
    assert len(studio.billing.heard) == 1


async def test_of_a_hundred_parallel_uses_of_a_key_one_makes_a_job(studio: Studio) -> None:
    person, body = studio.person("free"), {"prompt": "once"}

    answers = await asyncio.gather(*(person.submit(body=body, key="k") for _ in range(100)))

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert len(await studio.rows(person.account_id)) == 1


async def test_same_members_in_another_order_are_the_same_body(studio: Studio) -> None:
    person = studio.person()
    first = await person.submit(content=b'{"prompt":"a","style":"bold"}', key="k")

    again = await person.submit(content=b'{ "style": "bold",\n "prompt": "a" }', key="k")

    assert again.json()["id"] == first.json()["id"]


async def test_same_key_with_another_body_or_kind_is_refused(studio: Studio) -> None:
    person = studio.person()
    first = await person.submit(body={"prompt": "one"}, key="k")

    for answer in (
        await person.submit(body={"prompt": "two"}, key="k"),
        await person.submit("enlarge", {"scale": 2}, key="k"),
    ):
        document = problem(answer, 422, "IDEMPOTENCY_KEY_REUSED")
        assert document["job_id"] == first.json()["id"]
    assert len(studio.billing.heard) == 1


async def test_keys_of_different_accounts_are_strangers(studio: Studio) -> None:
    answers = [await studio.person().submit(body={"prompt": "p"}, key="k") for _ in range(2)]

    assert answers[0].json()["id"] != answers[1].json()["id"]


async def test_a_second_identical_click_is_no_second_job(studio: Studio) -> None:
    person, body = studio.person(), {"prompt": "click"}
    first = await person.submit(body=body)

    document = problem(await person.submit(body=body), 409, "OPERATION_IN_PROGRESS")

    assert document["job_id"] == first.json()["id"]
    assert len(studio.billing.heard) == 1


async def test_limits_answer_429_with_the_rule_and_when_to_come_back(studio: Studio) -> None:
    person = studio.person("free")
    for _ in range(2):
        assert (await person.submit()).status_code == 202
    in_flight = await person.submit()
    document = problem(in_flight, 429, "TOO_MANY_IN_FLIGHT")
    assert (document["rule"], document["limit"], document["in_flight"]) == ("jobs_in_flight", 2, 2)
    assert in_flight.headers["retry-after"] == "5"

    for event in studio.billing.heard:
        await studio.parts.limits.finished(person.account_id, event.job.job_id)
    for _ in range(3):
        answer = await person.submit()
        if answer.status_code == 202:
            await studio.parts.limits.finished(person.account_id, from_text("job", answer.json()["id"]))
    limited = await person.submit()
    document = problem(limited, 429, "RATE_LIMITED")
    assert (document["rule"], document["limit"]) == ("submissions_per_minute", 5)
    assert 1 <= int(limited.headers["retry-after"]) <= 12


async def test_the_day_s_quota_answers_429_until_midnight(studio: Studio) -> None:
    person = studio.person("free")
    await studio.parts.limits.seed({person.account_id})
    await studio.parts.redis.set(AccountKeys(person.account_id).today(now()), 10)

    answer = await person.submit()

    document = problem(answer, 429, "QUOTA_EXCEEDED")
    assert (document["rule"], document["limit"], document["used"]) == ("jobs_per_day", 10, 10)
    assert 0 < int(answer.headers["retry-after"]) <= 86400


async def test_an_unknown_plan_has_the_limits_of_free(studio: Studio) -> None:
    answer = await studio.person("no-longer-sold").submit()

    assert answer.status_code == 202
    assert answer.headers["ratelimit-policy"] == '"submissions";q=5;w=60'
    assert studio.billing.heard[0].job.weight == 1


async def test_without_redis_submissions_are_accepted_within_half_the_rate(
    database_url: str, catalogue: object
) -> None:
    async with open_studio(database_url, "redis://127.0.0.1:1/0", verdict_seconds_max=0.02) as studio:
        person = studio.person("pro")

        answers = [await person.submit() for _ in range(7)]

        assert [answer.status_code for answer in answers] == [202] * 5 + [429] * 2
        assert {answer.json()["status"] for answer in answers[:5]} == {"submitted"}
        problem(answers[5], 429, "RATE_LIMITED")
        assert len(await studio.rows(person.account_id)) == 5


@pytest.fixture
async def forgetful(redis: Redis) -> AsyncIterator[None]:
    """Redis keeps no file."""
    await redis.config_set("appendonly", "no")
    yield
    await redis.config_set("appendonly", "yes")


async def test_without_the_database_and_a_redis_that_keeps_a_file_nothing_is_promised(
    database_url: str, redis_url: str, catalogue: object, forgetful: None
) -> None:
    async with wire_to(database_url) as (wire, url), open_studio(url, redis_url) as studio:
        person = studio.person()
        assert (await person.submit()).status_code == 202

        wire.cut()
        refused = await person.submit()
        wire.mend()

        problem(refused, 503, "DEGRADED")
        assert "retry-after" in refused.headers
        assert await studio.parts.redis.xlen(KEY) == 0
        assert (await person.submit()).status_code == 202, "it is back by itself"


async def test_goes_on_after_redis_was_emptied_in_between(studio: Studio) -> None:
    person = studio.person("free")
    assert (await person.submit()).status_code == 202
    await studio.parts.redis.flushall()
    assert (await person.submit()).status_code == 202

    problem(await person.submit(), 429, "TOO_MANY_IN_FLIGHT")


async def test_a_disabled_kind_is_a_503_and_an_unknown_one_a_404(studio: Studio) -> None:
    paused = SKETCH.model_copy(update={"name": "paused", "digest": "p"})
    await declare(studio.parts.database, paused)
    async with studio.parts.database.unit_of_work() as uow:
        await uow.execute("UPDATE kinds SET enabled = false WHERE name = 'paused'")
    await studio.parts.catalogue.load()
    person = studio.person()

    problem(await person.submit("paused"), 503, "KIND_DISABLED")
    problem(await person.submit("nothing-like-it"), 404, "NOT_FOUND")
    problem(await person.submit("nothing%00like%ff"), 404, "NOT_FOUND")
    assert not studio.billing.heard


async def test_nobody_submits_without_credentials(studio: Studio) -> None:
    person = studio.person()
    del person.http.headers["authorization"]

    problem(await person.submit(), 401, "UNAUTHORIZED")


async def test_word_of_a_replay_is_waited_for_too(studio: Studio) -> None:
    person, body = studio.person(), {"prompt": "slow"}
    studio.billing.silent = True
    first = asyncio.create_task(person.submit(body=body, key="k"))
    async with asyncio.timeout(HEARD_SECONDS_MAX):
        while not studio.billing.heard:  # noqa: ASYNC110 - billing's stand-in hears of it by a stream
            await asyncio.sleep(0.01)
    second = asyncio.create_task(person.submit(body=body, key="k"))
    for _ in range(500):
        if studio.billing.heard:
            break
        await asyncio.sleep(0.02)
    word = studio.billing.word(studio.billing.heard[0])
    assert isinstance(word, CreditsHeld)
    await studio.billing.say(word)

    answers = [await first, await second]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json()["id"] == answers[1].json()["id"]


async def test_more_than_may_wait_is_a_503_to_come_back_after(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(studio.parts.admission._admitting, "_waiting_max", 0)

    answer = await studio.person().submit()

    problem(answer, 503, "DEPENDENCY_UNAVAILABLE")
    assert answer.headers["retry-after"] == "1"
