"""The OpenAI adapter: what it sends, and how everything that can come back is sorted."""

import base64
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import pytest_asyncio
from starlette.responses import Response

from generation.providers.catalogue import Catalogue, ModelCard
from generation.providers.errors import Broken, ProviderError, Refused, Throttled, Unavailable
from generation.providers.imaging import Imaging
from generation.providers.openai_images import OpenAIImages

from .doubles import REQUEST, Around
from .scripted import ScriptedVendor, Step, answer, cut, drip, png, slow

ROUTE = "POST /v1/images/generations"
MODEL = "gpt-image-2.5-flare"
PICTURE = png()
USAGE = {
    "input_tokens": 20,
    "input_tokens_details": {"text_tokens": 20, "image_tokens": 0},
    "output_tokens": 1000,
    "total_tokens": 1020,
}


def made(content: bytes = PICTURE, **more: Any) -> Response:
    data = [{"b64_json": base64.b64encode(content).decode(), "revised_prompt": "a tall lighthouse"}]
    return answer({"created": 1, "data": data, "usage": USAGE, **more}, x_request_id="req_1")


def failed(status: int, code: str | None, kind: str = "x", **headers: str) -> Response:
    body = {"error": {"message": "no (request id req_9)", "code": code, "type": kind, "param": None}}
    return answer(body, status, x_request_id="req_9", **headers)


@asynccontextmanager
async def opened(adapter: OpenAIImages) -> AsyncIterator[OpenAIImages]:
    try:
        yield adapter
    finally:
        await adapter.aclose()


@pytest_asyncio.fixture
async def images(vendor: ScriptedVendor, catalogue: Catalogue, imaging: Imaging) -> AsyncIterator[OpenAIImages]:
    async with opened(
        OpenAIImages(base_url=f"{vendor.url}/v1", catalogue=catalogue, imaging=imaging, read_timeout_seconds=2)
    ) as adapter:
        yield adapter


async def test_sends_one_request_and_returns_the_verified_image_with_its_cost(
    vendor: ScriptedVendor, images: OpenAIImages
) -> None:
    vendor.on(ROUTE, made())
    image = await images.make_image(REQUEST, model=MODEL, key="sk-1", call=Around().call())
    assert (image.content, image.media_type, image.width) == (PICTURE, "image/png", 64)
    assert image.cost_microusd == 20 * 5 + 1000 * 30
    assert (image.revised_prompt, image.request_id) == ("a tall lighthouse", "req_1")
    (seen,) = vendor.seen
    sent = json.loads(seen.body)
    assert sent["safety_identifier"] == "u-5f2c"
    assert "Leave out: people" in sent["prompt"]
    assert (sent["size"], sent["n"], sent["quality"]) == ("1024x1024", 1, "medium")
    assert seen.headers["authorization"] == "Bearer sk-1"
    assert len(seen.headers["x-client-request-id"]) == 36


async def test_each_call_is_paid_by_the_key_it_was_given(vendor: ScriptedVendor, images: OpenAIImages) -> None:
    vendor.on(ROUTE, made())
    for key in ("sk-1", "sk-2", "sk-1"):
        await images.make_image(REQUEST, model=MODEL, key=key, call=Around().call())
    assert [s.headers["authorization"][-4:] for s in vendor.seen] == ["sk-1", "sk-2", "sk-1"]


def _is(kind: type[ProviderError], **attributes: Any) -> Callable[[ProviderError], bool]:
    def check(error: ProviderError) -> bool:
        return type(error) is kind and all(getattr(error, n) == v for n, v in attributes.items())

    return check


