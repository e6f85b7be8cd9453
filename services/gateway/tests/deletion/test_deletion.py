"""Deleting an account: nobody acts for it any more, nothing personal is left, every answer is on record."""

import asyncio
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import text

from common.bus.handlers import Handlers
from common.db.database import Database
from common.events.deletion import ArtefactsDeleted, RecipientErased
from common.events.envelope import Event
from common.ids import from_text, new_id, to_text
from gateway.deletion.handlers import register
from gateway.deletion.rules import new_deletion
from gateway.deletion.scrubbing import Scrubbing
from gateway.sessions.attempts import AttemptLimits

from ..conftest import PASSWORD, BuildIdentity, bearer

_ADD_JOB = text(
    """
    INSERT INTO jobs (job_id, account_id, kind, job_class, status, rank, price_credits, input, request_hash,
                      created_at, deadline_at, result, idempotency_key, charged_credits)
    VALUES (:job_id, :account_id, 'sketch', 'image', :status, :rank, 5, '{"prompt": "my secret wish"}', 'hash',
            now(), now(), '{"url": "https://cdn.example/wish.webp"}', 'wish', 5)
    """
)
_TRACES = text(
    """
    SELECT users::text FROM users WHERE account_id = :account_id
    UNION ALL SELECT api_keys::text FROM api_keys WHERE account_id = :account_id
    UNION ALL SELECT jobs::text FROM jobs WHERE account_id = :account_id
    UNION ALL SELECT user_links::text FROM user_links JOIN users USING (user_id) WHERE account_id = :account_id
    """
)
_SAID = text("SELECT type FROM outbox WHERE body::jsonb->>'account_id' = :account_id ORDER BY event_id")


def account_of(session: dict[str, Any]) -> UUID:
    return from_text("acc", session["account"]["id"])


async def delete(client: httpx2.AsyncClient, session: dict[str, Any], password: str = PASSWORD) -> httpx2.Response:
    headers = bearer(session["access_token"])
    return await client.request("DELETE", "/v1/me", json={"password": password}, headers=headers)


async def progress(client: httpx2.AsyncClient, deletion: dict[str, Any]) -> dict[str, Any]:
    answer = await client.get(f"/v1/me/deletion/{deletion['id']}", headers=bearer(deletion["receipt"]))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def add_job(database: Database, account_id: UUID, status: str = "succeeded", rank: int = 3) -> UUID:
    job_id = new_id()
    async with database.autocommit() as connection:
        parameters = {"job_id": job_id, "account_id": account_id, "status": status, "rank": rank}
        await connection.execute(_ADD_JOB, parameters)
    return job_id


async def said(database: Database, account_id: UUID) -> list[str]:
    async with database.autocommit() as connection:
        return list((await connection.execute(_SAID, {"account_id": str(account_id)})).scalars())


async def hear(database: Database, *events: Event) -> None:
    handlers = Handlers()
    register(handlers)
    for event in events:
        handler = handlers.single(type(event))
        assert handler is not None
        async with database.unit_of_work() as uow:
            await handler(event, uow)


async def test_nobody_acts_for_the_account_from_the_answer_on(
    client: httpx2.AsyncClient, session: dict[str, Any], build_identity: BuildIdentity
) -> None:
    key = (await client.post("/v1/keys", json={"name": "k"}, headers=bearer(session["access_token"]))).json()
    assert (await client.get("/v1/me", headers=bearer(key["secret"]))).status_code == 200
    elsewhere = build_identity()

    answer = await delete(client, session)

    assert answer.status_code == 202, answer.text
    assert (await client.get("/v1/me", headers=bearer(key["secret"]))).status_code == 401
    assert (await client.get("/v1/me", headers=bearer(session["access_token"]))).status_code == 401
    refresh = await client.post("/v1/sessions/refresh", json={"refresh_token": session["refresh_token"]})
    assert refresh.status_code == 401
    sign_in = {"email": session["user"]["email"], "password": PASSWORD}
    assert (await client.post("/v1/sessions", json=sign_in)).status_code == 401
    await elsewhere.authenticator.closed_accounts.load()
    async with elsewhere.client() as replica:
        assert (await replica.get("/v1/me", headers=bearer(session["access_token"]))).status_code == 401


async def test_address_is_free_again_and_another_account(client: httpx2.AsyncClient, session: dict[str, Any]) -> None:
    await delete(client, session)

    again = await client.post("/v1/users", json={"email": session["user"]["email"], "password": PASSWORD})

    assert again.status_code == 201
    assert again.json()["account"]["id"] != session["account"]["id"]


async def test_nothing_personal_is_left_and_figures_are(
    client: httpx2.AsyncClient, session: dict[str, Any], database: Database
) -> None:
    account_id = account_of(session)
    await client.post("/v1/keys", json={"name": "my laptop"}, headers=bearer(session["access_token"]))
    await add_job(database, account_id)

    await delete(client, session)
    await Scrubbing(database).sweep()

    async with database.autocommit() as connection:
        left = "\n".join((await connection.execute(_TRACES, {"account_id": account_id})).scalars())
        figures = text("SELECT kind, price_credits, charged_credits FROM jobs WHERE account_id = :account_id")
        row = (await connection.execute(figures, {"account_id": account_id})).one()
    for personal in (session["user"]["email"], "my laptop", "wish", "argon2"):
        assert personal not in left
    assert f"deleted-{from_text('usr', session['user']['id'])}@invalid" in left
    assert tuple(row) == ("sketch", 5, 5)


