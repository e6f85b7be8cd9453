"""Submissions while the database is away: answered, held once, replayed once, and never more than there is room for."""

import asyncio
import signal
import time
from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from common.ids import from_text, to_text
from gateway.degraded import replaying
from gateway.degraded.held_stream import KEY
from gateway.degraded.replaying import Replayer

from ..jobs.studio import Person, Studio
from ..jobs.test_submitting import problem
from .conftest import OpenReplica, PostgresServer, give_back, take_away, until


def ids(answers: list[Any]) -> list[str]:
    return [answer.json()["id"] for answer in answers]


async def heard_of(studio: Studio, person: Person) -> list[str]:
    """The jobs of a person as billing has heard of them."""
    return [str(event.job.job_id) for event in studio.billing.heard if event.account_id == person.account_id]


async def test_fifty_submissions_without_a_database_are_fifty_jobs_of_one_charge_each(
    studio: Studio, present: PostgresServer
) -> None:
    person = studio.person()
    await take_away(present, studio)

    started = time.monotonic()
    single = await asyncio.gather(*(person.submit() for _ in range(30)))
    keyed = await asyncio.gather(
        *(person.submit(body={"prompt": f"of key {n % 5}"}, key=f"key-{n % 5}") for n in range(20))
    )
    assert time.monotonic() - started < 3
    answers = single + keyed

    assert {answer.status_code for answer in answers} == {202}, [answer.text for answer in answers]
    assert {answer.headers["x-degraded"] for answer in answers} == {"database"}
    assert {answer.json()["status"] for answer in answers} == {"submitted"}
    assert len(set(ids(single))) == 30
    assert len(set(ids(keyed))) == 5, "a key is one job"
    assert sum("idempotent-replayed" in answer.headers for answer in keyed) == 15
    other = await person.submit(body={"prompt": "another"}, key="key-1")
    assert problem(other, 422, "IDEMPOTENCY_KEY_REUSED")["job_id"] == ids(keyed)[1]
    again = await person.http.get(answers[0].headers["location"])
    assert (again.status_code, again.json()["status"]) == (200, "submitted")
    assert again.headers["x-degraded"] == "database; age=0"

    await give_back(present, studio)

    rows = await studio.rows(person.account_id)
    promised = {str(from_text("job", job_id)) for job_id in ids(answers)}
    assert {str(row.job_id) for row in rows} == promised
    assert len(rows) == 35
    assert {row.idempotency_key for row in rows} == {None, *(f"key-{n}" for n in range(5))}
    heard = await until(lambda: len(studio.billing.heard) >= 35 and heard_of(studio, person), "billing")
    assert sorted(heard) == sorted(promised)
    answer = await person.submit(body={"prompt": "of key 3"}, key="key-3")
    assert (answer.json()["id"], answer.headers["idempotent-replayed"]) == (ids(keyed)[3], "true")
    assert "x-degraded" not in answer.headers
    problem(await person.submit(body={"prompt": "another"}, key="key-3"), 422, "IDEMPOTENCY_KEY_REUSED")


async def test_the_first_submission_of_an_outage_waits_about_a_second_at_most(
    studio: Studio, present: PostgresServer
) -> None:
    person = studio.person()
    await asyncio.to_thread(present.stop)

    started = time.monotonic()
    answer = await person.submit()

    assert answer.status_code == 202, answer.text
    assert answer.headers["x-degraded"] == "database"
    assert time.monotonic() - started < 1.6


@pytest.mark.parametrize("remembered", [0, 2])
async def test_a_key_that_was_used_before_the_outage_gives_its_job(
    open_replica: OpenReplica, present: PostgresServer, remembered: int
) -> None:
    studio = await open_replica(last_known_mebibytes_max=remembered)
    person = studio.person()
    body = {"prompt": "before the outage"}
    before = (await person.submit(body=body, key="k")).json()
    await take_away(present, studio)

    during = await person.submit(body=body, key="k")
    other = await person.submit(body={"prompt": "other"}, key="k")

    assert (during.status_code, during.json()["id"]) == (202, before["id"])
    assert during.headers["idempotent-replayed"] == "true"
    assert during.headers["x-degraded"].startswith("database")
    problem(other, 422, "IDEMPOTENCY_KEY_REUSED")
    await give_back(present, studio)
    assert [str(row.job_id) for row in await studio.rows(person.account_id)] == [str(from_text("job", before["id"]))]
    assert len(await heard_of(studio, person)) == 1