TABLE: list[tuple[str, Step, Callable[[ProviderError], bool]]] = [
    ("rate limit", failed(429, "rate_limit_exceeded", retry_after="7"),
     _is(Throttled, retry_after_seconds=7.0, overloaded=False)),
    ("rate limit in ms", failed(429, "rate_limit_exceeded", retry_after_ms="1500", retry_after="9"),
     _is(Throttled, retry_after_seconds=1.5)),
    ("rate limit untold", failed(429, "slow_down"), _is(Throttled, retry_after_seconds=None)),
    ("overloaded", failed(503, "server_is_overloaded", retry_after="2"),
     _is(Throttled, retry_after_seconds=2.0, overloaded=True)),
    ("503 slow down", failed(503, "slow_down"), _is(Throttled, overloaded=True)),
    ("503 plain", failed(503, None), _is(Unavailable, billable_unknown=False)),
    ("spend limit", failed(429, "project_spend_limit_exceeded", "insufficient_quota"),
     _is(Broken, key_at_fault=True)),
    ("quota", failed(429, "insufficient_quota"), _is(Broken, code="insufficient_quota", key_at_fault=True)),
    ("credit gone", failed(429, "credit_balance_exhausted"), _is(Broken, key_at_fault=True)),
    ("organization spend", failed(429, "organization_spend_limit_exceeded"), _is(Broken, key_at_fault=True)),
    ("organization usage", failed(429, "organization_usage_limit_exceeded"), _is(Broken, key_at_fault=True)),
    ("quota by type", failed(429, None, "insufficient_quota"), _is(Broken, key_at_fault=True)),
    ("moderation", failed(400, "moderation_blocked", "image_generation_user_error"),
     _is(Refused, code="moderation_blocked", request_id="req_9")),
    ("moderation by type", failed(400, None, "image_generation_user_error"), _is(Refused, code="moderation_blocked")),
    ("no transparency", failed(400, "invalid_value", "image_generation_user_error"), _is(Broken, key_at_fault=False)),
    ("policy", failed(400, "content_policy_violation"), _is(Refused, code="moderation_blocked")),
    ("policy of responses", failed(400, "image_content_policy_violation"), _is(Refused)),
    ("bad parameter", failed(400, "invalid_value"), _is(Broken, key_at_fault=False)),
    ("no model", failed(404, "model_not_found"), _is(Broken, code="model_not_found", key_at_fault=False)),
    ("too large", failed(413, None), _is(Broken)),
    ("unprocessable", failed(422, None), _is(Broken)),
    ("bad key", failed(401, "invalid_api_key"), _is(Broken, key_at_fault=True)),
    ("not allowed", failed(403, None), _is(Broken, key_at_fault=True)),
    ("request timeout", failed(408, None), _is(Unavailable, billable_unknown=False)),
    ("conflict", failed(409, None), _is(Unavailable, billable_unknown=False)),
    ("server error", failed(500, None), _is(Unavailable, billable_unknown=False)),
    ("bad gateway page", Response("<html>", 502, media_type="text/html"), _is(Unavailable)),
    ("half JSON", Response('{"data": [', media_type="application/json"), _is(Unavailable, code="malformed")),
    ("HTML 200", Response("<html>hi</html>", media_type="text/html"), _is(Unavailable, code="malformed")),
    ("empty object", answer({}), _is(Unavailable, code="malformed")),
    ("JSON null", answer(None), _is(Unavailable, code="malformed")),
    ("JSON list", answer([]), _is(Unavailable, code="malformed")),
    ("empty item", answer({"data": [{}]}), _is(Unavailable, code="malformed")),
    ("null image", answer({"data": [{"b64_json": None}]}), _is(Unavailable, code="malformed")),
    ("not base64", answer({"data": [{"b64_json": "!!"}]}), _is(Unavailable, code="malformed")),
    ("half an image", made(PICTURE[:60]), _is(Unavailable, code="malformed", cost_microusd=30100, output_tokens=1000)),
    ("cut off", cut(b'{"data"', 999), _is(Unavailable, billable_unknown=True, code="connection")),
    ("list of Gemini", answer(
        [{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "x",
                    "details": [{"retryDelay": "17s"}]}}], 429),
     _is(Throttled, retry_after_seconds=17.0, code="RESOURCE_EXHAUSTED")),
]  # fmt: skip