async def test_every_answer_is_recorded_and_the_last_completes(
    client: httpx2.AsyncClient, session: dict[str, Any], database: Database
) -> None:
    account_id = account_of(session)
    deletion = (await delete(client, session)).json()
    deletion_id = from_text("del", deletion["id"])
    assert {answer["processor"]: answer["status"] for answer in deletion["answers"]} == {
        "billing": "kept",
        "gateway": "pending",
        "generation": "pending",
        "notifier": "pending",
    }
    about = {"account_id": account_id, "deletion_id": deletion_id}
    artefacts = ArtefactsDeleted(**about, deleted_count=3, missing_count=1, refused_count=0)

    await hear(database, artefacts, artefacts)
    await Scrubbing(database).sweep()
    assert (await progress(client, deletion))["completed_at"] is None
    await hear(database, RecipientErased(**about, events_count=7, mails_count=2))

    done = await progress(client, deletion)
    assert done["completed_at"] is not None
    by_processor = {answer["processor"]: answer for answer in done["answers"]}
    assert by_processor["generation"]["detail"] == {"deleted_count": 3, "missing_count": 1, "refused_count": 0}
    assert by_processor["notifier"]["detail"] == {"events_count": 7, "mails_count": 2}
    assert "tax" in by_processor["billing"]["detail"]["reason"]


async def test_work_under_way_is_stopped_and_waited_for(
    client: httpx2.AsyncClient, session: dict[str, Any], database: Database
) -> None:
    account_id = account_of(session)
    job_id = await add_job(database, account_id, "running", 2)

    deletion = (await delete(client, session)).json()
    await Scrubbing(database).sweep()

    assert await said(database, account_id) == ["user.registered", "job.cancel_requested", "account.deletion_requested"]
    assert {a["processor"]: a["status"] for a in (await progress(client, deletion))["answers"]}["gateway"] == "pending"
    async with database.autocommit() as connection:
        sql = text("UPDATE jobs SET status = 'cancelled', rank = 3 WHERE job_id = :job_id")
        await connection.execute(sql, {"job_id": job_id})
    await Scrubbing(database).sweep()
    assert {a["processor"]: a["status"] for a in (await progress(client, deletion))["answers"]}["gateway"] == "done"


async def test_wrong_password_deletes_nothing(
    client: httpx2.AsyncClient, session: dict[str, Any], database: Database
) -> None:
    answer = await delete(client, session, "wrong horse battery")

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "password_wrong")
    assert (await client.get("/v1/me", headers=bearer(session["access_token"]))).status_code == 200
    assert await said(database, account_of(session)) == ["user.registered"]


async def test_key_cannot_delete_the_account(client: httpx2.AsyncClient, session: dict[str, Any]) -> None:
    key = (await client.post("/v1/keys", json={"name": "k"}, headers=bearer(session["access_token"]))).json()

    answer = await client.request("DELETE", "/v1/me", json={"password": PASSWORD}, headers=bearer(key["secret"]))

    assert answer.status_code == 403


async def test_of_deletions_at_once_one_is_asked_for(
    client: httpx2.AsyncClient, session: dict[str, Any], database: Database
) -> None:
    answers = await asyncio.gather(*(delete(client, session) for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [202, 401, 401, 401]
    assert (await said(database, account_of(session))).count("account.deletion_requested") == 1


async def test_a_deletion_that_meets_another_between_session_and_password_is_no_wrong_password(
    client: httpx2.AsyncClient, session: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    admit, first = AttemptLimits.admit_password, []

    async def meanwhile(limits: AttemptLimits, user_id: UUID) -> None:
        monkeypatch.setattr(AttemptLimits, "admit_password", admit)
        first.append(await delete(client, session))
        await admit(limits, user_id)

    monkeypatch.setattr(AttemptLimits, "admit_password", meanwhile)
    second = await delete(client, session)

    assert [answer.status_code for answer in (*first, second)] == [202, 401]


async def test_progress_is_for_the_receipt_alone(client: httpx2.AsyncClient, session: dict[str, Any]) -> None:
    deletion = (await delete(client, session)).json()
    path = f"/v1/me/deletion/{deletion['id']}"

    answers = [
        await client.get(path),
        await client.get(path, headers=bearer(new_deletion().receipt)),
        await client.get(path, headers=bearer("x")),
        await client.get(f"/v1/me/deletion/{to_text('del', new_id())}", headers=bearer(deletion["receipt"])),
        await client.get("/v1/me/deletion/nonsense", headers=bearer(deletion["receipt"])),
    ]

    assert [answer.status_code for answer in answers] == [401, 404, 404, 404, 404]


async def test_session_is_not_opened_for_a_password_that_was_changed_meanwhile(
    build_identity: BuildIdentity, session: dict[str, Any], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = build_identity()
    verify = identity.passwords.verify

    async def slow(password_hash: str | None, password: str) -> bool:
        matches = await verify(password_hash, password)
        async with database.autocommit() as connection:
            sql = text("UPDATE users SET password_hash = 'another' WHERE lower(email) = lower(:email)")
            await connection.execute(sql, {"email": session["user"]["email"]})
        return matches

    monkeypatch.setattr(identity.passwords, "verify", slow)
    async with identity.client() as client:
        answer = await client.post("/v1/sessions", json={"email": session["user"]["email"], "password": PASSWORD})

    assert answer.status_code == 401
