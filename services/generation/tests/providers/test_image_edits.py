"""Changing a picture: what each vendor is sent, and that a picture is handed over once and as what it is."""

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from starlette.responses import Response, StreamingResponse

from generation.providers.catalogue import Catalogue, ModelCard
from generation.providers.errors import Broken, ConfigurationError, ProviderError, Refused, Throttled, Unavailable
from generation.providers.imaging import Imaging
from generation.providers.openai_images import OpenAIImages
from generation.providers.picture_ports import SOURCE_BYTES_MAX, ImageEditRequest, SourcePicture
from generation.providers.replicate_api import ReplicateApi
from generation.providers.replicate_images import ReplicateImages

from .doubles import Around
from .scripted import ScriptedVendor, Step, answer, cut, png, slow

EDITS = "POST /v1/images/edits"
KONTEXT = "black-forest-labs/flux-kontext-pro"
CREATE = f"POST /v1/models/{KONTEXT}/predictions"
FILES = "POST /v1/files"
DELETE = "DELETE /v1/files/f1"
GET = "GET /v1/predictions/p1"
PICTURE = png(96, 64)
MADE = png(64, 64, "gold")


def request(source: bytes | Path = PICTURE, **more: Any) -> ImageEditRequest:
    picture = SourcePicture(source, "image/png", 96, 64)
    return ImageEditRequest("colour it", picture, 1536, 1024, "u-5f2c", **more)


def made(**more: Any) -> Response:
    usage = {
        "input_tokens": 400,
        "input_tokens_details": {"text_tokens": 10, "image_tokens": 390},
        "output_tokens": 1000,
        "total_tokens": 1400,
    }
    data = [{"b64_json": base64.b64encode(MADE).decode()}]
    return answer({"created": 1, "data": data, "usage": usage, **more}, x_request_id="req_1")


def prediction(status: str, **more: Any) -> Response:
    return answer({"id": "p1", "status": status, **more})


@pytest_asyncio.fixture
async def openai(vendor: ScriptedVendor, catalogue: Catalogue, imaging: Imaging) -> AsyncIterator[OpenAIImages]:
    adapter = OpenAIImages(base_url=f"{vendor.url}/v1", catalogue=catalogue, imaging=imaging, read_timeout_seconds=2)
    yield adapter
    await adapter.aclose()


@pytest_asyncio.fixture
async def replicate(vendor: ScriptedVendor, catalogue: Catalogue, imaging: Imaging) -> AsyncIterator[ReplicateImages]:
    api = ReplicateApi(vendor.url, provider="replicate", read_timeout_seconds=1)
    adapter = ReplicateImages(api, catalogue=catalogue, imaging=imaging, poll_scale=0.01)
    yield adapter
    await adapter.aclose()


def succeeds(vendor: ScriptedVendor) -> None:
    vendor.on(CREATE, prediction("starting"))
    vendor.on(GET, prediction("succeeded", output=f"{vendor.url}/out/0.png"))
    vendor.on("GET /out/0.png", Response(MADE, media_type="image/png"))


async def test_the_picture_travels_by_name_and_type_and_the_image_input_is_paid(
    vendor: ScriptedVendor, openai: OpenAIImages, tmp_path: Path
) -> None:
    vendor.on(EDITS, made())
    path = tmp_path / "source"
    path.write_bytes(PICTURE)
    image = await openai.edit_image(request(path), model="gpt-image-2.5-sunburst", key="sk-1", call=Around().call())
    assert (image.content, image.request_id, image.input_tokens) == (MADE, "req_1", 400)
    assert image.cost_microusd == 10 * 5 + 390 * 8 + 1000 * 30
    (seen,) = vendor.seen
    assert b'name="image"; filename="picture.png"\r\nContent-Type: image/png\r\n\r\n' + PICTURE in seen.body
    assert b'name="size"\r\n\r\n1536x1024\r\n' in seen.body
    assert b'name="safety_identifier"\r\n\r\nu-5f2c\r\n' in seen.body
    assert b"input_fidelity" not in seen.body
    assert b"response_format" not in seen.body


