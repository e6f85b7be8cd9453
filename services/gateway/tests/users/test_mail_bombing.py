"""One mailbox gets a bounded number of mails from us, however many accounts and networks ask for them."""

from typing import Any
from uuid import uuid4

import httpx2

from common.db.database import Database

from ..conftest import PASSWORD, BuildIdentity, bearer
from .mailed import tokens_of

PER_MINUTE = 2


async def somebody(http: httpx2.AsyncClient) -> dict[str, Any]:
    body = {"email": f"{uuid4().hex[:12]}@example.com", "password": PASSWORD}
    answer = await http.post("/v1/users", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_changes_to_one_address_by_many_accounts_are_limited(
    build_identity: BuildIdentity, database: Database, email: str
) -> None:
    identity, statuses = build_identity(), []

    for number in range(PER_MINUTE + 3):
        async with identity.client(f"198.51.100.{number}") as http:
            session = await somebody(http)
            spelling = email.upper() if number % 2 else email
            answer = await http.post(
                "/v1/me/email",
                json={"email": spelling, "password": PASSWORD},
                headers=bearer(session["access_token"]),
            )
            statuses.append(answer.status_code)

    assert statuses == [202] * PER_MINUTE + [429] * 3
    assert int(answer.headers["retry-after"]) > 0


async def test_another_address_is_not_held_against_the_user(build_identity: BuildIdentity, email: str) -> None:
    async with build_identity().client() as http:
        session = await somebody(http)
        for number in range(2):
            answer = await http.post(
                "/v1/me/email",
                json={"email": f"{number}.{email}", "password": PASSWORD},
                headers=bearer(session["access_token"]),
            )
            assert answer.status_code == 202, answer.text


async def test_sign_up_mails_an_address_once_whoever_repeats_it(
    build_identity: BuildIdentity, database: Database, email: str
) -> None:
    identity = build_identity()

    for number in range(5):
        async with identity.client(f"203.0.113.{number}") as http:
            await http.post("/v1/users", json={"email": email, "password": f"{PASSWORD} {number}"})

    assert len(await tokens_of(database, email, "verify")) == 1
