import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import jwt
import pytest
from fastapi import APIRouter, Depends
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from common.errors import Unauthorized
from common.http import identity
from common.http.app import create_app
from common.http.identity import (
    Caller,
    issue_access_token,
    require_identity,
    sign_identity,
    verify_access_token,
    verify_identity,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
OLD, NEW, OTHER = (SecretStr(letter * 32) for letter in "ono"[:2] + "x")
ACCOUNT, USER = UUID(int=1), UUID(int=2)
CALLER = Caller(ACCOUNT, USER, "pro", frozenset({"jobs:read", "jobs:write"}), "api_key")


def access_token(secrets=(NEW,), ttl=timedelta(minutes=10)):
    return issue_access_token(secrets, account_id=ACCOUNT, user_id=USER, plan="pro", ttl=ttl, now=NOW)


def forged(header=None, **changes):
    claims = jwt.decode(access_token(), options={"verify_signature": False}) | changes
    claims = {name: value for name, value in claims.items() if value is not ...}
    return jwt.encode(claims, NEW.get_secret_value(), "HS256", headers=header or {"typ": "at+jwt"})


def test_the_caller_comes_back_whole():
    assert verify_access_token([NEW], access_token(), NOW) == Caller(ACCOUNT, USER, "pro")
    assert verify_identity([NEW], sign_identity([NEW], CALLER, now=NOW), NOW) == CALLER


def test_the_first_secret_signs_and_all_verify():
    token = access_token((NEW, OLD))
    assert verify_access_token([OTHER, NEW], token, NOW).user_id == USER
    with pytest.raises(Unauthorized):
        verify_access_token([OLD, OTHER], token, NOW)


def test_a_token_of_one_purpose_is_refused_for_the_other():
    with pytest.raises(Unauthorized):
        verify_identity([NEW], access_token(), NOW)
    with pytest.raises(Unauthorized):
        verify_access_token([NEW], sign_identity([NEW], CALLER, now=NOW), NOW)


def test_expires_also_when_remembered():
    token = access_token(ttl=timedelta(seconds=60))
    for seconds in (0, 59, 63):
        verify_access_token([NEW], token, NOW + timedelta(seconds=seconds))
    for seconds in (65, 66, 3600):
        with pytest.raises(Unauthorized):
            verify_access_token([NEW], token, NOW + timedelta(seconds=seconds))


def unsigned():
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    claims = jwt.decode(access_token(), options={"verify_signature": False})
    return f"{part({'alg': 'none', 'typ': 'at+jwt'})}.{part(claims)}."


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "x" * 5000,
        "é.ü.ß",
        base64.urlsafe_b64encode(b"[" * 2900).decode().rstrip("=") + ".e30.x",
        unsigned(),
        forged({"typ": "JWT"}),
        forged({"typ": None}),
        *(forged(**{name: ...}) for name in ("exp", "iat", "sub", "iss", "aud", "account", "plan", "scope", "via")),
        forged(iss="somebody"),
        forged(aud="atelier-internal"),
        forged(exp="soon"),
        forged(exp=float("inf")),
        forged(exp=[1]),
        forged(iat=int(NOW.timestamp()) + 60),
        forged(sub="not-a-uuid"),
        forged(account=None),
        forged(scope=7),
        forged(via="root"),
        access_token()[:-4] + "AAAA",
    ],
)
def test_whatever_is_malformed_is_unauthorized(token):
    with pytest.raises(Unauthorized):
        verify_access_token([NEW], token, NOW)


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
def test_no_text_causes_another_error(token):
    with pytest.raises(Unauthorized):
        verify_identity([NEW], token, NOW)


def test_remembers_a_bounded_number_of_tokens(monkeypatch):
    monkeypatch.setattr(identity, "_CACHED_TOKENS_MAX", 3)
    secret = SecretStr("m" * 32)
    for number in range(10):
        caller = Caller(ACCOUNT, UUID(int=number), "free")
        verify_identity([secret], sign_identity([secret], caller, now=NOW), NOW)
    assert len(identity._verifier((secret,), identity._IDENTITY)._known) == 3


def test_a_session_may_do_all_and_a_key_what_its_scopes_say():
    assert Caller(ACCOUNT, USER, "free").allows("jobs:write")
    assert CALLER.allows("jobs:read")
    assert not CALLER.allows("keys:write")
    assert Caller(ACCOUNT, USER, "free", frozenset({"*"}), "api_key").allows("keys:write")


def test_signing_without_a_secret_is_a_bug_not_a_token():
    with pytest.raises(ValueError, match="no secret"):
        access_token(())


async def test_a_service_behind_the_gateway_knows_the_caller_or_answers_401(settings, serve, client):
    router = APIRouter()
    signed_in = require_identity([NEW])

    @router.get("/me")
    async def me(caller: Annotated[Caller, Depends(signed_in)]) -> str:
        return f"{caller.plan} {caller.via}"

    app = create_app(service="i", settings=settings, routers=[router], readiness={}, title="i", version="1")
    async with client(await serve(app)) as http:
        good = {"X-Atelier-Identity": sign_identity([NEW], CALLER)}
        assert (await http.get("/me", headers=good)).json() == "pro api_key"
        for headers in (
            {},
            {"X-Atelier-Identity": "x"},
            {"X-Atelier-Identity": sign_identity([OTHER], CALLER)},
        ):
            answer = await http.get("/me", headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")
