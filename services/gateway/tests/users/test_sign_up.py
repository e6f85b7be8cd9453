"""Signing up: what is written, said and answered."""

import asyncio
import json
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from common.db.database import Database
from common.events.accounts import UserRegistered
from common.ids import from_text, new_id
from gateway.sessions.attempt_rules import AttemptRule, AttemptRules
from gateway.users.links import new_link
from gateway.users.registration import register
from gateway.users.storage import NewUser

from ..conftest import PASSWORD, BuildIdentity, Identity, bearer

_EVENT = text("SELECT topic, body FROM outbox WHERE type = 'user.registered' AND body::jsonb->>'email' = :email")
_EVERYTHING = text(
    """
    SELECT users::text FROM users
    UNION ALL SELECT refresh_tokens::text FROM refresh_tokens
    UNION ALL SELECT outbox::text FROM outbox
    """
)


def sign_up(email: str, **other: Any) -> dict[str, Any]:
    return {"email": email, "password": PASSWORD, **other}


async def count_users(database: Database, email: str) -> int:
    async with database.autocommit() as connection:
        found = await connection.execute(
            text("SELECT count(*) FROM users WHERE lower(email) = :email"), {"email": email.lower()}
        )
        return int(found.scalar_one())


async def test_signs_up_and_is_known_at_once(client: httpx2.AsyncClient, email: str) -> None:
    answer = await client.post("/v1/users", json=sign_up(email, locale="fr"))

    assert answer.status_code == 201
    session = answer.json()
    assert session["user"]["email"] == email
    assert session["account"]["plan"] == "free"
    assert session["token_type"] == "Bearer"
    assert session["expires_in_seconds"] == 900
    me = await client.get("/v1/me", headers=bearer(session["access_token"]))
    assert me.status_code == 200
    assert me.json() == {"user": session["user"], "account": session["account"]}


async def test_tells_of_the_user_in_the_transaction_of_the_sign_up(session: dict[str, Any], database: Database) -> None:
    async with database.autocommit() as connection:
        rows = await connection.execute(
            _EVENT,
            {"email": session["user"]["email"]},
        )
        topic, body = rows.one()

    event = UserRegistered.from_json(body)
    assert topic == "accounts"
    assert event.account_id == from_text("acc", session["account"]["id"])
    assert event.user_id == from_text("usr", session["user"]["id"])
    assert (event.locale, event.plan) == ("fr", "free")


async def test_stores_neither_password_nor_refresh_token(session: dict[str, Any], database: Database) -> None:
    async with database.autocommit() as connection:
        everything = json.dumps((await connection.execute(_EVERYTHING)).scalars().all())

    assert session["user"]["email"] in everything
    assert PASSWORD not in everything
    assert session["refresh_token"] not in everything
    assert session["refresh_token"].encode().hex() not in everything


async def test_refuses_address_that_is_taken_in_any_case(client: httpx2.AsyncClient, session: dict[str, Any]) -> None:
    email = session["user"]["email"]

    answer = await client.post("/v1/users", json=sign_up(email.upper()))

    assert answer.status_code == 409
    assert answer.json()["code"] == "EMAIL_TAKEN"


async def test_of_parallel_sign_ups_with_one_address_exactly_one_wins(
    client: httpx2.AsyncClient, email: str, database: Database
) -> None:
    bodies = [sign_up(email if turn % 2 else email.upper()) for turn in range(8)]

    answers = await asyncio.gather(*(client.post("/v1/users", json=body) for body in bodies))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert await count_users(database, email) == 1
    async with database.autocommit() as connection:
        orphans = await connection.execute(
            text("SELECT count(*) FROM accounts WHERE account_id NOT IN (SELECT account_id FROM users)")
        )
        events = await connection.execute(
            text("SELECT count(*) FROM outbox WHERE lower(body::jsonb->>'email') = :email"), {"email": email}
        )
        assert orphans.scalar_one() == 0
        assert events.scalar_one() == 1


async def test_sign_up_that_committed_unheard_is_found_by_its_repetition(identity: Identity, email: str) -> None:
    new_user = NewUser(new_id(), new_id(), email, "hash", "en", "free")
    token, link = identity.issuer.new_refresh_token(), new_link("verify", email)

    first = await identity.database.transact(register, new_user, token, link)
    second = await identity.database.transact(register, new_user, token, link)

    assert first == second
    async with identity.database.autocommit() as connection:
        events = await connection.execute(
            text("SELECT count(*) FROM outbox WHERE body::jsonb->>'email' = :email"), {"email": email}
        )
        assert events.scalar_one() == 1


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"email": "nobody"}, "/body/email"),
        ({"email": "a@b@example.com"}, "/body/email"),
        ({"email": "Ada <ada@example.com>"}, "/body/email"),
        ({"email": "a\x00b@example.com"}, "/body/email"),
        ({"email": "é@example.com"}, "/body/email"),
        ({"email": "a@" + "b" * 300 + ".com"}, "/body/email"),
        ({"email": "a\r\nBcc: b@example.com"}, "/body/email"),
        ({"email": None}, "/body/email"),
        ({"email": ["a@example.com"]}, "/body/email"),
        ({"password": "nine char"}, "/body/password"),
        ({"password": "x" * 129}, "/body/password"),
        ({"password": "ada.lovelace@example.com"}, "/body/password"),
        ({"password": "ADA.Lovelace"}, "/body/password"),
        ({"password": "\ud800" * 12}, "/body/password"),
        ({"password": 12345678901}, "/body/password"),
        ({"locale": "de"}, "/body/locale"),
        ({"locale": "en\x00"}, "/body/locale"),
    ],
)
async def test_refuses_garbage_by_field(client: httpx2.AsyncClient, change: dict[str, Any], pointer: str) -> None:
    body = json.dumps({"email": "ada.lovelace@example.com", "password": PASSWORD, "locale": "en"} | change)

    answer = await client.post("/v1/users", content=body, headers={"content-type": "application/json"})

    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] == "VALIDATION_FAILED"
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert PASSWORD not in answer.text


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'"x"', b"[" * 5000, b'{"email": NaN}'])
async def test_never_fails_on_bytes_that_are_no_sign_up(client: httpx2.AsyncClient, content: bytes) -> None:
    for path in ("/v1/users", "/v1/sessions", "/v1/sessions/refresh"):
        answer = await client.post(path, content=content, headers={"content-type": "application/json"})
        assert 400 <= answer.status_code < 500, (path, answer.text)


async def test_limits_sign_ups_from_one_network(build_identity: BuildIdentity) -> None:
    rules = AttemptRules(sign_up=AttemptRule(per_minute=2, per_hour=10))
    identity = build_identity(rules=rules)
    async with identity.client("192.0.2.1") as client, identity.client("192.0.2.2") as elsewhere:
        answers = [await client.post("/v1/users", json=sign_up(f"limit{n}@example.com")) for n in range(3)]
        other = await elsewhere.post("/v1/users", json=sign_up("limit9@example.com"))

    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert int(answers[2].headers["retry-after"]) > 800
    assert other.status_code == 201