async def test_an_id_that_repeats_a_key_redis_has_forgotten_stands_for_the_first_job(
    studio: Studio, present: PostgresServer, redis: Redis
) -> None:
    person = studio.person()
    first = (await person.submit(body={"prompt": "p"}, key="k")).json()["id"]
    await take_away(present, studio)
    await redis.flushall()

    same = (await person.submit(body={"prompt": "p"}, key="k")).json()["id"]
    await give_back(present, studio)

    shown = await person.http.get(f"/v1/jobs/{same}")
    assert (shown.status_code, shown.json()["id"]) == (200, first)
    assert len(await studio.rows(person.account_id)) == 1
    assert (await studio.person().http.get(f"/v1/jobs/{same}")).status_code == 404, "to nobody else"


async def test_another_body_under_a_key_redis_has_forgotten_gets_the_job_it_was_promised(
    studio: Studio, present: PostgresServer, redis: Redis
) -> None:
    person = studio.person()
    await person.submit(body={"prompt": "one"}, key="k")
    await take_away(present, studio)
    await redis.flushall()

    other = (await person.submit(body={"prompt": "two"}, key="k")).json()["id"]
    await give_back(present, studio)

    assert (await person.http.get(f"/v1/jobs/{other}")).json()["id"] == other
    assert [row.idempotency_key for row in await studio.rows(person.account_id)] == ["k", None]


