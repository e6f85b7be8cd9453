"""A forgotten or changed password: same answer for strangers, one use, everything from before ends."""

import asyncio
import time
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from common.db.database import Database
from gateway.sessions.attempt_rules import AttemptRule, AttemptRules

from ..conftest import PASSWORD, BuildIdentity, bearer
from .mailed import events_of, tokens_of

NEW = "staple battery horse"


async def ask(client: httpx2.AsyncClient, email: str) -> httpx2.Response:
    return await client.post("/v1/password-resets", json={"email": email})


async def confirm(client: httpx2.AsyncClient, token: str, password: str = NEW) -> httpx2.Response:
    return await client.post("/v1/password-resets/confirm", json={"token": token, "password": password})


async def sign_in(client: httpx2.AsyncClient, email: str, password: str) -> int:
    answer = await client.post("/v1/sessions", json={"email": email, "password": password})
    return answer.status_code


async def refresh(client: httpx2.AsyncClient, session: dict[str, Any]) -> int:
    answer = await client.post("/v1/sessions/refresh", json={"refresh_token": session["refresh_token"]})
    return answer.status_code


async def test_link_sets_a_password_and_ends_every_session(
    client: httpx2.AsyncClient, session: dict[str, Any], database: Database
) -> None:
    email = session["user"]["email"]
    assert (await ask(client, email.upper())).status_code == 202
    (token,) = await tokens_of(database, email, "reset")

    answer = await confirm(client, token)

    assert answer.status_code == 204, answer.text
    assert await sign_in(client, email, PASSWORD) == 401
    assert await sign_in(client, email, NEW) == 201
    assert await refresh(client, session) == 401
    assert [name for name, _ in await events_of(database, email)][-1] == "user.password_changed"


