"""Pictures that Cloudinary derives: asked for until they are there, bought once, not left behind."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from cloudinary import utils
from PIL import Image
from starlette.responses import Response

from generation.local.pool import LocalPool, PoolLimits
from generation.providers.catalogue import Catalogue
from generation.providers.cloudinary_account import CloudinaryAccount, parse_account
from generation.providers.cloudinary_derived import Derivations
from generation.providers.cloudinary_pictures import ENLARGE, CloudinaryPictures
from generation.providers.enlargements import Enlargements
from generation.providers.errors import Broken, ProviderError, Throttled, Unavailable, Unfit
from generation.providers.imaging import Imaging
from generation.providers.picture_ports import EnlargedFile, SourcePicture, UpscaleRequest
from generation.providers.ports import ProviderCall

from .doubles import Around
from .scripted import ScriptedVendor, Step, answer, cut, png, slow, until

UPLOAD = "POST /v1_1/demo/image/upload"
DESTROY = "POST /v1_1/demo/image/destroy"
PUBLIC_ID = f"work/{'a' * 32}"
SOURCE = SourcePicture(png(40, 30), "image/png", 40, 30)
WORKING = Response(status_code=423)


def address_at(vendor: ScriptedVendor) -> str:
    host = vendor.url.removeprefix("http://")
    options = f"secure=false&private_cdn=true&cname={host}&upload_prefix={vendor.url}"
    return f"cloudinary://k:s@demo?{options}"


def account_at(vendor: ScriptedVendor) -> CloudinaryAccount:
    return parse_account(address_at(vendor))


@pytest.fixture
def account(vendor: ScriptedVendor) -> CloudinaryAccount:
    return account_at(vendor)


@pytest_asyncio.fixture
async def pictures(
    account: CloudinaryAccount, catalogue: Catalogue, imaging: Imaging, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[CloudinaryPictures]:
    monkeypatch.setattr(uuid, "uuid4", lambda: uuid.UUID("a" * 32))
    pool = LocalPool(PoolLimits(processes_max=1))
    derivations = Derivations(account, ask_scale=0.01)
    adapter = CloudinaryPictures(derivations, catalogue=catalogue, imaging=imaging, enlargements=Enlargements(pool))
    yield adapter
    await adapter.aclose()
    await pool.drain()


@pytest.fixture
def derived(vendor: ScriptedVendor, account: CloudinaryAccount) -> str:
    """The route of the picture at four times its size; its upload and removal go well."""
    vendor.on(UPLOAD, answer({"public_id": PUBLIC_ID, "version": 1}))
    vendor.on(DESTROY, answer({"result": "ok"}))
    return route(account, 4)


def route(account: CloudinaryAccount, scale: int) -> str:
    url, _ = utils.cloudinary_url(
        PUBLIC_ID,
        **account.package_options(),
        type="authenticated",
        sign_url=True,
        format="png",
        transformation=ENLARGE[scale],
        version=1,
    )
    return f"GET {urlsplit(url).path}"


def made(width: int = 160, height: int = 120) -> Response:
    return Response(png(width, height), media_type="image/png")


async def enlarge(pictures: CloudinaryPictures, folder: Path, call: ProviderCall, scale: int = 4) -> EnlargedFile:
    request = UpscaleRequest(SOURCE, scale, folder / "large")
    return await pictures.upscale(request, model="upscale", key="", call=call)


async def test_asks_until_it_is_there_and_leaves_nothing_behind(
    vendor: ScriptedVendor, pictures: CloudinaryPictures, derived: str, tmp_path: Path
) -> None:
    vendor.on(derived, WORKING, WORKING, made())
    around = Around()

    file = await enlarge(pictures, tmp_path, around.call(20))

    assert (file.width, file.height, file.cost_microusd, file.request_id) == (160, 120, 40_000, PUBLIC_ID)
    with Image.open(file.path) as image:
        assert (image.format, image.size) == ("WEBP", (160, 120))
    assert os.listdir(tmp_path) == ["large"]  # noqa: PTH208 - in a test nobody waits
    assert around.remembered == [PUBLIC_ID]
    assert (vendor.count(UPLOAD), vendor.count(derived), vendor.count(DESTROY)) == (1, 3, 1)
    upload = vendor.seen[0].body
    assert b'name="file"; filename="picture.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG' in upload
    assert b'name="type"\r\n\r\nauthenticated\r\n' in upload
    assert all("authorization" not in seen.headers for seen in vendor.seen)


async def test_two_times_is_four_times_and_half_of_it(
    vendor: ScriptedVendor, pictures: CloudinaryPictures, account: CloudinaryAccount, derived: str, tmp_path: Path
) -> None:
    twice = route(account, 2)
    assert "/e_upscale/c_scale,w_0.5/" in twice
    vendor.on(twice, made(81, 60))  # a pixel off, as rounding may be
    file = await enlarge(pictures, tmp_path, Around().call(20), scale=2)
    with Image.open(file.path) as image:
        assert image.size == (80, 60)


async def test_lives_through_failures_and_an_absurd_wait(
    vendor: ScriptedVendor, pictures: CloudinaryPictures, derived: str, tmp_path: Path
) -> None:
    vendor.on(
        derived,
        Response(status_code=420, headers={"retry-after": "3600"}),
        answer({}, 502),
        cut(b"\x89PNG", 9999, "image/png"),
        made(),
    )
    file = await enlarge(pictures, tmp_path, Around().call(20))
    assert file.width == 160
    assert vendor.count(UPLOAD) == 1


async def test_what_cannot_be_fetched_now_is_kept_and_fetched_later_without_buying(
    vendor: ScriptedVendor, pictures: CloudinaryPictures, derived: str, tmp_path: Path
) -> None:
    vendor.on(derived, answer({}, 503))
    with pytest.raises(Unavailable) as caught:
        await enlarge(pictures, tmp_path, Around().call(20))
    assert caught.value.resumable_external_id == PUBLIC_ID
    assert vendor.count(DESTROY) == 0

    vendor.on(derived, made())
    file = await enlarge(pictures, tmp_path, Around().call(20, adopted=PUBLIC_ID))
    assert file.width == 160
    assert (vendor.count(UPLOAD), vendor.count(DESTROY)) == (1, 1)


@pytest.mark.parametrize("adopted", [PUBLIC_ID, "../../image/upload/other"])
async def test_an_unknown_id_cannot_be_adopted(
    vendor: ScriptedVendor, pictures: CloudinaryPictures, derived: str, tmp_path: Path, adopted: str
) -> None:
    vendor.on(derived, answer({}, 404))
    with pytest.raises(Unavailable) as caught:
        await enlarge(pictures, tmp_path, Around().call(20, adopted=adopted))
    assert (caught.value.code, caught.value.repeatable) == ("external_not_found", False)
    assert vendor.count(UPLOAD) == 0


FAILURES: list[tuple[str, Step | None, Step | None, type[ProviderError], dict[str, Any]]] = [
    ("over quota", None, answer({}, 403, x_cld_error="quota"), Broken, {"code": "403", "key_at_fault": True}),
    ("cannot be done", None, answer({}, 400, x_cld_error="odd"), Broken, {"key_at_fault": False}),
    ("too small", None, made(80, 60), Unfit, {"code": "other_size", "cost_microusd": 40_000}),
    ("another shape", None, made(160, 160), Unfit, {"code": "other_size"}),
    ("no picture", None, Response("<html>"), Unfit, {"code": "unsupported_image", "cost_microusd": 40_000}),
    ("too much to upload", answer({"error": {"message": "File size too large"}}, 400), None, Broken, {"code": "400"}),
    ("upload limited", answer({}, 420, retry_after="3"), None, Throttled, {"retry_after_seconds": 3.0}),
    ("upload down", answer({}, 500), None, Unavailable, {"repeatable": True, "billable_unknown": False}),
    ("another vendor", Response("<html>"), None, Unavailable, {"code": "malformed"}),
    ("a list", answer([]), None, Unavailable, {"code": "malformed"}),
    ("bad secret", answer({"error": {"message": "Invalid Signature"}}, 401), None, Broken, {"key_at_fault": True}),
]


@pytest.mark.parametrize(
    ("upload", "delivery", "kind", "attributes"), [row[1:] for row in FAILURES], ids=[row[0] for row in FAILURES]
)
async def test_what_goes_wrong_is_sorted_and_the_picture_does_not_stay_there(
    vendor: ScriptedVendor,
    pictures: CloudinaryPictures,
    derived: str,
    tmp_path: Path,
    upload: Step | None,
    delivery: Step | None,
    kind: type[ProviderError],
    attributes: dict[str, Any],
) -> None:
    if upload is not None:
        vendor.on(UPLOAD, upload)
    if delivery is not None:
        vendor.on(derived, delivery)
    with pytest.raises(kind) as caught:
        await enlarge(pictures, tmp_path, Around().call(20))
    assert {name: getattr(caught.value, name) for name in attributes} == attributes
    assert (vendor.count(UPLOAD), vendor.count(DESTROY)) == (1, 1)
    assert os.listdir(tmp_path) == []  # noqa: PTH208


@pytest.mark.parametrize("ending", ["deadline", "cancelled"])
async def test_who_stops_waiting_removes_the_picture(
    vendor: ScriptedVendor, pictures: CloudinaryPictures, derived: str, tmp_path: Path, ending: str
) -> None:
    vendor.on(derived, WORKING)
    if ending == "deadline":
        with pytest.raises(Unavailable) as caught:
            await enlarge(pictures, tmp_path, Around().call(0.3))
        assert (caught.value.code, caught.value.billable_unknown) == ("timeout", True)
    else:
        task = asyncio.create_task(enlarge(pictures, tmp_path, Around().call(20)))
        await until(lambda: vendor.count(derived) > 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert vendor.count(DESTROY) == 1


async def test_a_removal_that_hangs_or_fails_holds_nobody(
    vendor: ScriptedVendor,
    pictures: CloudinaryPictures,
    derived: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("generation.providers.cloudinary_derived._CLEAN_UP_SECONDS", 0.1)
    vendor.on(derived, made())
    vendor.on(DESTROY, slow(3, answer({"result": "ok"})))
    assert (await enlarge(pictures, tmp_path, Around().call(20))).width == 160
