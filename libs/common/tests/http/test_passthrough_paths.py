"""The owner sees the path that the gateway matched, whatever is written in it; never another."""

import asyncio
import json

import pytest
from fastapi import APIRouter
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response

from common.http.app import create_app
from common.http.client import build_http_client
from common.http.identity import Caller
from common.http.passthrough import Passthrough
from common.ids import new_id

SECRETS = (SecretStr("a secret of the tests that is long enough"),)


@pytest.fixture
async def ask(settings, serve):
    """Asks a gateway for a target just as it is written; gives the status and the owner's view."""
    owner_router, gateway_router = APIRouter(), APIRouter()

    @owner_router.get("/v1/secret")
    async def secret() -> str:
        return "nobody passes this on"

    @owner_router.get("/v1/things/{name}/parts")
    async def parts(name: str, request: Request) -> list[str]:
        return [name, request.scope["query_string"].decode()]

    owner = create_app(service="o", settings=settings, routers=[owner_router], readiness={}, title="o", version="1")
    async with build_http_client() as upstream:
        passthrough = Passthrough(await serve(owner), upstream, SECRETS)

        @gateway_router.get("/v1/things/{name}/parts")
        async def forward(request: Request) -> Response:
            return await passthrough.forward(request, Caller(new_id(), new_id(), "free"))

        app = create_app(service="g", settings=settings, routers=[gateway_router], readiness={}, title="g", version="1")
        port = int((await serve(app)).rpartition(":")[2])

        async def send(target):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = await asyncio.wait_for(reader.read(), 10)
            writer.close()
            head, _, body = answer.partition(b"\r\n\r\n")
            return int(head.split()[1]), json.loads(body)

        yield send


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (b"plain", "plain"),
        (b"a%3Fb=c", "a?b=c"),
        (b"a%23b", "a#b"),
        (b"%19%C2%9E", "\x19\x9e"),
        (b"%F0%9F%98%80", "\U0001f600"),
        (b"%25%32%66", "%2f"),
        (b"a%20%22b", 'a "b'),
        (b"a%0D%0AX-Y:%20z", "a\r\nX-Y: z"),
        (b"...", "..."),
        (b"a;b=c,d", "a;b=c,d"),
    ],
)
async def test_a_name_arrives_as_it_was_meant(ask, written, meant):
    assert await ask(b"/v1/things/" + written + b"/parts?x=1&y=%00") == (200, [meant, "x=1&y=%00"])


@pytest.mark.parametrize(
    "written", [b"..", b"%2e%2e", b".%2E", b".", b"..%2f..%2fsecret%3f", b"%2e%2e/%2e%2e/secret%3F"]
)
async def test_no_path_leads_elsewhere(ask, written):
    status, body = await ask(b"/v1/things/" + written + b"/parts")

    assert (status, body["code"]) == (404, "NOT_FOUND")


async def test_an_odd_query_is_no_failure(ask):
    assert await ask(b"/v1/things/a/parts?q=\"'`{}|^") == (200, ["a", "q=%22'`{}|^"])
