"""A limit counts a route however its path is spelled: what is not the route is no way around it."""

import httpx2
import pytest

from ..conftest import BuildIdentity

SPELLINGS = [
    "/v1/sessions",
    "/v1/%73essions",
    "/v1/sessions/",
    "//v1/sessions",
    "/v1//sessions",
    "/v1/./sessions",
    "/v1/users/../sessions",
    "/V1/Sessions",
    "/v1/sessions;x=1",
    "/v1/sessions%2f",
    "/v1/sessions%00",
    "/v1/sessions?x=1",
]
GUESSES = 6


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_guesses_end_in_a_block_however_the_path_is_spelled(
    build_identity: BuildIdentity, email: str, spelling: str
) -> None:
    async with build_identity().client() as http:
        statuses = [await guess(http, spelling, email) for _ in range(GUESSES + 2)]

    reached = [status for status in statuses if status in (401, 429)]
    assert reached in ([], [401] * GUESSES + [429] * 2)
    if not reached:
        assert set(statuses) <= {404, 405}


async def test_spellings_share_one_count(build_identity: BuildIdentity, email: str) -> None:
    async with build_identity().client() as http:
        for number in range(GUESSES):
            assert await guess(http, ("/v1/sessions", "/v1/%73essions")[number % 2], email) == 401
        assert await guess(http, "/v1/sessions", email) == 429
        assert await guess(http, "/v1/%73essions", email.upper()) == 429


async def guess(http: httpx2.AsyncClient, path: str, email: str) -> int:
    answer = await http.post(path, json={"email": email, "password": "a guess"})
    return answer.status_code
