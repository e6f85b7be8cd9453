"""Cut-outs: what is taken for one, and what vendors are sent for it."""

import base64
import io
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image, ImageFilter
from starlette.responses import Response

from generation.providers.attempt import verdict_of
from generation.providers.catalogue import Catalogue
from generation.providers.circuit import Verdict
from generation.providers.cut_outs import Letterbox, NotACutOut, alpha_of, letterboxed
from generation.providers.errors import ConfigurationError, Unavailable, Unfit
from generation.providers.imaging import Imaging, UnusableImage
from generation.providers.openai_images import OpenAIImages
from generation.providers.picture_ports import CutOutRequest, SourcePicture
from generation.providers.replicate_api import ReplicateApi
from generation.providers.replicate_images import ReplicateImages

from ..local.drawings import thing
from .doubles import Around
from .scripted import ScriptedVendor, answer

EDITS = "POST /v1/images/edits"
VERSION = "95fcc2a26d3899cd6c2691c900465aaeff466285a65c14638cc5f36f34befaf1"
REMBG = f"lucataco/remove-bg:{VERSION}"
CREATE = "POST /v1/predictions"
GET = "GET /v1/predictions/p1"
BOX = (120, 60, 260, 180)
SCENE = thing((400, 240), BOX)


def encoded(image: Image.Image, file_format: str = "PNG") -> bytes:
    out = io.BytesIO()
    image.save(out, file_format)
    return out.getvalue()


def cut(image: Image.Image = SCENE, box: tuple[int, int, int, int] = BOX) -> Image.Image:
    """The thing as a vendor would cut it out: black and transparent around it."""
    mask = Image.new("L", image.size, 0)
    mask.paste(255, box)
    result = Image.new("RGBA", image.size, (0, 0, 0, 0))
    result.paste(image, mask=mask)
    return result


def cut_on_canvas(content: bytes, letterbox: Letterbox) -> Image.Image:
    """The same where the picture lies on a canvas."""
    left, top, right, _ = letterbox.box
    scale = (right - left) / SCENE.width
    box = [round(side * scale) + (left, top)[number % 2] for number, side in enumerate(BOX)]
    return cut(Image.open(io.BytesIO(content)).convert("RGB"), (box[0], box[1], box[2], box[3]))


PICTURE = encoded(SCENE)
REQUEST = CutOutRequest(SourcePicture(PICTURE, "image/png", 400, 240), "u-5f2c")