@pytest.mark.parametrize("faithful", [True, False])
async def test_only_a_model_that_can_be_told_is_told_to_be_faithful(
    vendor: ScriptedVendor, openai: OpenAIImages, faithful: bool
) -> None:
    vendor.on(EDITS, made())
    await openai.edit_image(request(faithful=faithful), model="gpt-image-1.5", key="sk-1", call=Around().call())
    assert (b'name="input_fidelity"\r\n\r\nhigh\r\n' in vendor.seen[0].body) is faithful


EVENTS = {
    "complete": ["partial_image", "completed"],
    "cut short": ["partial_image"],
}


@pytest.mark.parametrize("ends", EVENTS)
async def test_a_streamed_edit_shows_previews_and_must_complete(
    vendor: ScriptedVendor, catalogue: Catalogue, imaging: Imaging, ends: str
) -> None:
    encoded = base64.b64encode(MADE).decode()

    def stream(_: object) -> Response:
        events = (
            f"event: image_edit.{name}\ndata: "
            + json.dumps({"type": f"image_edit.{name}", "b64_json": encoded, "partial_image_index": 0})
            + "\n\n"
            for name in EVENTS[ends]
        )
        return StreamingResponse(events, media_type="text/event-stream")

    vendor.on(EDITS, stream)
    adapter = OpenAIImages(base_url=f"{vendor.url}/v1", catalogue=catalogue, imaging=imaging, partial_images=1)
    around = Around()
    try:
        made = adapter.edit_image(request(), model="gpt-image-2.5-flare", key="sk-1", call=around.call())
        if ends == "complete":
            assert (await made).content == MADE
        else:
            with pytest.raises(Unavailable) as caught:
                await made
            assert (caught.value.code, caught.value.billable_unknown) == ("truncated", True)
    finally:
        await adapter.aclose()
    assert around.progress == [(0.5, MADE)]


async def test_a_blocked_edit_is_a_refusal_and_sent_once(vendor: ScriptedVendor, openai: OpenAIImages) -> None:
    vendor.on(EDITS, answer({"error": {"message": "no", "code": "moderation_blocked", "type": "x"}}, 400))
    with pytest.raises(Refused):
        await openai.edit_image(request(), model="gpt-image-2.5-flare", key="sk-1", call=Around().call())
    assert vendor.count(EDITS) == 1


async def test_a_small_picture_goes_to_replicate_inside_the_purchase(
    vendor: ScriptedVendor, replicate: ReplicateImages
) -> None:
    succeeds(vendor)
    image = await replicate.edit_image(request(), model=KONTEXT, key="r8_1", call=Around().call())
    assert (image.content, image.cost_microusd) == (MADE, 40_000)
    sent = json.loads(vendor.seen[0].body)["input"]
    assert sent["input_image"] == "data:image/png;base64," + base64.b64encode(PICTURE).decode()
    assert (sent["prompt"], sent["aspect_ratio"]) == ("colour it", "match_input_image")


async def test_a_large_picture_is_uploaded_first_and_named_by_its_address(
    vendor: ScriptedVendor, replicate: ReplicateImages
) -> None:
    succeeds(vendor)
    address = "https://api.replicate.com/v1/files/f1"
    vendor.on(FILES, answer({"id": "f1", "urls": {"get": address}}, 201))
    vendor.on(DELETE, Response(status_code=204))
    large = PICTURE + b"\0" * 200_000
    await replicate.edit_image(request(large, aspect_ratio="3:2"), model=KONTEXT, key="r8_1", call=Around().call())
    upload, create, *_, removal = vendor.seen
    assert b'name="content"; filename="picture.png"\r\nContent-Type: image/png\r\n\r\n' + large in upload.body
    assert upload.headers["authorization"] == "Bearer r8_1"
    sent = json.loads(create.body)["input"]
    assert (sent["input_image"], sent["aspect_ratio"]) == (address, "3:2")
    assert (f"{removal.method} {removal.path}", removal.headers["authorization"]) == (DELETE, "Bearer r8_1")


