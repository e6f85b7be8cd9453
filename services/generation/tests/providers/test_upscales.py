"""Enlarging on Replicate: what it is sent, and that what comes goes to disk, whole, once, and of the right size."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image
from starlette.responses import Response

from generation.local.pool import LocalPool, PoolLimits
from generation.providers.catalogue import Catalogue
from generation.providers.enlargements import Enlargements
from generation.providers.errors import ProviderError, Unavailable, Unfit
from generation.providers.imaging import Imaging
from generation.providers.picture_ports import SourcePicture, UpscaleRequest
from generation.providers.replicate_api import ReplicateApi
from generation.providers.replicate_images import ReplicateImages

from .doubles import Around
from .scripted import ScriptedVendor, Step, answer, cut, png

VERSION = "f121d640bd286e1fdc67f9799164c1d5be36ff74576ee11c803ae5b665dd46aa"
ESRGAN = f"nightmareai/real-esrgan:{VERSION}"
CREATE = "POST /v1/predictions"
GET = "GET /v1/predictions/p1"
OUTPUT = "GET /out.png"


@pytest_asyncio.fixture
async def replicate(vendor: ScriptedVendor, catalogue: Catalogue, imaging: Imaging) -> AsyncIterator[ReplicateImages]:
    pool = LocalPool(PoolLimits(processes_max=1))
    adapter = ReplicateImages(
        ReplicateApi(vendor.url, provider="replicate", read_timeout_seconds=1),
        catalogue=catalogue,
        imaging=imaging,
        enlargements=Enlargements(pool),
        poll_scale=0.01,
    )
    vendor.on(CREATE, answer({"id": "p1", "status": "starting"}))
    done = {"id": "p1", "status": "succeeded", "output": f"{vendor.url}/out.png", "metrics": {"predict_time": 1.0}}
    vendor.on(GET, answer(done))
    yield adapter
    await adapter.aclose()
    await pool.drain()


def request(folder: Path) -> UpscaleRequest:
    return UpscaleRequest(SourcePicture(png(40, 30), "image/png", 40, 30), 2, folder / "large")


async def test_the_scale_is_asked_for_and_the_result_is_a_file_of_exactly_that_size(
    vendor: ScriptedVendor, replicate: ReplicateImages, tmp_path: Path
) -> None:
    vendor.on(OUTPUT, Response(png(80, 60), media_type="image/png"))
    file = await replicate.upscale(request(tmp_path), model=ESRGAN, key="r8_1", call=Around().call(20))
    with Image.open(file.path) as image:
        assert (image.format, image.size) == ("WEBP", (80, 60))
    assert (file.cost_microusd, file.request_id) == (225, "p1")
    sent = json.loads(vendor.seen[0].body)
    assert sent["version"] == VERSION
    assert (sent["input"]["scale"], sent["input"]["face_enhance"]) == (2, False)
    assert "authorization" not in vendor.seen[-1].headers


NO_USE: list[tuple[str, Step, type[ProviderError], str]] = [
    ("smaller", Response(png(79, 40)), Unfit, "other_size"),
    ("no picture", Response("<html>"), Unfit, "unsupported_image"),
    ("half of it", Response(png(80, 60)[:-40]), Unfit, "unsupported_image"),
    ("endless", Response(b"\0" * 5000), Unavailable, "too_large"),
]


@pytest.mark.parametrize(("step", "kind", "code"), [row[1:] for row in NO_USE], ids=[row[0] for row in NO_USE])
async def test_what_is_of_no_use_was_paid_for_and_leaves_no_file(
    vendor: ScriptedVendor,
    replicate: ReplicateImages,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: Step,
    kind: type[ProviderError],
    code: str,
) -> None:
    monkeypatch.setattr("generation.providers.replicate_api.FILE_BYTES_MAX", 3000)
    vendor.on(OUTPUT, step)
    wanted = request(tmp_path)
    with pytest.raises(kind) as caught:
        await replicate.upscale(wanted, model=ESRGAN, key="r8_1", call=Around().call(20))
    assert (caught.value.code, caught.value.cost_microusd) == (code, 225)
    assert not wanted.target.exists()


async def test_an_output_that_did_not_come_whole_is_fetched_again_and_not_bought_again(
    vendor: ScriptedVendor, replicate: ReplicateImages, tmp_path: Path
) -> None:
    vendor.on(OUTPUT, cut(png(80, 60)[:50], 9999, "image/png"), Response(png(80, 60), media_type="image/png"))
    with pytest.raises(Unavailable) as caught:
        await replicate.upscale(request(tmp_path), model=ESRGAN, key="r8_1", call=Around().call(20))
    assert caught.value.resumable_external_id == "p1"
    again = Around().call(20, adopted="p1")
    assert (await replicate.upscale(request(tmp_path), model=ESRGAN, key="r8_1", call=again)).width == 80
    assert vendor.count(CREATE) == 1
