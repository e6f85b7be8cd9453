"""Reading, listing and cancelling: only what is one's own, page by page, and a cancellation is said once."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from common.clock import now
from common.db.database import Database
from common.figures import Place, encode_places, places_key
from common.ids import from_text, new_id, to_text
from gateway.jobs.storage import accept
from gateway.jobs.tables import BEST_OF

from .studio import Person, Studio, submission_of


async def jobs_of(studio: Studio, person: Person, count: int) -> list[str]:
    """So many jobs, oldest first, as their public ids."""
    made = [submission_of(studio.parts.catalogue, account_id=person.account_id) for _ in range(count)]
    await accept(studio.parts.database, made)
    return [to_text("job", item.job_id) for item in made]


async def change(studio: Studio, job: str, assignments: str, **values: Any) -> None:
    async with studio.parts.database.unit_of_work() as uow:
        await uow.execute(
            text(f"UPDATE jobs SET {assignments} WHERE job_id = :job_id"),  # noqa: S608 - the test's own text
            {"job_id": from_text("job", job), **values},
        )


async def listed(person: Person, **query: Any) -> tuple[list[str], str | None]:
    answer = await person.http.get("/v1/jobs", params=query)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    return [item["id"] for item in page["items"]], page["next_cursor"]


async def test_somebody_else_s_job_is_not_there(studio: Studio) -> None:
    owner, other = studio.person(), studio.person()
    (job,) = await jobs_of(studio, owner, 1)

    assert (await owner.http.get(f"/v1/jobs/{job}")).status_code == 200
    for answer in (await other.http.get(f"/v1/jobs/{job}"), await other.http.post(f"/v1/jobs/{job}/cancel")):
        assert answer.status_code == 404
        assert answer.json()["code"] == "NOT_FOUND"
    assert await listed(other) == ([], None)
    (row,) = await studio.rows(owner.account_id)
    assert row.cancel_requested_at is None


@pytest.mark.parametrize(
    "job_id", ["job_", "job_x", str(uuid4()), to_text("acc", new_id()), "job_" + "z" * 26, "%00", "job_" + "0" * 500]
)
async def test_what_is_no_id_of_a_job_is_not_there(studio: Studio, job_id: str) -> None:
    person = studio.person()

    assert (await person.http.get(f"/v1/jobs/{job_id}")).status_code == 404
    assert (await person.http.post(f"/v1/jobs/{job_id}/cancel")).status_code == 404


async def test_pages_show_each_job_once_newest_first(studio: Studio) -> None:
    person = studio.person()
    made = await jobs_of(studio, person, 25)
    seen: list[str] = []
    cursor: str | None = None
    for expected in (10, 10, 5):
        query = {"limit": 10} | ({"cursor": cursor} if cursor else {})
        items, cursor = await listed(person, **query)
        assert len(items) == expected
        seen += items
        if expected == 10:
            await jobs_of(studio, person, 3)

    assert seen == list(reversed(made)), "jobs made in between appear on no later page"
    assert cursor is None


async def test_a_full_last_page_has_no_next(studio: Studio) -> None:
    person = studio.person()
    await jobs_of(studio, person, 4)

    assert (await listed(person, limit=4))[1] is None


async def test_filters_by_kind_status_and_time(studio: Studio) -> None:
    person = studio.person()
    first, second, third, fourth = await jobs_of(studio, person, 4)
    await change(studio, first, "kind = 'enlarge'")
    await change(studio, second, "status = 'succeeded', rank = 3")
    await change(studio, third, "created_at = now() - interval '2 days'")
    yesterday = (now() - timedelta(days=1)).isoformat()

    assert (await listed(person, kind="enlarge"))[0] == [first]
    assert (await listed(person, status="succeeded"))[0] == [second]
    assert (await listed(person, created_before=yesterday))[0] == [third]
    assert (await listed(person, created_after=yesterday))[0] == [fourth, second, first]
    assert (await listed(person, created_after=yesterday, kind="sketch", status="submitted"))[0] == [fourth]
    assert (await listed(person, kind="never-heard-of"))[0] == []


async def test_the_best_of_an_owner_are_found_by_an_index_of_their_own(studio: Studio, database: Database) -> None:
    person, other = studio.person(), studio.person()
    (strangers,) = await jobs_of(studio, other, 1)
    first, second, third, _ = await jobs_of(studio, person, 4)
    for job, result in ((first, True), (second, False), (third, True), (strangers, True)):
        values = {"result": json.dumps({"score": 90, "best_of": result})}
        await change(studio, job, "status = 'succeeded', rank = 3, result = CAST(:result AS jsonb)", **values)

    assert (await listed(person, best_of="true"))[0] == [third, first]
    assert await listed(person, best_of="true", limit=1) == ([third], third)
    assert (await listed(person, best_of="true", cursor=third))[0] == [first]
    assert len((await listed(person, best_of="false"))[0]) == 4
    explained = text(f"EXPLAIN SELECT * FROM jobs WHERE account_id = :account AND {BEST_OF}")  # noqa: S608 - our own
    async with database.unit_of_work() as uow:
        await uow.execute("SET LOCAL enable_seqscan = off")
        plan = "".join((await uow.execute(explained, {"account": person.account_id})).scalars())
    assert "ix_jobs_best_of" in plan


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("cursor=nonsense", "/query/cursor"),
        ("cursor=" + to_text("acc", new_id()), "/query/cursor"),
        ("limit=0", "/query/limit"),
        ("limit=101", "/query/limit"),
        ("limit=ten", "/query/limit"),
        ("status=done", "/query/status"),
        ("kind=%00", "/query/kind"),
        ("kind=" + "k" * 101, "/query/kind"),
        ("created_after=yesterday", "/query/created_after"),
        ("created_after=2026-01-01T00:00:00", "/query/created_after"),
        ("created_before=99999999999999999999", "/query/created_before"),
    ],
)
async def test_names_the_query_parameter_that_cannot_be(studio: Studio, query: str, pointer: str) -> None:
    answer = await studio.person().http.get(f"/v1/jobs?{query}")

    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
async def test_times_at_the_ends_of_the_calendar_are_only_times(studio: Studio, moment: str) -> None:
    answer = await studio.person().http.get("/v1/jobs", params={"created_after": moment})

    assert answer.status_code in {200, 422}, answer.text


async def test_cancelling_is_said_once(studio: Studio) -> None:
    person = studio.person()
    (job,) = await jobs_of(studio, person, 1)

    answers = [await person.http.post(f"/v1/jobs/{job}/cancel") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [202] * 3
    assert await cancellations(studio, from_text("job", job)) == 1
    (row,) = await studio.rows(person.account_id)
    assert row.cancel_requested_at is not None


async def test_what_has_its_outcome_is_not_cancelled(studio: Studio) -> None:
    person = studio.person()
    (job,) = await jobs_of(studio, person, 1)
    await change(studio, job, "status = 'succeeded', rank = 3")

    answer = await person.http.post(f"/v1/jobs/{job}/cancel")

    assert answer.json()["status"] == "succeeded"
    assert await cancellations(studio, from_text("job", job)) == 0


async def cancellations(studio: Studio, job_id: UUID) -> int:
    async with studio.parts.database.autocommit() as connection:
        found = await connection.execute(
            text("SELECT count(*) FROM outbox WHERE type = 'job.cancel_requested' AND body LIKE :pattern"),
            {"pattern": f"%{job_id}%"},
        )
        return int(found.scalar_one())


async def test_shows_the_finished_job_with_its_error_and_attempts(studio: Studio) -> None:
    person = studio.person()
    (job,) = await jobs_of(studio, person, 1)
    attempt = {
        "step": "image",
        "provider": "openai",
        "model": "m",
        "outcome": "refused",
        "duration_seconds": 1.5,
        "cost_microusd": 7,
    }
    await change(
        studio,
        job,
        "status = 'failed', rank = 3, error = CAST(:error AS jsonb), attempts = jsonb_build_array(CAST(:a AS jsonb)),"
        " held_credits = 5, charged_credits = 0, returned_credits = 5, settled_at = now()",
        error='{"code": "MODERATION_BLOCKED", "detail": "no"}',
        a=json.dumps(attempt),
    )

    shown = (await person.http.get(f"/v1/jobs/{job}")).json()

    assert shown["error"] == {"code": "MODERATION_BLOCKED", "detail": "no"}
    assert shown["attempts"] == [{**attempt, "error_code": None, "branch": "first"}]
    assert shown["charge"] == {"price": 5, "held": 5, "charged": 0, "returned": 5, "settled": True}
    assert shown["queue"] is None


async def test_a_job_that_waits_is_shown_where_it_stands_now(studio: Studio) -> None:
    person, redis, places = studio.person(), studio.parts.redis, studio.parts.places
    waiting, running = await jobs_of(studio, person, 2)
    wait = {"position": 9, "start_seconds_p50": 90.0, "start_seconds_p90": 99.0}
    wait |= {"duration_seconds_p50": 1.0, "duration_seconds_p90": 2.0}
    for job, status in ((waiting, "queued"), (running, "running")):
        await change(studio, job, "status = :status, wait = CAST(:wait AS jsonb)", status=status, wait=json.dumps(wait))

    async def shown(job: str) -> Any:
        return (await person.http.get(f"/v1/jobs/{job}")).json()["queue"]

    now_at = [Place(person.account_id, from_text("job", job), 2, 5.0, 6.0, 1.0, 2.0) for job in (waiting, running)]
    await redis.set(places_key(), encode_places(now_at))
    await places.read()
    queue = await shown(waiting)
    assert (queue["position"], queue["start"]) == (2, {"p50_seconds": 5.0, "p90_seconds": 6.0})
    assert await shown(running) is None
    items = (await person.http.get("/v1/jobs")).json()["items"]
    assert [item["queue"] and item["queue"]["position"] for item in items] == [None, 2]

    await redis.delete(places_key())
    await places.read()
    assert (await shown(waiting))["position"] == 9, "where it stood when it was queued"
