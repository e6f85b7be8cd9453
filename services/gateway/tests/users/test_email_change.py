"""Another e-mail address: with the password, verified by its link, never somebody else's."""

from typing import Any

import httpx2
import pytest

from common.db.database import Database
from common.ids import from_text

from ..conftest import PASSWORD, bearer
from .mailed import events_of, events_of_account, tokens_of


@pytest.fixture
def new_email(email: str) -> str:
    return f"new.{email}"


async def ask(
    client: httpx2.AsyncClient, session: dict[str, Any], email: str, password: str = PASSWORD
) -> httpx2.Response:
    body = {"email": email, "password": password}
    return await client.post("/v1/me/email", json=body, headers=bearer(session["access_token"]))


async def follow(client: httpx2.AsyncClient, token: str) -> httpx2.Response:
    return await client.post("/v1/users/email-change", json={"token": token})


async def my_email(client: httpx2.AsyncClient, session: dict[str, Any]) -> str:
    me = await client.get("/v1/me", headers=bearer(session["access_token"]))
    return str(me.json()["user"]["email"])


async def test_new_address_counts_once_its_link_was_followed(
    client: httpx2.AsyncClient, session: dict[str, Any], database: Database, new_email: str
) -> None:
    old_email = session["user"]["email"]
    assert (await ask(client, session, new_email)).status_code == 202
    assert await my_email(client, session) == old_email
    (token,) = await tokens_of(database, old_email, "email")

    assert (await follow(client, token)).status_code == 204

    me = (await client.get("/v1/me", headers=bearer(session["access_token"]))).json()
    assert me["user"]["email"] == new_email
    assert me["user"]["verified_at"] is not None
    answer = await client.post("/v1/sessions", json={"email": new_email, "password": PASSWORD})
    assert answer.status_code == 201
    said = await events_of_account(database, from_text("acc", session["account"]["id"]))
    assert [name for name, _ in said] == [
        "user.registered",
        "email.change_requested",
        "user.email_changed",
        "user.verified",
    ]
    assert (said[2][1]["previous_email"], said[2][1]["email"]) == (old_email, new_email)
    assert (await follow(client, token)).status_code == 422


async def test_links_to_the_old_address_end(
    client: httpx2.AsyncClient, session: dict[str, Any], database: Database, new_email: str
) -> None:
    old_email = session["user"]["email"]
    await client.post("/v1/password-resets", json={"email": old_email})
    await ask(client, session, new_email)
    (token,) = await tokens_of(database, old_email, "email")
    (reset,) = await tokens_of(database, old_email, "reset")
    (verify,) = await tokens_of(database, old_email, "verify")

    assert (await follow(client, token)).status_code == 204

    body = {"token": reset, "password": "staple battery horse"}
    assert (await client.post("/v1/password-resets/confirm", json=body)).status_code == 422
    assert (await client.post("/v1/users/verification", json={"token": verify})).status_code == 422


async def test_wrong_password_mails_nothing(
    client: httpx2.AsyncClient, session: dict[str, Any], database: Database, new_email: str
) -> None:
    answer = await ask(client, session, new_email, "wrong horse battery")

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "password_wrong")
    assert await tokens_of(database, session["user"]["email"], "email") == []


async def test_taken_address_is_refused_at_the_request_and_at_the_link(
    client: httpx2.AsyncClient, session: dict[str, Any], database: Database, new_email: str
) -> None:
    await ask(client, session, new_email)
    (token,) = await tokens_of(database, session["user"]["email"], "email")
    taken = await client.post("/v1/users", json={"email": new_email.upper(), "password": PASSWORD})
    assert taken.status_code == 201

    answers = [await ask(client, session, new_email), await follow(client, token)]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(409, "EMAIL_TAKEN")] * 2
    assert await my_email(client, session) == session["user"]["email"]


async def test_case_of_ones_own_address_may_change(
    client: httpx2.AsyncClient, session: dict[str, Any], database: Database
) -> None:
    shouted = session["user"]["email"].partition("@")[0].upper() + "@example.com"
    assert (await ask(client, session, shouted)).status_code == 202
    (token,) = await tokens_of(database, session["user"]["email"], "email")

    assert (await follow(client, token)).status_code == 204
    assert await my_email(client, session) == shouted
    assert [name for name, _ in await events_of(database, shouted)][-1] == "user.email_changed"