async def test_link_works_once_even_when_followed_at_once(
    client: httpx2.AsyncClient, session: dict[str, Any], database: Database
) -> None:
    email = session["user"]["email"]
    await ask(client, email)
    (token,) = await tokens_of(database, email, "reset")

    answers = await asyncio.gather(*(confirm(client, token) for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [204, 422, 422, 422]
    assert [name for name, _ in await events_of(database, email)].count("user.password_changed") == 1


async def test_other_links_end_with_the_password(
    client: httpx2.AsyncClient, session: dict[str, Any], database: Database
) -> None:
    email = session["user"]["email"]
    for _ in range(2):
        await ask(client, email)
    first, second = await tokens_of(database, email, "reset")

    assert (await confirm(client, first)).status_code == 204
    assert (await confirm(client, second)).status_code == 422


async def test_refused_password_leaves_the_link_usable(
    client: httpx2.AsyncClient, session: dict[str, Any], database: Database
) -> None:
    email = session["user"]["email"]
    await ask(client, email)
    (token,) = await tokens_of(database, email, "reset")

    assert (await confirm(client, token, email)).json()["errors"][0]["code"] == "password_is_email"
    assert (await confirm(client, token, "short")).status_code == 422
    assert (await confirm(client, token)).status_code == 204


async def test_link_for_another_purpose_is_refused(
    client: httpx2.AsyncClient, session: dict[str, Any], database: Database
) -> None:
    (token,) = await tokens_of(database, session["user"]["email"], "verify")

    assert (await confirm(client, token)).status_code == 422


async def test_link_lives_for_an_hour(client: httpx2.AsyncClient, session: dict[str, Any], database: Database) -> None:
    email = session["user"]["email"]
    await ask(client, email)
    lives = text("SELECT expires_at - created_at FROM user_links WHERE email = :email AND purpose = 'reset'")
    async with database.autocommit() as connection:
        lifetime = (await connection.execute(lives, {"email": email})).scalar_one()

    assert 3590 < lifetime.total_seconds() < 3610


@pytest.mark.parametrize("email", ["nobody.at.all@example.com", "not an address", "a@b@c", "\x00@example.com"])
async def test_stranger_gets_the_same_answer(client: httpx2.AsyncClient, email: str, database: Database) -> None:
    answer = await ask(client, email)

    assert (answer.status_code, answer.content) == (202, b"")
    if "\x00" not in email:
        assert await tokens_of(database, email, "reset") == []


async def test_known_and_unknown_addresses_take_the_same_time(
    build_identity: BuildIdentity, session: dict[str, Any]
) -> None:
    identity = build_identity(answer_seconds=0.2)
    seconds = []
    async with identity.client("192.0.2.50") as client:
        for email in (session["user"]["email"], "nobody.knows@example.com", "no address"):
            began = time.perf_counter()
            assert (await ask(client, email)).status_code == 202
            seconds.append(time.perf_counter() - began)

    assert min(seconds) >= 0.2
    assert max(seconds) - min(seconds) < 0.1


async def test_requests_are_limited_by_address_and_network_whoever_is_asked_for(
    build_identity: BuildIdentity, session: dict[str, Any]
) -> None:
    rules = AttemptRules(reset_address=AttemptRule(per_minute=4, per_hour=40))
    identity = build_identity(rules=rules)
    async with identity.client("192.0.2.51") as client, identity.client("192.0.2.52") as elsewhere:
        known = [(await ask(client, session["user"]["email"])).status_code for _ in range(3)]
        unknown = [(await ask(elsewhere, "stranger@example.com")).status_code for _ in range(3)]
        spread = [(await ask(client, f"stranger{turn}@example.com")).status_code for turn in range(2)]

    assert known == unknown == [202, 202, 429]
    assert spread == [202, 429]


async def change(client: httpx2.AsyncClient, session: dict[str, Any], current: str, new: str) -> httpx2.Response:
    body = {"current": current, "new": new}
    return await client.put("/v1/me/password", json=body, headers=bearer(session["access_token"]))


async def test_signed_in_user_changes_the_password_and_stays_signed_in(
    client: httpx2.AsyncClient, session: dict[str, Any], database: Database
) -> None:
    email = session["user"]["email"]

    answer = await change(client, session, PASSWORD, NEW)

    assert answer.status_code == 200, answer.text
    assert await refresh(client, session) == 401
    assert await refresh(client, answer.json()) == 200
    assert await sign_in(client, email, NEW) == 201
    assert [name for name, _ in await events_of(database, email)][-1] == "user.password_changed"


async def test_wrong_current_password_changes_nothing_and_is_limited(
    client: httpx2.AsyncClient, session: dict[str, Any]
) -> None:
    answers = [await change(client, session, "wrong horse battery", NEW) for _ in range(7)]

    assert [answer.status_code for answer in answers] == [422] * 6 + [429]
    assert answers[0].json()["errors"][0] == {
        "pointer": "/body/current",
        "detail": "The password is wrong.",
        "code": "password_wrong",
    }
    assert await refresh(client, session) == 200


async def test_of_two_changes_at_once_one_wins(client: httpx2.AsyncClient, session: dict[str, Any]) -> None:
    others = ("staple battery horse 1", "staple battery horse 2")

    answers = await asyncio.gather(*(change(client, session, PASSWORD, new) for new in others))

    assert sorted(answer.status_code for answer in answers) == [200, 401]


async def test_new_password_must_not_be_the_address(client: httpx2.AsyncClient, session: dict[str, Any]) -> None:
    answer = await change(client, session, PASSWORD, session["user"]["email"])

    assert answer.json()["errors"][0]["pointer"] == "/body/new"


async def test_api_key_cannot_touch_credentials(client: httpx2.AsyncClient, session: dict[str, Any]) -> None:
    made = await client.post("/v1/keys", json={"name": "server"}, headers=bearer(session["access_token"]))
    headers = bearer(made.json()["secret"])

    answers = [
        await client.put("/v1/me/password", json={"current": PASSWORD, "new": NEW}, headers=headers),
        await client.post("/v1/me/email", json={"email": "a@example.com", "password": PASSWORD}, headers=headers),
        await client.post("/v1/users/verification/request", headers=headers),
    ]

    assert [answer.status_code for answer in answers] == [403] * 3