@pytest.mark.parametrize("removal", [answer({}, 500), slow(3, answer({}))], ids=["fails", "hangs"])
async def test_an_upload_goes_whatever_becomes_of_the_prediction_and_holds_nobody(
    vendor: ScriptedVendor, replicate: ReplicateImages, monkeypatch: pytest.MonkeyPatch, removal: Step
) -> None:
    monkeypatch.setattr("generation.providers.replicate_handover._FORGET_SECONDS", 0.1)
    succeeds(vendor)
    vendor.on(GET, prediction("failed", error="CUDA out of memory"))
    vendor.on(FILES, answer({"id": "f1", "urls": {"get": "https://api.replicate.com/v1/files/f1"}}, 201))
    vendor.on(DELETE, removal)
    with pytest.raises(Unavailable, match="CUDA"):
        await replicate.edit_image(request(b"\0" * 200_000), model=KONTEXT, key="r8_1", call=Around().call())
    assert vendor.count(DELETE) == 1


UPLOAD_FAILURES: list[tuple[str, Step, type[ProviderError]]] = [
    ("busy", answer({"detail": "x"}, 429, retry_after="2"), Throttled),
    ("down", answer({}, 500), Unavailable),
    ("HTML", Response("<html>", 200), Unavailable),
    ("odd id", answer({"id": "../x", "urls": {"get": "https://x.example/f"}}, 201), Unavailable),
    ("no address", answer({"id": "f1", "urls": {}}, 201), Unavailable),
    ("a file of ours", answer({"id": "f1", "urls": {"get": "file:///etc/passwd"}}, 201), Unavailable),
    ("cut off", cut(b"{", 99), Unavailable),
    ("bad token", answer({}, 401), Broken),
]


@pytest.mark.parametrize(("step", "kind"), [r[1:] for r in UPLOAD_FAILURES], ids=[r[0] for r in UPLOAD_FAILURES])
async def test_what_cannot_be_uploaded_is_not_bought_and_may_be_tried_again(
    vendor: ScriptedVendor, replicate: ReplicateImages, step: Step, kind: type[ProviderError]
) -> None:
    vendor.on(FILES, step)
    with pytest.raises(kind) as caught:
        await replicate.edit_image(request(b"\0" * 200_000), model=KONTEXT, key="r8_1", call=Around().call())
    assert vendor.count(CREATE) == 0
    if isinstance(caught.value, Unavailable):
        assert (caught.value.repeatable, caught.value.billable_unknown) == (True, False)


async def test_what_was_bought_before_a_crash_is_fetched_without_the_picture(
    vendor: ScriptedVendor, replicate: ReplicateImages
) -> None:
    succeeds(vendor)
    call = Around().call(adopted="p1")
    image = await replicate.edit_image(request(b"\0" * 200_000), model=KONTEXT, key="r8_1", call=call)
    assert image.content == MADE
    assert (vendor.count(FILES), vendor.count(CREATE)) == (0, 0)


async def test_a_model_that_takes_no_picture_is_no_editor() -> None:
    cards = Catalogue([ModelCard(provider="replicate", model="a/b", image_microusd=1)])
    with pytest.raises(ConfigurationError, match="picture_input"):
        cards.edit_card("replicate", "a/b")


@pytest.mark.parametrize("content", [b"", b"\0" * (SOURCE_BYTES_MAX + 1)], ids=["empty", "too large"])
async def test_a_picture_has_a_size_that_providers_take(content: bytes) -> None:
    with pytest.raises(ValueError, match="bytes"):
        await SourcePicture(content, "image/png", 8, 8).read()
    with pytest.raises(ValueError, match="not one of"):
        SourcePicture(PICTURE, "image/svg+xml", 8, 8)
