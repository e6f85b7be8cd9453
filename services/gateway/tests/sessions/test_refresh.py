"""Refresh tokens: single use, families that fall together, signing out."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from common.db.database import Database
from common.ids import from_text
from gateway.sessions.rules import digest, make_secret
from gateway.sessions.sign_in import rotate_or_revoke
from gateway.sessions.storage import delete_expired

from ..conftest import PASSWORD, Identity, bearer

_ALIVE = text(
    """
    SELECT count(*) FROM refresh_tokens JOIN users USING (user_id)
    WHERE email = :email AND revoked_at IS NULL AND used_at IS NULL
    """
)
_EXPIRE = text("UPDATE refresh_tokens SET expires_at = now() - CAST(:age AS interval) WHERE token_hash = :hash")
_EXPIRE_OTHERS = text(
    """
    UPDATE refresh_tokens SET expires_at = now()
    WHERE token_hash <> :hash AND user_id = (SELECT user_id FROM refresh_tokens WHERE token_hash = :hash)
    """
)
_COUNT = text("SELECT count(*) FROM refresh_tokens JOIN users USING (user_id) WHERE email = :email")
_MAKE_PRO = text(
    """
    UPDATE accounts SET plan = 'pro' FROM users
    WHERE users.account_id = accounts.account_id AND email = :email
    """
)


async def refresh(client: httpx2.AsyncClient, token: str) -> httpx2.Response:
    return await client.post("/v1/sessions/refresh", json={"refresh_token": token})


async def sign_in(client: httpx2.AsyncClient, session: dict[str, Any]) -> dict[str, Any]:
    body = {"email": session["user"]["email"], "password": PASSWORD}
    return dict((await client.post("/v1/sessions", json=body)).json())


async def test_rotation_gives_new_tokens_in_the_same_family(
    client: httpx2.AsyncClient, session: dict[str, Any], database: Database
) -> None:
    tokens = [session["refresh_token"]]
    for _ in range(3):
        answer = await refresh(client, tokens[-1])
        assert answer.status_code == 200
        tokens.append(answer.json()["refresh_token"])
        me = await client.get("/v1/me", headers=bearer(answer.json()["access_token"]))
        assert me.json()["user"] == session["user"]

    assert len(set(tokens)) == 4
    async with database.autocommit() as connection:
        families = await connection.execute(
            text("SELECT count(DISTINCT family_id) FROM refresh_tokens WHERE token_hash = ANY(:hashes)"),
            {"hashes": [digest(token) for token in tokens]},
        )
        assert families.scalar_one() == 1


async def test_reuse_of_a_used_token_ends_its_family_and_no_other(
    client: httpx2.AsyncClient, session: dict[str, Any]
) -> None:
    other_device = await sign_in(client, session)
    stolen = session["refresh_token"]
    successor = (await refresh(client, stolen)).json()["refresh_token"]

    reused = await refresh(client, stolen)

    assert reused.status_code == 401
    assert (await refresh(client, successor)).status_code == 401
    assert (await refresh(client, other_device["refresh_token"])).status_code == 200


async def test_of_parallel_refreshes_exactly_one_wins_and_the_family_ends(
    client: httpx2.AsyncClient, session: dict[str, Any], database: Database
) -> None:
    answers = await asyncio.gather(*(refresh(client, session["refresh_token"]) for _ in range(8)))

    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 7
    winner = next(answer for answer in answers if answer.status_code == 200)
    assert (await refresh(client, winner.json()["refresh_token"])).status_code == 401
    assert await alive(database, session) == 0


async def alive(database: Database, session: dict[str, Any]) -> int:
    async with database.autocommit() as connection:
        found = await connection.execute(_ALIVE, {"email": session["user"]["email"]})
        return int(found.scalar_one())


@pytest.mark.parametrize("revocation", ["sign_out_everywhere", "sign_out", "reuse"])
async def test_no_successor_survives_a_revocation_that_meets_its_rotation(
    identity: Identity, session: dict[str, Any], revocation: str
) -> None:
    first, database = session["refresh_token"], identity.database
    second = (await identity.sign_in.refresh(first)).refresh_token
    revocations: dict[str, Callable[[], Coroutine[Any, Any, object]]] = {
        "sign_out_everywhere": lambda: identity.sign_in.sign_out_everywhere(from_text("usr", session["user"]["id"])),
        "sign_out": lambda: identity.sign_in.sign_out(second),
        "reuse": lambda: identity.sign_in.refresh(first),
    }

    async with database.unit_of_work() as uow:
        await rotate_or_revoke(uow, digest(second), identity.issuer.new_refresh_token())
        revoking = asyncio.create_task(revocations[revocation]())
        await asyncio.sleep(0.1)
        assert not revoking.done()
    await asyncio.gather(revoking, return_exceptions=True)

    assert await alive(database, session) == 0


async def test_rotation_that_committed_unheard_is_no_reuse(identity: Identity, session: dict[str, Any]) -> None:
    successor = identity.issuer.new_refresh_token()
    token_hash = digest(session["refresh_token"])

    first = await identity.database.transact(rotate_or_revoke, token_hash, successor)
    repeated = await identity.database.transact(rotate_or_revoke, token_hash, successor)

    assert first is not None
    assert repeated == first
    async with identity.client() as client:
        assert (await refresh(client, successor.secret)).status_code == 200


@pytest.mark.parametrize("age", [timedelta(0), timedelta(days=1)])
async def test_expired_token_is_refused(
    client: httpx2.AsyncClient, session: dict[str, Any], database: Database, age: timedelta
) -> None:
    async with database.autocommit() as connection:
        await connection.execute(_EXPIRE, {"age": age, "hash": digest(session["refresh_token"])})

    assert (await refresh(client, session["refresh_token"])).status_code == 401


@pytest.mark.parametrize(
    "token",
    ["", "x", make_secret(), make_secret() + "x", make_secret()[:-1], "atl_refresh_" + "é" * 43, "a\x00b"],
)
async def test_unknown_or_malformed_token_is_refused(client: httpx2.AsyncClient, token: str) -> None:
    answer = await refresh(client, token)

    assert answer.status_code == 401
    assert answer.json()["code"] == "UNAUTHORIZED"


async def test_signing_out_ends_this_session_only(client: httpx2.AsyncClient, session: dict[str, Any]) -> None:
    other_device = await sign_in(client, session)
    leave = {"headers": bearer(session["refresh_token"])}

    first, again = [await client.delete("/v1/sessions/current", **leave) for _ in range(2)]  # type: ignore[arg-type]

    assert (first.status_code, again.status_code) == (204, 204)
    assert (await refresh(client, session["refresh_token"])).status_code == 401
    assert (await refresh(client, other_device["refresh_token"])).status_code == 200


async def test_signing_out_takes_the_refresh_token(client: httpx2.AsyncClient, session: dict[str, Any]) -> None:
    with_access_token = await client.delete("/v1/sessions/current", headers=bearer(session["access_token"]))
    with_nothing = await client.delete("/v1/sessions/current")

    assert (with_access_token.status_code, with_nothing.status_code) == (401, 401)
    assert (await refresh(client, session["refresh_token"])).status_code == 200


async def test_signing_out_everywhere_ends_every_session_of_this_user(
    client: httpx2.AsyncClient, session: dict[str, Any], identity: Identity
) -> None:
    other_device = await sign_in(client, session)
    body = {"email": "bystander." + session["user"]["email"], "password": PASSWORD}
    bystander = (await client.post("/v1/users", json=body)).json()

    answer = await client.delete("/v1/sessions", headers=bearer(session["access_token"]))

    assert answer.status_code == 204
    for ended in (session, other_device):
        assert (await refresh(client, ended["refresh_token"])).status_code == 401
    assert (await refresh(client, bystander["refresh_token"])).status_code == 200


async def test_refresh_brings_a_changed_plan(
    client: httpx2.AsyncClient, session: dict[str, Any], identity: Identity
) -> None:
    async with identity.database.autocommit() as connection:
        await connection.execute(_MAKE_PRO, {"email": session["user"]["email"]})

    answer = (await refresh(client, session["refresh_token"])).json()

    caller = await identity.authenticator.authenticate(bearer(answer["access_token"]))
    assert answer["account"]["plan"] == caller.plan == "pro"


async def test_expired_tokens_are_deleted_some_at_a_time(
    client: httpx2.AsyncClient, session: dict[str, Any], database: Database
) -> None:
    for _ in range(3):
        await sign_in(client, session)
    async with database.autocommit() as connection:
        await connection.execute(_EXPIRE_OTHERS, {"hash": digest(session["refresh_token"])})
        deleted = [await delete_expired(connection, 2)]
        while deleted[-1]:
            deleted.append(await delete_expired(connection, 2))
        left = await connection.execute(_COUNT, {"email": session["user"]["email"]})

    assert max(deleted) == 2
    assert sum(deleted) >= 3
    assert left.scalar_one() == 1
