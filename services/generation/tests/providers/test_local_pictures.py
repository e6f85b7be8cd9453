"""Local entries of a chain: when they are asked, what they cost, and that they keep to the call's time."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from generation.local import models
from generation.local.pool import LocalPool, LocalTask, PoolLimits
from generation.providers import local_pictures
from generation.providers.bootstrap import build_providers
from generation.providers.catalogue import Catalogue
from generation.providers.errors import Broken, ConfigurationError, ProviderError, Throttled, Unavailable, Unfit
from generation.providers.imaging import Imaging
from generation.providers.local_pictures import LocalPictures
from generation.providers.picture_ports import CutOutRequest, SourcePicture, UpscaleRequest
from generation.providers.settings import ProviderSettings

from ..local.drawings import thing
from .doubles import Around, MemoryAttempts
from .scripted import ScriptedVendor, answer, png, until

CHILDREN = str(Path(__file__).parent.parent / "local" / "children")
REMBG = "lucataco/remove-bg:95fcc2a26d3899cd6c2691c900465aaeff466285a65c14638cc5f36f34befaf1"


@pytest_asyncio.fixture
async def pool() -> AsyncIterator[LocalPool]:
    opened = LocalPool(PoolLimits(processes_max=1, environment={"PYTHONPATH": CHILDREN}))
    yield opened
    await opened.drain()


@pytest.fixture
def pictures(pool: LocalPool, catalogue: Catalogue, imaging: Imaging) -> LocalPictures:
    return LocalPictures(pool, catalogue=catalogue, imaging=imaging)


def stand_in(monkeypatch: pytest.MonkeyPatch, function: str, **limits: Any) -> None:
    monkeypatch.setitem(local_pictures.CUT_OUT_TASKS, "u2netp", LocalTask("stand-in", function, **limits))


def request(tmp_path: Path) -> CutOutRequest:
    path = tmp_path / "picture.png"
    thing((200, 150), (60, 40, 140, 110)).save(path)
    return CutOutRequest(SourcePicture(path, "image/png", 200, 150), "u-1")


async def test_a_chain_ends_in_the_local_model_and_its_work_is_booked(
    vendor: ScriptedVendor, pool: LocalPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the weights installed; what is in the pool is a stand-in for them."""
    monkeypatch.setattr(models, "missing", lambda name: None)
    stand_in(monkeypatch, "stand_ins:cut_out")
    settings = ProviderSettings(
        openai_api_key="sk-1",
        replicate_api_token="r8_1",
        replicate_base_url=vendor.url,
        cloudinary_url="cloudinary://k:s@demo",
        generation_cut_out_chain=f"replicate/{REMBG},local/u2netp",
    )
    providers = build_providers(settings, None, pool=pool)
    vendor.on("POST /v1/predictions", answer({"detail": "no credit"}, 402))
    attempts = MemoryAttempts()

    image = await providers.cut_outs.run(request(tmp_path), attempts=attempts, timeout_seconds=30)
    await providers.aclose()

    assert (image.media_type, image.width, image.height) == ("image/png", 200, 150)
    assert attempts.outcomes == [("replicate", "broken"), ("local", "ok")]
    assert [row.cost_microusd for row in attempts.rows.values()] == [None, 40]


@pytest.mark.parametrize(
    ("variable", "entry"),
    [("generation_cut_out_chain", "local/u2netp"), ("generation_upscale_chain", "local/realesr-animevideov3")],
)
def test_a_chain_that_names_a_model_which_is_not_there_does_not_start(
    monkeypatch: pytest.MonkeyPatch, variable: str, entry: str
) -> None:
    monkeypatch.setattr(models, "_folder", lambda model: None)
    complete = {"openai_api_key": "sk-1", "replicate_api_token": "r8_1", "cloudinary_url": "cloudinary://k:s@demo"}
    with pytest.raises(ConfigurationError, match=rf"{variable.upper()} names {entry}.*local-models\.txt"):
        build_providers(ProviderSettings(**complete, **{variable: entry}), None)


@pytest.mark.parametrize("capability", ["edit", "image"])
def test_local_entries_have_no_other_capability(capability: str) -> None:
    complete = {"openai_api_key": "sk-1", "replicate_api_token": "r8_1", "cloudinary_url": "cloudinary://k:s@demo"}
    with pytest.raises(ConfigurationError, match=r"local does not offer image\.(edit|make)"):
        build_providers(ProviderSettings(**complete, **{f"generation_{capability}_chain": "local/lanczos"}), None)


@pytest.mark.parametrize(
    ("function", "kind"), [("misdeeds:die_of", Unavailable), ("stand_ins:missing", Broken)], ids=["dies", "faulty"]
)
async def test_what_becomes_of_a_child_is_sorted(
    pictures: LocalPictures,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    function: str,
    kind: type[ProviderError],
) -> None:
    stand_in(monkeypatch, function)
    with pytest.raises(kind):
        await pictures.cut_out(request(tmp_path), model="u2netp", key="", call=Around().call(20))


async def test_a_box_without_time_ends_the_work_at_the_calls_deadline(
    pictures: LocalPictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Providers.md §10.9: under contention a local model fails over in time and leaves no child behind that spins."""
    stand_in(monkeypatch, "stand_ins:cut_out")
    await pictures.cut_out(request(tmp_path), model="u2netp", key="", call=Around().call(20))  # a child is there
    stand_in(monkeypatch, "stand_ins:spin")
    started = time.monotonic()
    with pytest.raises(Unavailable):
        await pictures.cut_out(request(tmp_path), model="u2netp", key="", call=Around().call(0.5))
    assert time.monotonic() - started < 5
    await until(lambda: pictures._pool.processes == 0)


async def test_a_pool_that_is_full_is_come_back_to(
    catalogue: Catalogue, imaging: Imaging, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = LocalPool(PoolLimits(waiting_max=0))
    pictures = LocalPictures(full, catalogue=catalogue, imaging=imaging)
    stand_in(monkeypatch, "stand_ins:cut_out")
    with pytest.raises(Throttled) as caught:
        await pictures.cut_out(request(tmp_path), model="u2netp", key="", call=Around().call(5))
    assert caught.value.overloaded is True
    await full.drain()


async def test_interpolation_is_exact_in_size_and_refuses_what_is_no_picture(
    pictures: LocalPictures, tmp_path: Path
) -> None:
    source = SourcePicture(png(31, 17), "image/png", 31, 17)
    made = await pictures.upscale(
        UpscaleRequest(source, 4, tmp_path / "large"), model="lanczos", key="", call=Around().call(20)
    )
    assert (made.width, made.height, made.media_type) == (124, 68, "image/webp")
    assert made.cost_microusd >= 1
    broken = SourcePicture(b"no picture", "image/png", 31, 17)
    with pytest.raises(Unfit):
        await pictures.upscale(
            UpscaleRequest(broken, 2, tmp_path / "none"), model="lanczos", key="", call=Around().call(20)
        )
