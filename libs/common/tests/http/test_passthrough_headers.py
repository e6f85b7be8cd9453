"""Headers go through as the bytes they are: odd ones are the owner's to refuse, and never a failure of ours."""

import pytest
from fastapi import APIRouter
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response

from common.http.app import create_app
from common.http.client import build_http_client
from common.http.identity import IDENTITY_HEADER, Caller, verify_identity
from common.http.passthrough import Passthrough
from common.ids import new_id

SECRETS = (SecretStr("a secret of the tests that is long enough"),)
CALLER = Caller(new_id(), new_id(), "free")


@pytest.fixture
async def received(settings, serve):
    """Sends headers through a gateway; gives what the owner got of them."""
    owner_router, gateway_router = APIRouter(), APIRouter()

    @owner_router.post("/v1/things")
    async def things(request: Request) -> list[list[str]]:
        return [[name.decode("latin-1"), value.decode("latin-1")] for name, value in request.headers.raw]

    owner = create_app(service="o", settings=settings, routers=[owner_router], readiness={}, title="o", version="1")
    async with build_http_client() as upstream:
        passthrough = Passthrough(await serve(owner), upstream, SECRETS)

        @gateway_router.post("/v1/things")
        async def forward(request: Request) -> Response:
            return await passthrough.forward(request, CALLER)

        app = create_app(service="g", settings=settings, routers=[gateway_router], readiness={}, title="g", version="1")
        async with build_http_client(base_url=await serve(app)) as http:

            async def send(headers):
                answer = await http.post("/v1/things", headers=headers)
                assert answer.status_code == 200, answer.text
                return answer.json()

            yield send


@pytest.mark.parametrize("value", [b"caf\xe9", "café".encode(), b"\xff\x80", b'"quoted"', b"a b"])
async def test_odd_bytes_arrive_unchanged(received, value):
    got = dict(await received([(b"idempotency-key", value)]))

    assert got["idempotency-key"].encode("latin-1") == value


async def test_only_the_gateways_own_identity_arrives(received):
    got = await received(
        [(IDENTITY_HEADER.encode(), b"forged"), (b"x-atelier-identity", b"forged too"), (b"x-user", b"u")]
    )

    identities = [value for name, value in got if name == IDENTITY_HEADER.lower()]
    assert len(identities) == 1
    assert verify_identity(SECRETS, identities[0]) == CALLER
    assert "x-user" not in dict(got)
