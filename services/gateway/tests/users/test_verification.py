"""Verifying an address: by the link in the greeting or a later one, once, told once, for one identity."""

import asyncio
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from common.db.database import Database
from common.ids import from_text
from common.link_tokens import make_token, new_seed
from gateway.users.identity import identity_hash, identity_of

from ..conftest import LINK_SECRETS, bearer
from .mailed import events_of_account, tokens_of

_LAPSE = text("UPDATE user_links SET expires_at = now() - interval '1 second' WHERE email = :email")


async def follow(client: httpx2.AsyncClient, token: str) -> httpx2.Response:
    return await client.post("/v1/users/verification", json={"token": token})


async def verified_events(database: Database, session: dict[str, Any]) -> list[dict[str, Any]]:
    account_id = from_text("acc", session["account"]["id"])
    return [body for name, body in await events_of_account(database, account_id) if name == "user.verified"]


async def test_link_of_the_greeting_verifies_the_address(
    client: httpx2.AsyncClient, session: dict[str, Any], database: Database
) -> None:
    assert session["user"]["verified_at"] is None
    (token,) = await tokens_of(database, session["user"]["email"], "verify")

    answer = await follow(client, token)

    assert answer.status_code == 204, answer.text
    me = await client.get("/v1/me", headers=bearer(session["access_token"]))
    assert me.json()["user"]["verified_at"] is not None
    (event,) = await verified_events(database, session)
    assert event["identity_hash"] == identity_hash(session["user"]["email"])


async def test_link_works_once_even_when_followed_at_once(
    client: httpx2.AsyncClient, session: dict[str, Any], database: Database
) -> None:
    (token,) = await tokens_of(database, session["user"]["email"], "verify")

    answers = await asyncio.gather(*(follow(client, token) for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [204] + [422] * 4
    refused = next(answer for answer in answers if answer.status_code == 422)
    assert refused.json()["errors"][0]["code"] == "link_not_valid"
    assert len(await verified_events(database, session)) == 1


async def test_further_links_are_mailed_on_request_until_one_was_followed(
    client: httpx2.AsyncClient, session: dict[str, Any], database: Database
) -> None:
    email, headers = session["user"]["email"], bearer(session["access_token"])
    request = await client.post("/v1/users/verification/request", headers=headers)
    assert request.status_code == 202
    first, second = await tokens_of(database, email, "verify")

    assert (await follow(client, second)).status_code == 204
    assert (await client.post("/v1/users/verification/request", headers=headers)).status_code == 202

    assert len(await tokens_of(database, email, "verify")) == 2
    assert (await follow(client, first)).status_code == 204
    assert len(await verified_events(database, session)) == 1


async def test_requests_for_links_are_limited(client: httpx2.AsyncClient, session: dict[str, Any]) -> None:
    headers = bearer(session["access_token"])

    answers = [await client.post("/v1/users/verification/request", headers=headers) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert int(answers[2].headers["retry-after"]) > 800


async def test_lapsed_link_is_refused(client: httpx2.AsyncClient, session: dict[str, Any], database: Database) -> None:
    email = session["user"]["email"]
    (token,) = await tokens_of(database, email, "verify")
    async with database.autocommit() as connection:
        await connection.execute(_LAPSE, {"email": email})

    assert (await follow(client, token)).status_code == 422
    assert await verified_events(database, session) == []


@pytest.mark.parametrize(
    "token", ["", "x", make_token(LINK_SECRETS, "verify", new_seed()), make_token(LINK_SECRETS, "reset", new_seed())]
)
async def test_unknown_link_is_refused(client: httpx2.AsyncClient, token: str) -> None:
    answer = await follow(client, token)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/body/token")


async def test_no_table_holds_a_token(session: dict[str, Any], database: Database) -> None:
    (token,) = await tokens_of(database, session["user"]["email"], "verify")
    seed, _, mac = token.removeprefix("atl_link_").partition(".")
    async with database.autocommit() as connection:
        outbox = "".join((await connection.execute(text("SELECT body FROM outbox"))).scalars())
        links = "".join((await connection.execute(text("SELECT user_links::text FROM user_links"))).scalars())

    assert seed in outbox
    assert seed not in links
    assert mac not in outbox + links


@pytest.mark.parametrize(
    ("email", "identity"),
    [
        ("Ada.Love.Lace+shop@GoogleMail.com", "adalovelace@gmail.com"),
        ("ada+x@outlook.com", "ada@outlook.com"),
        ("ada.b@outlook.com", "ada.b@outlook.com"),
        ("ada+x@me.com", "ada@icloud.com"),
        ("ADA+x@example.com", "ada+x@example.com"),
        ("+x@gmail.com", "+x@gmail.com"),
    ],
)
def test_spellings_of_one_mailbox_are_one_identity(email: str, identity: str) -> None:
    assert identity_of(email) == identity
