"""A hint refuses nobody by itself: billing is asked, and while it cannot be asked the ledger decides later."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx2
import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from common.errors import InsufficientCredits
from common.http.identity import IDENTITY_HEADER, Caller, verify_identity
from gateway.jobs.credit_hint import CreditHint
from gateway.jobs.limits import AccountKeys, Limits

SECRETS = (SecretStr("an identity secret of the tests, long enough"),)
CALLER = Caller(uuid4(), uuid4(), "free")


@asynccontextmanager
async def hint_of(limits: Limits, answer: Response) -> AsyncIterator[CreditHint]:
    async def credits(request: Request) -> Response:
        assert verify_identity(SECRETS, request.headers[IDENTITY_HEADER]).account_id == CALLER.account_id
        return answer

    transport = httpx2.ASGITransport(Starlette(routes=[Route("/v1/credits", credits)]))
    async with httpx2.AsyncClient(transport=transport) as http:
        yield CreditHint("http://billing", http, SECRETS, limits)


async def test_refuses_when_billing_says_so_too(limits: Limits, redis: Redis) -> None:
    await limits.hint_credits(CALLER.account_id, 4, version=1)
    async with hint_of(limits, JSONResponse({"available": 4, "held": 0})) as hint:
        with pytest.raises(InsufficientCredits) as refused:
            await hint.confirm(CALLER, 5)

    assert (refused.value.required, refused.value.available) == (5, 4)
    assert await redis.exists(AccountKeys(CALLER.account_id).credits)


@pytest.mark.parametrize(
    "answer",
    [
        JSONResponse({"available": 5}),
        JSONResponse({"code": "INTERNAL"}, 500),
        JSONResponse({"odd": 1}),
        Response(b"not json"),
    ],
    ids=["enough", "error", "odd", "not_json"],
)
async def test_goes_on_and_forgets_the_hint_otherwise(limits: Limits, redis: Redis, answer: Response) -> None:
    await limits.hint_credits(CALLER.account_id, 4, version=1)
    async with hint_of(limits, answer) as hint:
        await hint.confirm(CALLER, 5)

    assert not await redis.exists(AccountKeys(CALLER.account_id).credits)