def alpha(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    assert (image.mode, image.size) == ("L", (400, 240))
    return image


@pytest.mark.parametrize(
    "answered",
    [
        cut(),
        cut().resize((800, 480)),
        cut().resize((200, 121)),
        cut().quantize(),
    ],
    ids=["as it is", "larger", "smaller", "palette"],
)
def test_takes_the_alpha_channel_at_the_pictures_size(answered: Image.Image) -> None:
    found = alpha(alpha_of(PICTURE, encoded(answered)))
    assert [found.getpixel(spot) for spot in ((10, 10), (390, 230), (190, 120))] == [0, 0, 255]


def _redrawn(image: Image.Image) -> Image.Image:
    other = thing((400, 240), BOX).transpose(Image.Transpose.ROTATE_180).filter(ImageFilter.GaussianBlur(3))
    return cut(other.point(lambda level: 255 - level))


NOT_CUT_OUTS: list[tuple[str, bytes, str]] = [
    ("no_alpha", encoded(SCENE), "opaque PNG"),
    ("no_alpha", encoded(SCENE, "JPEG"), "JPEG"),
    ("nothing_removed", encoded(SCENE.convert("RGBA")), "all opaque"),
    ("nothing_left", encoded(cut(box=(0, 0, 1, 1))), "all clear"),
    ("other_shape", encoded(cut().resize((300, 240))), "another shape"),
    ("redrawn", encoded(_redrawn(SCENE)), "another thing"),
]


@pytest.mark.parametrize(("code", "answered"), [row[:2] for row in NOT_CUT_OUTS], ids=[row[2] for row in NOT_CUT_OUTS])
def test_what_is_no_cut_out_of_the_picture_is_told_by_a_word(code: str, answered: bytes) -> None:
    with pytest.raises(NotACutOut) as caught:
        alpha_of(PICTURE, answered)
    assert caught.value.code == code


def test_compression_is_not_taken_for_drawing_anew() -> None:
    lossy = Image.open(io.BytesIO(encoded(SCENE, "JPEG"))).convert("RGB").point(lambda level: min(255, level + 6))
    assert alpha_of(PICTURE, encoded(cut(lossy), "WEBP"))


def test_half_an_answer_is_none() -> None:
    with pytest.raises(UnusableImage):
        alpha_of(PICTURE, encoded(cut())[:200])


@pytest.mark.parametrize("canvas", [(1024, 1024), (1536, 1024), (1024, 1536)])
def test_a_letterbox_is_taken_off_again(canvas: tuple[int, int]) -> None:
    content, letterbox = letterboxed(PICTURE, canvas)
    sent = Image.open(io.BytesIO(content))
    assert sent.size == canvas
    rim = sent.getpixel((0, 0)) if letterbox.box[0] or letterbox.box[1] else (200, 200, 200)
    assert isinstance(rim, tuple)
    assert max(rim) - min(rim) < 10  # the grey of the picture's edges

    found = alpha(alpha_of(PICTURE, encoded(cut_on_canvas(content, letterbox)), letterbox))
    outside, inside = ((112, 120), (268, 120), (190, 52), (190, 188)), ((128, 120), (252, 120), (190, 68), (190, 172))
    assert [found.getpixel(spot) for spot in outside] == [0] * 4
    assert [found.getpixel(spot) for spot in inside] == [255] * 4


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


def said(image: Image.Image) -> Response:
    usage = {"input_tokens": 100, "output_tokens": 1000, "total_tokens": 1100}
    data = [{"b64_json": base64.b64encode(encoded(image)).decode()}]
    return answer({"created": 1, "data": data, "usage": usage}, x_request_id="req_1")


@pytest.mark.parametrize(("model", "size"), [("gpt-image-2.5-sunburst", "1024x608"), ("gpt-image-1.5", "1536x1024")])
async def test_openai_is_asked_for_a_transparent_background_in_a_size_it_makes(
    vendor: ScriptedVendor, openai: OpenAIImages, model: str, size: str
) -> None:
    width, height = map(int, size.split("x"))

    def drawn(_: Any) -> Response:
        return said(cut_on_canvas(*letterboxed(PICTURE, (width, height))))

    vendor.on(EDITS, drawn)
    image = await openai.cut_out(REQUEST, model=model, key="sk-1", call=Around().call())
    assert [alpha(image.content).getpixel(spot) for spot in ((10, 10), (190, 120))] == [0, 255]
    assert image.cost_microusd >= 30_000
    body = vendor.seen[0].body
    for name, value in (("background", "transparent"), ("output_format", "png"), ("size", size)):
        assert f'name="{name}"\r\n\r\n{value}\r\n'.encode() in body
    assert (b"input_fidelity" in body) is (model == "gpt-image-1.5")


async def test_an_opaque_answer_is_paid_for_and_unfit_and_no_word_about_the_vendors_health(
    vendor: ScriptedVendor, openai: OpenAIImages
) -> None:
    vendor.on(EDITS, said(SCENE))
    with pytest.raises(Unfit) as caught:
        await openai.cut_out(REQUEST, model="gpt-image-2.5-flare", key="sk-1", call=Around().call())
    assert (caught.value.code, caught.value.request_id, caught.value.input_tokens) == ("no_alpha", "req_1", 100)
    assert caught.value.cost_microusd == 100 * 5 + 1000 * 30
    assert verdict_of(caught.value) is Verdict.NEUTRAL


def test_a_model_without_transparency_cuts_nothing_out(catalogue: Catalogue) -> None:
    with pytest.raises(ConfigurationError, match="gpt-image-2 draws no transparent background"):
        catalogue.cut_out_card("openai", "gpt-image-2")


async def test_replicate_buys_the_pinned_version_by_the_second(
    vendor: ScriptedVendor, replicate: ReplicateImages
) -> None:
    vendor.on(CREATE, answer({"id": "p1", "status": "starting"}))
    done = {"id": "p1", "status": "succeeded", "output": f"{vendor.url}/out.png", "metrics": {"predict_time": 2.5}}
    vendor.on(GET, answer(done))
    vendor.on("GET /out.png", Response(encoded(cut()), media_type="image/png"))
    around = Around()
    image = await replicate.cut_out(REQUEST, model=REMBG, key="r8_1", call=around.call())
    assert alpha(image.content).getpixel((190, 120)) == 255
    assert (image.cost_microusd, around.remembered) == (563, ["p1"])
    sent = json.loads(vendor.seen[0].body)
    assert sent["version"] == VERSION
    assert sent["input"] == {"image": "data:image/png;base64," + base64.b64encode(PICTURE).decode()}


BAD_OUTPUTS: list[tuple[str, Callable[[str], Any], type[Exception]]] = [
    ("opaque", lambda url: f"{url}/opaque.png", Unfit),
    ("no picture", lambda url: f"{url}/none.png", Unavailable),
    ("none", lambda url: None, Unavailable),
    ("elsewhere", lambda url: "https://evil.example/x.png", Unavailable),
]


@pytest.mark.parametrize(("output", "kind"), [row[1:] for row in BAD_OUTPUTS], ids=[row[0] for row in BAD_OUTPUTS])
async def test_what_replicate_made_and_is_of_no_use_was_paid_for(
    vendor: ScriptedVendor, replicate: ReplicateImages, output: Callable[[str], Any], kind: type[Exception]
) -> None:
    vendor.on(CREATE, answer({"id": "p1", "status": "starting"}))
    done = {"id": "p1", "status": "succeeded", "output": output(vendor.url), "metrics": {"predict_time": 1}}
    vendor.on(GET, answer(done))
    vendor.on("GET /opaque.png", Response(PICTURE, media_type="image/png"))
    vendor.on("GET /none.png", Response(b"<html>", media_type="image/png"))
    with pytest.raises(kind) as caught:
        await replicate.cut_out(REQUEST, model=REMBG, key="r8_1", call=Around().call())
    assert caught.value.cost_microusd == 225  # type: ignore[attr-defined]
