"""Rotating a key: a new secret at once, the old one until the overlap ends."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from common.db.database import Database
from common.ids import from_text, new_id, to_text
from gateway.keys.manage import Successor, rotate_key

from ..conftest import PASSWORD, Identity, bearer


async def create(client: httpx2.AsyncClient, session: dict[str, Any], **body: Any) -> dict[str, Any]:
    answer = await client.post("/v1/keys", json={"name": "server"} | body, headers=bearer(session["access_token"]))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def rotate(client: httpx2.AsyncClient, session: dict[str, Any], key_id: str, **body: Any) -> httpx2.Response:
    return await client.post(f"/v1/keys/{key_id}/rotate", json=body, headers=bearer(session["access_token"]))


async def works(client: httpx2.AsyncClient, key: dict[str, Any]) -> bool:
    return (await client.get("/v1/me", headers=bearer(key["secret"]))).status_code == 200


async def test_both_secrets_work_while_they_overlap(client: httpx2.AsyncClient, session: dict[str, Any]) -> None:
    old = await create(client, session, name="build server", scopes=["jobs:read"])

    answer = await rotate(client, session, old["id"], overlap_seconds=3600)

    new = answer.json()
    assert answer.status_code == 201
    assert (new["name"], new["scopes"], new["replaced_by"]) == ("build server", ["jobs:read"], None)
    assert new["id"] != old["id"]
    assert new["secret"] != old["secret"]
    assert [await works(client, key) for key in (old, new)] == [True, True]
    listed = (await client.get("/v1/keys", headers=bearer(session["access_token"]))).json()["items"]
    assert [item["id"] for item in listed] == [new["id"], old["id"]]
    assert listed[1]["replaced_by"] == new["id"]
    ends = datetime.fromisoformat(listed[1]["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=59) < ends <= timedelta(hours=1)


async def test_without_overlap_the_old_secret_ends_at_once_though_it_is_remembered(
    client: httpx2.AsyncClient, session: dict[str, Any]
) -> None:
    old = await create(client, session)
    assert await works(client, old)

    new = (await rotate(client, session, old["id"])).json()

    assert [await works(client, key) for key in (old, new)] == [False, True]


async def test_old_secret_ends_with_the_overlap_though_it_is_remembered(
    client: httpx2.AsyncClient, session: dict[str, Any]
) -> None:
    old = await create(client, session)
    await rotate(client, session, old["id"], overlap_seconds=1)
    assert await works(client, old)

    await asyncio.sleep(1.05)

    assert not await works(client, old)


async def test_overlap_never_prolongs_a_key_and_the_successor_keeps_its_expiry(
    client: httpx2.AsyncClient, session: dict[str, Any]
) -> None:
    soon = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    old = await create(client, session, expires_at=soon)

    new = (await rotate(client, session, old["id"], overlap_seconds=3600)).json()

    listed = (await client.get("/v1/keys", headers=bearer(session["access_token"]))).json()["items"]
    assert {item["expires_at"] for item in listed} == {new["expires_at"]} == {old["expires_at"]}


async def test_of_two_rotations_one_wins_and_its_successor_can_be_rotated(
    client: httpx2.AsyncClient, session: dict[str, Any]
) -> None:
    old = await create(client, session)

    answers = await asyncio.gather(*(rotate(client, session, old["id"], overlap_seconds=60) for _ in range(3)))

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    won = next(answer.json() for answer in answers if answer.status_code == 201)
    assert (await rotate(client, session, won["id"], overlap_seconds=60)).status_code == 201


async def test_replaced_keys_are_bounded_and_do_not_count_as_keys_in_use(
    client: httpx2.AsyncClient, session: dict[str, Any]
) -> None:
    keys = [await create(client, session) for _ in range(20)]
    for key in keys:
        assert (await rotate(client, session, key["id"], overlap_seconds=600)).status_code == 201
    listed = (await client.get("/v1/keys", headers=bearer(session["access_token"]))).json()["items"]
    current = next(item for item in listed if item["replaced_by"] is None)

    assert len(listed) == 40
    assert (await rotate(client, session, current["id"], overlap_seconds=600)).status_code == 409
    assert (await rotate(client, session, current["id"])).status_code == 201


async def test_rotation_that_committed_unheard_is_found_by_its_repetition(
    client: httpx2.AsyncClient, session: dict[str, Any], identity: Identity
) -> None:
    old = await create(client, session)
    account_id, user_id = from_text("acc", session["account"]["id"]), from_text("usr", session["user"]["id"])
    made = Successor(new_id(), b"s" * 32, "atl_live_abcd…")

    results = [
        await identity.database.transact(rotate_key, account_id, user_id, from_text("key", old["id"]), made, overlap)
        for overlap in (0, 0)
    ]

    assert results[0] == results[1]


async def test_keys_of_others_dead_and_unknown_keys_are_not_found(
    client: httpx2.AsyncClient, session: dict[str, Any], database: Database
) -> None:
    stranger = (
        await client.post("/v1/users", json={"email": f"s.{session['user']['email']}", "password": PASSWORD})
    ).json()
    foreign, dead = await create(client, stranger), await create(client, session)
    async with database.autocommit() as connection:
        sql = text("UPDATE api_keys SET revoked_at = now() WHERE key_id = :key_id")
        await connection.execute(sql, {"key_id": from_text("key", dead["id"])})

    answers = [await rotate(client, session, key) for key in (foreign["id"], dead["id"], to_text("key", new_id()), "x")]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert await works(client, foreign)


@pytest.mark.parametrize("overlap", [-1, 604_801, "long", None, 1.5])
async def test_refuses_overlaps_beyond_seven_days(
    client: httpx2.AsyncClient, session: dict[str, Any], overlap: Any
) -> None:
    key = await create(client, session)

    answer = await rotate(client, session, key["id"], overlap_seconds=overlap)

    assert answer.status_code == 422


async def test_key_cannot_rotate_itself(client: httpx2.AsyncClient, session: dict[str, Any]) -> None:
    key = await create(client, session)

    answer = await client.post(f"/v1/keys/{key['id']}/rotate", json={}, headers=bearer(key["secret"]))

    assert answer.status_code == 403
