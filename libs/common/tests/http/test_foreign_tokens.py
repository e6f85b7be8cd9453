"""Tokens that are signed in another way, or say where their key is, are nobody's."""

import base64
import hmac
import json
from datetime import timedelta

import jwt
import pytest
from pydantic import SecretStr

from common.errors import Unauthorized
from common.http.identity import Caller, sign_identity, verify_identity
from common.ids import new_id

SECRET = SecretStr("a secret of the tests that is long enough")
CALLER = Caller(new_id(), new_id(), "free")
TYPE = "atelier-identity+jwt"


def claims():
    return jwt.decode(sign_identity([SECRET], CALLER), options={"verify_signature": False})


def made(key, algorithm, **header):
    return jwt.encode(claims(), key, algorithm, headers={"typ": TYPE, **header})


def part(value):
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_another_algorithm_is_refused_even_with_the_right_secret(algorithm):
    key = SECRET.get_secret_value() * 2

    with pytest.raises(Unauthorized):
        verify_identity([SecretStr(key)], made(key, algorithm))


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "PS256", "EdDSA", "hs256", "HS256 "])
def test_a_mac_of_our_secret_under_the_name_of_another_algorithm_is_refused(algorithm):
    signed = f"{part({'alg': algorithm, 'typ': TYPE})}.{part(claims())}"
    mac = hmac.digest(SECRET.get_secret_value().encode(), signed.encode(), "sha256")

    with pytest.raises(Unauthorized):
        verify_identity([SECRET], f"{signed}.{part(mac)}")


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "/dev/null"},
        {"kid": "../../../../proc/self/environ"},
        {"jku": "http://127.0.0.1:1/keys.json"},
        {"x5u": "http://127.0.0.1:1/cert.pem"},
        {"jwk": {"kty": "oct", "k": base64.urlsafe_b64encode(b"k" * 32).decode()}},
    ],
    ids=lambda header: next(iter(header)),
)
def test_a_token_does_not_choose_its_key(header):
    for key in ("k" * 32, "\0" * 32):
        with pytest.raises(Unauthorized):
            verify_identity([SECRET], made(key, "HS256", **header))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", None, ["HS256"], 1])
def test_a_token_without_a_signature_is_refused(algorithm):
    for signature in ("", "AAAA"):
        with pytest.raises(Unauthorized):
            verify_identity([SECRET], f"{part({'alg': algorithm, 'typ': TYPE})}.{part(claims())}.{signature}")


def test_what_was_signed_as_critical_and_is_not_understood_is_refused():
    with pytest.raises(Unauthorized):
        verify_identity([SECRET], made(SECRET.get_secret_value(), "HS256", crit=["exp"]))


def test_a_lapsed_token_is_refused_in_every_replica():
    lapsed = sign_identity([SECRET], CALLER, timedelta(seconds=-10))

    for _ in range(2):
        with pytest.raises(Unauthorized):
            verify_identity([SECRET], lapsed)
