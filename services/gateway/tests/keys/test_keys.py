"""API keys over HTTP: made, used, listed, revoked, expired; never somebody else's."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from common.db.database import Database
from common.ids import new_id, to_text
from gateway.keys.rules import SCOPES, digest

from ..conftest import PASSWORD, bearer


async def create(client: httpx2.AsyncClient, session: dict[str, Any], **body: Any) -> httpx2.Response:
    return await client.post("/v1/keys", json={"name": "server"} | body, headers=bearer(session["access_token"]))


async def test_key_works_at_once_and_is_shown_once(client: httpx2.AsyncClient, session: dict[str, Any]) -> None:
    answer = await create(client, session, name="build server")

    key = answer.json()
    assert answer.status_code == 201
    assert key["name"] == "build server"
    assert key["scopes"] == sorted(SCOPES)
    assert key["last_used_at"] is None
    me = await client.get("/v1/me", headers=bearer(key["secret"]))
    assert me.status_code == 200
    assert me.json()["account"] == session["account"]
    listed = await client.get("/v1/keys", headers=bearer(session["access_token"]))
    assert listed.json()["items"] == [{name: value for name, value in key.items() if name != "secret"}]
    assert key["secret"].startswith(key["hint"].rstrip("…"))


async def test_secret_is_stored_as_hash_only(
    client: httpx2.AsyncClient, session: dict[str, Any], database: Database
) -> None:
    secret = (await create(client, session)).json()["secret"]

    async with database.autocommit() as connection:
        rows = (await connection.execute(text("SELECT api_keys::text FROM api_keys"))).scalars().all()

    assert digest(secret).hex() in json.dumps(rows)
    assert secret not in json.dumps(rows)


async def test_revoked_key_stops_at_once(client: httpx2.AsyncClient, session: dict[str, Any]) -> None:
    key = (await create(client, session)).json()
    assert (await client.get("/v1/me", headers=bearer(key["secret"]))).status_code == 200

    remove = [await client.delete(f"/v1/keys/{key['id']}", headers=bearer(session["access_token"])) for _ in range(2)]

    assert [answer.status_code for answer in remove] == [204, 204]
    assert (await client.get("/v1/me", headers=bearer(key["secret"]))).status_code == 401
    assert (await client.get("/v1/keys", headers=bearer(session["access_token"]))).json() == {"items": []}


async def test_expired_key_is_refused(client: httpx2.AsyncClient, session: dict[str, Any], database: Database) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=0.4)).isoformat()
    key = (await create(client, session, expires_at=soon)).json()
    assert (await client.get("/v1/me", headers=bearer(key["secret"]))).status_code == 200

    await asyncio.sleep(0.5)

    # Remembered a moment ago, and still not for longer than it lives.
    assert (await client.get("/v1/me", headers=bearer(key["secret"]))).status_code == 401


async def test_key_cannot_manage_keys_or_sessions(client: httpx2.AsyncClient, session: dict[str, Any]) -> None:
    key = (await create(client, session)).json()
    as_key = bearer(key["secret"])

    answers = [
        await client.post("/v1/keys", json={"name": "another"}, headers=as_key),
        await client.get("/v1/keys", headers=as_key),
        await client.delete(f"/v1/keys/{key['id']}", headers=as_key),
        await client.delete("/v1/sessions", headers=as_key),
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(403, "FORBIDDEN")] * 4


async def test_key_of_another_account_is_not_found(client: httpx2.AsyncClient, session: dict[str, Any]) -> None:
    body = {"email": "other." + session["user"]["email"], "password": PASSWORD}
    stranger = (await client.post("/v1/users", json=body)).json()
    key = (await create(client, session)).json()

    answer = await client.delete(f"/v1/keys/{key['id']}", headers=bearer(stranger["access_token"]))

    assert answer.status_code == 404
    assert (await client.get("/v1/me", headers=bearer(key["secret"]))).status_code == 200
    assert (await client.get("/v1/keys", headers=bearer(stranger["access_token"]))).json() == {"items": []}


@pytest.mark.parametrize("key_id", ["x", "key_", "usr_" + "0" * 26, "key_" + "z" * 26, "%00", to_text("key", new_id())])
async def test_unknown_key_is_not_found(client: httpx2.AsyncClient, session: dict[str, Any], key_id: str) -> None:
    answer = await client.delete(f"/v1/keys/{key_id}", headers=bearer(session["access_token"]))

    assert answer.status_code == 404


async def test_of_keys_made_at_once_an_account_gets_twenty(client: httpx2.AsyncClient, session: dict[str, Any]) -> None:
    answers = await asyncio.gather(*(create(client, session) for _ in range(24)))

    assert sorted(answer.status_code for answer in answers) == [201] * 20 + [409] * 4
    one = next(answer.json() for answer in answers if answer.status_code == 201)
    await client.delete(f"/v1/keys/{one['id']}", headers=bearer(session["access_token"]))
    assert (await create(client, session)).status_code == 201


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": ""}, "/body/name"),
        ({"name": "   "}, "/body/name"),
        ({"name": "nul\x00"}, "/body/name"),
        ({"name": "line\nbreak"}, "/body/name"),
        ({"name": "x" * 81}, "/body/name"),
        ({"name": "\ud800"}, "/body/name"),
        ({"name": 7}, "/body/name"),
        ({"scopes": []}, "/body/scopes"),
        ({"scopes": ["admin"]}, "/body/scopes/0"),
        ({"scopes": "jobs:read"}, "/body/scopes"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "/body/expires_at"),
        ({"expires_at": "2999-01-01T00:00:00"}, "/body/expires_at"),
        ({"expires_at": "soon"}, "/body/expires_at"),
        ({"expires_at": 10**30}, "/body/expires_at"),
    ],
)
async def test_refuses_garbage_by_field(
    client: httpx2.AsyncClient, session: dict[str, Any], change: dict[str, Any], pointer: str
) -> None:
    headers = bearer(session["access_token"]) | {"content-type": "application/json"}

    answer = await client.post("/v1/keys", content=json.dumps({"name": "server"} | change), headers=headers)

    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_repeated_scopes_count_once(client: httpx2.AsyncClient, session: dict[str, Any]) -> None:
    answer = await create(client, session, scopes=["jobs:read", "jobs:read"])

    assert answer.json()["scopes"] == ["jobs:read"]
