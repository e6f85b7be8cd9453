"""Reads that the client has the answer of already: 304 while nothing has happened, the new state once it has."""

from typing import Any

from .studio import Studio
from .test_reading_jobs import change, jobs_of
from .test_submitting import problem

WAIT = (
    '{"position": 3, "start_seconds_p50": 5.0, "start_seconds_p90": 9.0,'
    ' "duration_seconds_p50": 4.0, "duration_seconds_p90": 8.0}'
)


async def again(http: Any, path: str, tag: str) -> Any:
    return await http.get(path, headers={"if-none-match": tag})


async def test_a_job_is_sent_again_only_once_something_has_happened_to_it(studio: Studio) -> None:
    person = studio.person()
    (job,) = await jobs_of(studio, person, 1)
    await change(studio, job, "status = 'queued', rank = 1, wait = CAST(:wait AS jsonb)", wait=WAIT)
    path = f"/v1/jobs/{job}"
    first = await person.http.get(path)
    tag = first.headers["etag"]

    same = await again(person.http, path, tag)

    assert same.status_code == 304, "the estimated times have moved on, the job has not"
    assert same.content == b""
    assert same.headers["etag"] == tag
    assert same.headers["cache-control"] == first.headers["cache-control"] == "private, no-cache"
    assert "Authorization" in same.headers["vary"]
    await change(studio, job, "status = 'running', rank = 2, progress = 0.4")
    changed = await again(person.http, path, tag)
    assert (changed.status_code, changed.json()["progress"]) == (200, 0.4)
    assert changed.headers["etag"] != tag


async def test_a_page_is_sent_again_only_once_one_of_its_jobs_has_changed(studio: Studio) -> None:
    person = studio.person()
    first, _ = await jobs_of(studio, person, 2)
    tag = (await person.http.get("/v1/jobs")).headers["etag"]

    assert (await again(person.http, "/v1/jobs", tag)).status_code == 304
    assert (await again(person.http, "/v1/jobs?limit=1", tag)).status_code == 200
    await change(studio, first, "progress = 0.1")
    assert (await again(person.http, "/v1/jobs", tag)).status_code == 200


async def test_a_304_is_counted_like_any_read(studio: Studio) -> None:
    person = studio.person()
    answer = await person.http.get("/v1/jobs")

    same = await again(person.http, "/v1/jobs", answer.headers["etag"])

    assert same.status_code == 304
    left = [int(item.headers["ratelimit"].partition("r=")[2].partition(";")[0]) for item in (answer, same)]
    assert left[1] < left[0]


async def test_a_tag_opens_nothing_that_is_somebody_else_s(studio: Studio) -> None:
    owner, other = studio.person(), studio.person()
    (job,) = await jobs_of(studio, owner, 1)
    tag = (await owner.http.get(f"/v1/jobs/{job}")).headers["etag"]

    problem(await again(other.http, f"/v1/jobs/{job}", tag), 404, "NOT_FOUND")
    problem(await again(other.http, f"/v1/jobs/{job}", "*"), 404, "NOT_FOUND")


async def test_kinds_are_sent_again_only_once_one_has_changed(studio: Studio) -> None:
    person = studio.person()
    tag = (await person.http.get("/v1/kinds")).headers["etag"]

    assert (await again(person.http, "/v1/kinds", tag)).status_code == 304


async def test_a_new_job_is_not_kept_by_anybody(studio: Studio) -> None:
    accepted = await studio.person().submit()

    assert accepted.status_code == 202
    assert accepted.headers["cache-control"] == "no-store"
