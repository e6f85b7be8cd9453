"""The export: everything of one's own, nothing of anybody else's, no secret, and a page at a time."""

import json
from typing import Any

import httpx2
from sqlalchemy import text

from common.db.database import Database
from common.ids import from_text, new_id, to_text
from gateway.users.export import Export

from ..conftest import PASSWORD, bearer

_ADD_JOBS = text(
    """
    INSERT INTO jobs (job_id, account_id, kind, job_class, status, rank, price_credits, input, request_hash,
                      created_at, deadline_at, result)
    SELECT job_id, :account_id, 'sketch', 'image', 'succeeded', 3, 5, '{"prompt": "une île"}', 'hash',
           now(), now(), '{"url": "https://cdn.example/1.webp"}'
    FROM unnest(CAST(:job_ids AS uuid[])) AS made (job_id)
    """
)


async def export(client: httpx2.AsyncClient, session: dict[str, Any]) -> httpx2.Response:
    return await client.get("/v1/me/export", headers=bearer(session["access_token"]))


async def add_jobs(database: Database, session: dict[str, Any], count: int) -> list[str]:
    job_ids = [new_id() for _ in range(count)]
    account_id = from_text("acc", session["account"]["id"])
    async with database.autocommit() as connection:
        await connection.execute(_ADD_JOBS, {"account_id": account_id, "job_ids": job_ids})
    return [to_text("job", job_id) for job_id in job_ids]


async def test_holds_profile_sessions_keys_and_jobs(
    client: httpx2.AsyncClient, session: dict[str, Any], database: Database
) -> None:
    made = await client.post("/v1/keys", json={"name": "server"}, headers=bearer(session["access_token"]))
    jobs = await add_jobs(database, session, 25)

    answer = await export(client, session)

    document = answer.json()
    assert answer.status_code == 200
    assert "attachment" in answer.headers["content-disposition"]
    assert document["user"] == session["user"]
    assert document["account"] == session["account"]
    assert document["elsewhere"]["credits"] == "https://studio.example/v1/credits"
    assert document["elsewhere"]["questionnaires"] == "https://studio.example/v1/questionnaires"
    assert [job["id"] for job in document["jobs"]] == jobs
    assert document["jobs"][0]["input"] == {"prompt": "une île"}
    assert document["jobs"][0]["result"] == {"url": "https://cdn.example/1.webp"}
    assert [key["id"] for key in document["keys"]] == [made.json()["id"]]
    assert len(document["sessions"]) == 1
    assert answer.headers["ratelimit-policy"] == '"exports";q=2;w=60'


async def test_holds_nothing_of_others_and_no_secret(
    client: httpx2.AsyncClient, session: dict[str, Any], database: Database
) -> None:
    body = {"email": f"other.{session['user']['email']}", "password": PASSWORD}
    stranger = (await client.post("/v1/users", json=body)).json()
    await add_jobs(database, stranger, 3)
    secret = (await client.post("/v1/keys", json={"name": "k"}, headers=bearer(session["access_token"]))).json()

    written = (await export(client, session)).text

    assert json.loads(written)["jobs"] == []
    assert stranger["user"]["email"] not in written
    assert secret["secret"] not in written
    assert "hash" not in written


async def test_is_read_a_page_at_a_time(session: dict[str, Any], database: Database) -> None:
    await add_jobs(database, session, 25)
    pieces = await Export(database, "https://studio.example").open(from_text("usr", session["user"]["id"]))

    sizes = [len(piece) async for piece in pieces]

    assert len(sizes) > 25
    assert max(sizes) < 1500


async def test_is_for_people_and_limited(client: httpx2.AsyncClient, session: dict[str, Any]) -> None:
    made = await client.post("/v1/keys", json={"name": "server"}, headers=bearer(session["access_token"]))
    as_key = await client.get("/v1/me/export", headers=bearer(made.json()["secret"]))

    answers = [await export(client, session) for _ in range(3)]

    assert as_key.status_code == 403
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[2].headers["retry-after"]) <= 30