@pytest.mark.parametrize(("step", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
async def test_sorts_each_answer_and_sends_exactly_one_request(
    vendor: ScriptedVendor, images: OpenAIImages, step: Step, expected: Callable[[ProviderError], bool]
) -> None:
    vendor.on(ROUTE, step)
    with pytest.raises(ProviderError) as caught:
        await images.make_image(REQUEST, model=MODEL, key="sk-1", call=Around().call())
    assert expected(caught.value), (type(caught.value), vars(caught.value))
    assert vendor.count(ROUTE) == 1


async def test_retry_after_as_a_date_becomes_seconds(vendor: ScriptedVendor, images: OpenAIImages) -> None:
    then = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    vendor.on(ROUTE, failed(429, "rate_limit_exceeded", retry_after=then))
    with pytest.raises(Throttled) as caught:
        await images.make_image(REQUEST, model=MODEL, key="sk-1", call=Around().call())
    assert caught.value.retry_after_seconds == pytest.approx(30, abs=2)
    assert caught.value.until is not None


async def test_a_refusal_shows_the_user_nothing_of_the_vendor(vendor: ScriptedVendor, images: OpenAIImages) -> None:
    vendor.on(ROUTE, failed(400, "moderation_blocked"))
    with pytest.raises(Refused) as caught:
        await images.make_image(REQUEST, model=MODEL, key="sk-1", call=Around().call())
    assert "req_9" not in caught.value.detail


async def test_refused_connection_costs_nothing(catalogue: Catalogue, imaging: Imaging) -> None:
    async with opened(OpenAIImages(base_url="http://127.0.0.1:9/v1", catalogue=catalogue, imaging=imaging)) as images:
        with pytest.raises(Unavailable) as caught:
            await images.make_image(REQUEST, model=MODEL, key="sk-1", call=Around().call())
    assert caught.value.billable_unknown is False


async def test_silence_past_the_read_timeout_may_have_been_charged(
    vendor: ScriptedVendor, catalogue: Catalogue, imaging: Imaging
) -> None:
    vendor.on(ROUTE, slow(3, made()))
    async with opened(
        OpenAIImages(base_url=f"{vendor.url}/v1", catalogue=catalogue, imaging=imaging, read_timeout_seconds=0.2)
    ) as images:
        with pytest.raises(Unavailable) as caught:
            await images.make_image(REQUEST, model=MODEL, key="sk-1", call=Around().call())
    assert (caught.value.billable_unknown, caught.value.code) == (True, "timeout")
    assert vendor.count(ROUTE) == 1


async def test_a_dripping_body_does_not_outlast_the_deadline(vendor: ScriptedVendor, images: OpenAIImages) -> None:
    vendor.on(ROUTE, drip(b" " * 400))
    started = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        await images.make_image(REQUEST, model=MODEL, key="sk-1", call=Around().call(0.4))
    assert time.monotonic() - started < 1.5
    assert caught.value.billable_unknown is True


async def test_an_endless_answer_is_cut_off(
    vendor: ScriptedVendor, images: OpenAIImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images._http._transport, "_bytes_max", 1000)
    vendor.on(ROUTE, made(png(400, 400)[:1] * 5000))
    with pytest.raises(Unavailable, match="ResponseTooLarge"):
        await images.make_image(REQUEST, model=MODEL, key="sk-1", call=Around().call())


def events(*bodies: dict[str, Any]) -> bytes:
    return "".join(f"event: {b['type']}\ndata: {json.dumps(b)}\n\n" for b in bodies).encode()


PARTIAL = {
    "type": "image_generation.partial_image",
    "partial_image_index": 0,
    "b64_json": base64.b64encode(png(16, 16)).decode(),
}
COMPLETED = {
    "type": "image_generation.completed",
    "b64_json": base64.b64encode(PICTURE).decode(),
    "usage": USAGE,
}


def told(code: str | None, kind: str | None = None) -> Response:
    said = json.dumps({"error": {"message": "no", "code": code, "type": kind}})
    return Response(f"event: error\ndata: {said}\n\n", media_type="text/event-stream")


@pytest_asyncio.fixture
async def streaming(vendor: ScriptedVendor, catalogue: Catalogue, imaging: Imaging) -> AsyncIterator[OpenAIImages]:
    async with opened(
        OpenAIImages(base_url=f"{vendor.url}/v1", catalogue=catalogue, imaging=imaging, partial_images=2)
    ) as adapter:
        yield adapter


async def test_streaming_shows_previews_and_returns_the_completed_image(
    vendor: ScriptedVendor, streaming: OpenAIImages
) -> None:
    vendor.on(ROUTE, Response(events(PARTIAL, COMPLETED), media_type="text/event-stream"))
    around = Around()
    image = await streaming.make_image(REQUEST, model=MODEL, key="sk-1", call=around.call())
    assert image.content == PICTURE
    assert image.cost_microusd == 30100
    ((fraction, preview),) = around.progress
    assert (round(fraction, 3), preview) == (0.333, png(16, 16))


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (Response(events(PARTIAL), media_type="text/event-stream"), _is(Unavailable, code="truncated")),
        (made(), _is(Unavailable, code="truncated")),
        (cut(events(PARTIAL), 9999, "text/event-stream"), _is(Unavailable, billable_unknown=True)),
        (told("moderation_blocked", "image_generation_user_error"), _is(Refused, code="moderation_blocked")),
        (told("project_spend_limit_exceeded"), _is(Broken, code="project_spend_limit_exceeded", key_at_fault=True)),
        (told(None, "insufficient_quota"), _is(Broken, code="insufficient_quota", key_at_fault=True)),
        (told("rate_limit_exceeded"), _is(Throttled, overloaded=False, retry_after_seconds=None)),
        (told("slow_down"), _is(Throttled, overloaded=True)),
        (told("server_error"), _is(Unavailable, code="server_error", billable_unknown=True)),
    ],
    ids=[
        "ends early", "answered with JSON", "cut off", "error event", "spend limit", "quota by type", "rate limit",
        "overloaded", "server error",
    ],
)  # fmt: skip
async def test_a_stream_without_its_end_is_an_error(
    vendor: ScriptedVendor, streaming: OpenAIImages, step: Step, expected: Callable[[ProviderError], bool]
) -> None:
    vendor.on(ROUTE, step)
    with pytest.raises(ProviderError) as caught:
        await streaming.make_image(REQUEST, model=MODEL, key="sk-1", call=Around().call())
    assert expected(caught.value), (type(caught.value), vars(caught.value))


async def test_a_dripping_stream_does_not_outlast_the_deadline(vendor: ScriptedVendor, streaming: OpenAIImages) -> None:
    vendor.on(ROUTE, drip(events(PARTIAL, COMPLETED), 0.02, "text/event-stream"))
    started = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        await streaming.make_image(REQUEST, model=MODEL, key="sk-1", call=Around().call(0.4))
    assert time.monotonic() - started < 1.5
    assert caught.value.billable_unknown is True


async def test_a_compatible_endpoint_is_sent_only_what_it_knows(vendor: ScriptedVendor, imaging: Imaging) -> None:
    vendor.on(ROUTE, made())
    card = ModelCard(provider="gemini", model="pro-image", image_microusd=40_000)
    async with opened(
        OpenAIImages(
            base_url=f"{vendor.url}/v1",
            catalogue=Catalogue([card]),
            imaging=imaging,
            provider="gemini",
            native=False,
        )
    ) as images:
        image = await images.make_image(REQUEST, model="pro-image", key="g-1", call=Around().call())
    assert image.cost_microusd == 40_000
    sent = json.loads(vendor.seen[0].body)
    assert sent["response_format"] == "b64_json"
    assert {"quality", "safety_identifier", "output_format"}.isdisjoint(sent)
