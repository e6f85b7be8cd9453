"""Cross-origin: only named origins, every header a page needs, on every answer, and permissions that are remembered."""

import pytest
from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import ValidationError

from common.errors import RateLimited
from common.http.app import create_app
from common.http.cors import EXPOSED_HEADERS
from common.settings import CommonSettings

STUDIO, ADMIN, STRANGER = "https://studio.example", "http://localhost:5173", "https://evil.example"
router = APIRouter(prefix="/v1")


@router.get("/thing")
async def thing() -> str:
    return "thing"


@router.get("/late")
async def late() -> None:
    raise RateLimited(retry_after_seconds=3)


@router.get("/bug")
async def bug() -> None:
    raise RuntimeError


@router.get("/events")
async def events() -> StreamingResponse:
    return StreamingResponse(iter([b": hello\n\n"]), media_type="text/event-stream", headers={"vary": "Accept"})


@router.post("/thing")
async def make(body: dict[str, int]) -> None:
    return None


def settings_with(origins):
    return CommonSettings(redis_url="redis://127.0.0.1/0", environment="development", allowed_origins=origins)


def make_app(origins):
    return create_app(
        service="t",
        settings=settings_with(origins),
        routers=[router],
        readiness={},
        title="T",
        version="1",
        body_bytes_max=100,
    )


@pytest.fixture
async def http(serve, client):
    async with client(await serve(make_app(f"{STUDIO}, {ADMIN}"))) as http:
        yield http


def preflight(origin, method="POST"):
    return {
        "origin": origin,
        "access-control-request-method": method,
        "access-control-request-headers": "authorization,idempotency-key,quote",
    }


@pytest.mark.parametrize("origin", [STUDIO, ADMIN])
async def test_answers_a_preflight_for_any_path_and_lets_it_be_remembered(http, origin):
    for path in ("/v1/thing", "/v1/never/heard/of"):
        answer = await http.options(path, headers=preflight(origin))

        assert answer.status_code == 204
        assert answer.content == b""
        assert answer.headers["access-control-allow-origin"] == origin
        assert "PATCH" in answer.headers["access-control-allow-methods"]
        permitted = answer.headers["access-control-allow-headers"].lower().split(", ")
        assert {"authorization", "content-type", "idempotency-key", "quote", "if-none-match", "traceparent"} <= set(
            permitted
        )
        assert int(answer.headers["access-control-max-age"]) >= 600
        assert "Origin" in answer.headers["vary"]
        assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin", [STRANGER, "null", "", "https://studio.example.evil.example", "http://studio.example", STUDIO + ":444"]
)
async def test_permits_nothing_to_other_origins(http, origin):
    refused = await http.options("/v1/thing", headers=preflight(origin))
    answer = await http.get("/v1/thing", headers={"origin": origin})

    assert refused.status_code == 405
    assert answer.status_code == 200
    for response in (refused, answer):
        assert not [name for name in response.headers if name.startswith("access-control-")]
        assert "Origin" in response.headers["vary"], "no cache may hand this to an origin that is allowed"


@pytest.mark.parametrize(
    ("path", "status"),
    [("/v1/thing", 200), ("/v1/late", 429), ("/v1/bug", 500), ("/v1/none", 404), ("/v1/events", 200)],
)
async def test_every_answer_can_be_read_with_all_its_headers(http, path, status):
    answer = await http.get(path, headers={"origin": STUDIO})

    assert answer.status_code == status
    assert answer.headers["access-control-allow-origin"] == STUDIO
    exposed = set(answer.headers["access-control-expose-headers"].split(", "))
    assert exposed == set(EXPOSED_HEADERS) >= {
        "Location", "ETag", "Retry-After", "RateLimit", "RateLimit-Policy", "Idempotent-Replayed", "X-Request-Id",
        "traceparent", "X-Degraded", "Server-Timing",
    }  # fmt: skip
    assert answer.headers["vary"] == ("Accept, Origin" if path == "/v1/events" else "Origin")
    assert answer.headers["x-request-id"]


async def test_a_body_that_is_too_long_is_refused_readably(http):
    answer = await http.post("/v1/thing", content=b"x" * 101, headers={"origin": STUDIO})

    assert answer.status_code == 413
    assert answer.headers["access-control-allow-origin"] == STUDIO


async def test_without_allowed_origins_there_is_nothing_of_it(serve, client):
    async with client(await serve(make_app(""))) as http:
        answer = await http.get("/v1/thing", headers={"origin": STUDIO})
        assert (await http.options("/v1/thing", headers=preflight(STUDIO))).status_code == 405

    assert not [name for name in answer.headers if name.startswith("access-control-") or name == "vary"]


@pytest.mark.parametrize(
    "origins",
    ["*", f"{STUDIO},*", "null", "studio.example", "https://", f"{STUDIO}/", f"{STUDIO}/app", "https://*.example",
     "ftp://studio.example", "https://user@studio.example", "https://STUDIO.example"],
)  # fmt: skip
def test_refuses_what_is_no_single_origin(origins):
    with pytest.raises(ValidationError, match="is no origin such as"):
        settings_with(origins)


def test_origins_come_from_one_variable_of_all_services(monkeypatch):
    monkeypatch.setenv("ALLOWED_ORIGINS", f"{STUDIO},http://[::1]:8080")

    settings = CommonSettings(redis_url="redis://127.0.0.1/0")

    assert settings.allowed_origins == (STUDIO, "http://[::1]:8080")
    monkeypatch.setenv("ALLOWED_ORIGINS", "")
    assert CommonSettings(redis_url="redis://127.0.0.1/0").allowed_origins == ()
