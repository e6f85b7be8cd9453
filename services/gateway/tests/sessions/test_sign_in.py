"""Signing in: the right password only, and strangers learn nothing."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from common.db.database import Database
from gateway.users.passwords import HashingCost, Passwords

from ..conftest import PASSWORD, BuildIdentity, Identity, bearer


class Counting(Passwords):
    """Real hashing that notes what was verified."""

    def __init__(self) -> None:
        super().__init__(HashingCost(memory_kib=64, passes=1))
        self.verified: list[str | None] = []

    async def verify(self, password_hash: str | None, password: str) -> bool:
        self.verified.append(password_hash)
        return await super().verify(password_hash, password)


@pytest.fixture
async def counting() -> AsyncIterator[Counting]:
    hasher = Counting()
    yield hasher
    hasher.close()


async def test_signs_in_whatever_the_case_of_the_address(client: httpx2.AsyncClient, session: dict[str, Any]) -> None:
    body = {"email": session["user"]["email"].upper(), "password": PASSWORD}

    answer = await client.post("/v1/sessions", json=body)

    assert answer.status_code == 201
    assert answer.json()["user"] == session["user"]
    assert answer.json()["refresh_token"] != session["refresh_token"]
    me = await client.get("/v1/me", headers=bearer(answer.json()["access_token"]))
    assert me.status_code == 200


async def test_stranger_and_wrong_password_get_the_same_answer(
    client: httpx2.AsyncClient, session: dict[str, Any]
) -> None:
    bodies = [
        {"email": session["user"]["email"], "password": "wrong horse battery"},
        {"email": "stranger@example.com", "password": PASSWORD},
        {"email": "no address at all", "password": PASSWORD},
        {"email": "nul\x00@example.com", "password": PASSWORD},
        {"email": "", "password": ""},
    ]

    answers = [await client.post("/v1/sessions", json=body) for body in bodies]

    assert {answer.status_code for answer in answers} == {401}
    documents = [answer.json() for answer in answers]
    for document in documents:
        del document["request_id"]
    assert all(document == documents[0] for document in documents)
    assert {answer.headers["www-authenticate"] for answer in answers} == {"Bearer"}


async def test_password_is_verified_for_strangers_too(
    build_identity: BuildIdentity, counting: Counting, session: dict[str, Any]
) -> None:
    identity = build_identity(hashing=counting)
    async with identity.client() as client:
        for email in (session["user"]["email"], "stranger@example.com", "no address at all"):
            await client.post("/v1/sessions", json={"email": email, "password": "wrong horse battery"})

    known, *unknown = counting.verified
    assert known is not None
    assert unknown == [None, None]


async def test_hash_of_another_cost_is_made_anew_at_sign_in(
    build_identity: BuildIdentity, session: dict[str, Any], database: Database
) -> None:
    dearer = Passwords(HashingCost(memory_kib=128, passes=1))
    identity = build_identity(hashing=dearer)
    async with identity.client() as client:
        body = {"email": session["user"]["email"], "password": PASSWORD}
        answers = [(await client.post("/v1/sessions", json=body)).status_code for _ in range(2)]
    dearer.close()

    async with database.autocommit() as connection:
        found = await connection.execute(
            text("SELECT password_hash FROM users WHERE email = :email"), {"email": session["user"]["email"]}
        )
        assert "$m=128," in found.scalar_one()
    assert answers == [201, 201]


async def test_overlong_password_is_refused_before_any_work(build_identity: BuildIdentity, counting: Counting) -> None:
    identity: Identity = build_identity(hashing=counting)
    async with identity.client() as client:
        answer = await client.post("/v1/sessions", json={"email": "a@example.com", "password": "x" * 10_000})

    assert answer.status_code == 422
    assert counting.verified == []