async def test_a_key_that_is_held_is_known_when_the_database_is_back_before_the_replay(
    open_replica: OpenReplica, present: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = await open_replica()
    person = studio.person()
    await take_away(present, studio)
    held = (await person.submit(body={"prompt": "p"}, key="k")).json()["id"]
    monkeypatch.setattr(Replayer, "replay_all", _nothing)
    await asyncio.to_thread(present.start)
    await until(lambda: not studio.parts.degraded.outages.database.is_away, "the database")

    same = await person.submit(body={"prompt": "p"}, key="k")
    other = await person.submit(body={"prompt": "q"}, key="k")
    shown = await person.http.get(f"/v1/jobs/{held}")

    assert (same.status_code, same.json()["id"]) == (202, held)
    problem(other, 422, "IDEMPOTENCY_KEY_REUSED")
    assert (shown.status_code, shown.headers["x-degraded"]) == (200, "database")
    problem(await person.http.post(f"/v1/jobs/{held}/cancel"), 503, "DEGRADED")
    assert await studio.rows(person.account_id) == []


async def test_two_that_replay_the_same_and_one_that_dies_in_the_middle_make_each_job_once(
    open_replica: OpenReplica, present: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = await open_replica(), await open_replica()
    person = one.person()
    await take_away(present, one, two)
    answers = await asyncio.gather(*(person.submit(key=f"k{n}") for n in range(40)))
    assert {answer.status_code for answer in answers} == {202}
    monkeypatch.setattr(replaying, "BATCH_MAX", 7)
    monkeypatch.setattr("gateway.degraded.held_stream.LEASE_MS", 300)
    died: list[str] = []

    async def die(entries: Any) -> int:
        died.append("between the commit and the release")
        raise SystemError("killed")

    monkeypatch.setattr(one.parts.degraded.stream, "release", die)

    async def once_it_died(owner: str) -> bool:
        return bool(died)

    monkeypatch.setattr(two.parts.degraded.stream, "lease", once_it_died)

    await give_back(present, one, two)

    assert died, "nobody died, so nothing was tested"
    rows = await one.rows(person.account_id)
    assert sorted(str(row.job_id) for row in rows) == sorted(str(from_text("job", item)) for item in ids(answers))
    await until(lambda: len(one.billing.heard) >= 40, "billing")
    await asyncio.sleep(0.2)
    assert len(await heard_of(one, person)) == 40


async def test_another_replica_takes_over_from_one_that_holds_the_lease_and_is_gone(
    open_replica: OpenReplica, present: PostgresServer, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = await open_replica()
    await take_away(present, studio)
    assert (await studio.person().submit()).status_code == 202
    await redis.set(f"{KEY}:replayer", "somebody who was killed", px=1500)
    await asyncio.to_thread(present.start)
    await asyncio.sleep(0.9)
    assert await redis.xlen(KEY) == 1, "the lease is respected"

    await until(lambda: _is_empty(redis), "the replay", seconds=5)


async def test_beyond_the_cap_nothing_is_kept_and_nothing_counts(
    open_replica: OpenReplica, present: PostgresServer, redis: Redis
) -> None:
    studio = await open_replica(held_submissions_max=3)
    person = studio.person("free")
    others = [studio.person() for _ in range(3)]
    await take_away(present, studio)
    assert [(await other.submit()).status_code for other in others] == [202] * 3

    refused = [await person.submit(key="mine") for _ in range(4)]

    for answer in refused:
        problem(answer, 503, "DEGRADED")
        assert int(answer.headers["retry-after"]) > 0
    await give_back(present, studio)
    assert (await person.submit(key="mine")).status_code == 202, "a refusal burns neither the key nor the day"
    assert len(await studio.rows(person.account_id)) == 1
    assert await redis.get(f"{KEY}:bytes") == b"0"
    assert await redis.hlen(f"{KEY}:index") == 0  # type: ignore[misc]


async def test_bytes_are_capped_too(open_replica: OpenReplica, present: PostgresServer) -> None:
    studio = await open_replica(held_submissions_max=2)
    person = studio.person()
    await take_away(present, studio)

    large = await person.submit(body={"prompt": "p", "notes": "x" * 5000})

    problem(large, 503, "DEGRADED")
    assert (await person.submit()).status_code == 202


async def test_what_cannot_be_replayed_is_set_aside_and_holds_nobody_up(
    studio: Studio, present: PostgresServer, redis: Redis
) -> None:
    person = studio.person()
    await take_away(present, studio)
    await redis.xadd(KEY, {"body": "no submission", "account": uuid4().hex, "job": uuid4().hex})
    held = await person.submit()
    _, fields = (await redis.xrevrange(KEY, count=1))[0]
    poison = {
        **fields,
        b"job": uuid4().hex,
        b"body": fields[b"body"].replace(b'"kind":"sketch"', b'"kind":"sk\\u0000"'),
    }
    poison[b"body"] = poison[b"body"].replace(str(from_text("job", held.json()["id"])).encode(), str(uuid4()).encode())
    await redis.xadd(KEY, poison)
    await redis.xadd(KEY, {b"\xff\xfe": b"\xff"})
    after = await person.submit()

    await give_back(present, studio)

    rows = await studio.rows(person.account_id)
    assert sorted(ids([held, after])) == sorted(_names(rows))
    aside = await redis.xrange(f"{KEY}:set-aside")
    assert len(aside) == 3
    assert all(fields[b"error"] for _, fields in aside)
    assert aside[0][1][b"body"] == b"no submission"


async def test_a_job_is_given_its_whole_time_however_long_it_was_held(
    studio: Studio, present: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = studio.person()
    await take_away(present, studio)
    await person.submit()
    await asyncio.sleep(1.2)

    await give_back(present, studio)

    (row,) = await studio.rows(person.account_id)
    (event,) = await until(lambda: _events_of(studio, person), "billing")
    assert (row.deadline_at - row.created_at).total_seconds() > 3600 + 1
    assert event.job.deadline_at == row.deadline_at
    assert event.occurred_at == row.created_at


async def test_limits_hold_while_the_database_is_away_also_for_who_was_not_here_today(
    studio: Studio, present: PostgresServer
) -> None:
    person = studio.person("free")
    await take_away(present, studio)

    answers = [await person.submit() for _ in range(3)]
    click = studio.person()
    twice = [await click.submit(body={"prompt": "the same"}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert answers[2].json()["code"] == "TOO_MANY_IN_FLIGHT"
    assert [answer.status_code for answer in twice] == [202, 409]


async def test_a_crash_of_redis_loses_no_held_submission(
    studio: Studio, present: PostgresServer, own_redis_server: Any
) -> None:
    person = studio.person()
    await take_away(present, studio)
    answer = await person.submit()
    await asyncio.to_thread(own_redis_server.stop, signal.SIGKILL)
    await asyncio.to_thread(own_redis_server.start)

    await give_back(present, studio)

    assert _names(await studio.rows(person.account_id)) == ids([answer])


async def test_the_repeats_of_others_stay_their_own(studio: Studio, present: PostgresServer) -> None:
    one, two = studio.person(), studio.person()
    await take_away(present, studio)
    answers = [await person.submit(body={"prompt": "p"}, key="k") for person in (one, two)]

    assert len(set(ids(answers))) == 2
    stranger = await two.http.get(answers[0].headers["location"])

    problem(stranger, 503, "DEGRADED")
    await give_back(present, studio)
    async with studio.parts.database.autocommit() as connection:
        assert (
            await connection.execute(
                text("SELECT count(*) FROM held_repeats WHERE account_id = :a"), {"a": two.account_id}
            )
        ).scalar_one() == 0


def _names(rows: list[Any]) -> list[str]:
    return [to_text("job", row.job_id) for row in rows]


def _events_of(studio: Studio, person: Person) -> list[Any]:
    return [event for event in studio.billing.heard if event.account_id == person.account_id]


async def _is_empty(redis: Redis) -> bool:
    return bool(await redis.xlen(KEY) == 0)


async def _nothing(self: Replayer) -> int:
    return 0
