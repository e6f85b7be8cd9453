"""Fetching a customer's original from storage: what is tried again, how often storage was really asked, and bounds."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from cloudinary import utils
from starlette.responses import Response

from generation.providers.cloudinary_download import CloudinaryDownloads
from generation.providers.errors import Broken, Throttled, Unavailable
from generation.providers.retry_policy import RetryPolicy
from generation.providers.transfers import NothingStored, TooLong

from .scripted import ScriptedVendor, Step, answer, cut, drip, png
from .test_cloudinary_derived import account_at

PUBLIC_ID, VERSION = "assets/one", 7
POLICY = RetryPolicy(tries_max=3, backoff_base_seconds=0.01, wait_max_seconds=1.0, call_timeout_seconds=2.0)
PICTURE = Response(png(), media_type="image/png")


@pytest_asyncio.fixture
async def downloads(vendor: ScriptedVendor) -> AsyncIterator[CloudinaryDownloads]:
    built = CloudinaryDownloads(account_at(vendor), policy=POLICY)
    yield built
    await built.aclose()


@pytest.fixture
def original(vendor: ScriptedVendor) -> str:
    options = account_at(vendor).package_options()
    url, _ = utils.cloudinary_url(PUBLIC_ID, **options, type="authenticated", sign_url=True, version=VERSION)
    return f"GET {urlsplit(url).path}"


AGAIN: dict[str, Step] = {
    "busy with it": Response(status_code=423),
    "slowed down": answer({}, 420, retry_after="0.02"),
    "throttled": answer({}, 429, retry_after="0.02"),
    "down": Response("<html>", 503),
    "broken off": cut(png()[:20], 9999, "image/png"),
    "dripping": drip(png(), every_seconds=0.5, media_type="image/png"),
}


@pytest.mark.parametrize("step", AGAIN.values(), ids=AGAIN.keys())
async def test_what_may_work_in_a_moment_is_tried_again(
    vendor: ScriptedVendor, downloads: CloudinaryDownloads, original: str, tmp_path: Path, step: Step
) -> None:
    vendor.on(original, step, PICTURE)
    await downloads.fetch(PUBLIC_ID, VERSION, to=tmp_path / "file", bytes_max=100_000)
    assert vendor.count(original) == 2
    assert (tmp_path / "file").read_bytes() == png()


LAST: dict[str, tuple[Step, type[Exception], int]] = {
    "down for good": (Response(status_code=500), Unavailable, 3),
    "throttled for an hour": (answer({}, 429, retry_after="3600"), Throttled, 1),
    "a key that is none": (Response(status_code=401), Broken, 1),
    "forbidden": (Response(status_code=403), Broken, 1),
    "not there": (Response(status_code=404), NothingStored, 1),
    "gone": (Response(status_code=410), NothingStored, 1),
}


@pytest.mark.parametrize(("step", "error", "asked"), LAST.values(), ids=LAST.keys())
async def test_what_stays_as_it_is_ends_after_so_many_tries(
    vendor: ScriptedVendor,
    downloads: CloudinaryDownloads,
    original: str,
    tmp_path: Path,
    step: Step,
    error: type[Exception],
    asked: int,
) -> None:
    vendor.on(original, step)
    with pytest.raises(error):
        await downloads.fetch(PUBLIC_ID, VERSION, to=tmp_path / "file", bytes_max=100_000)
    assert vendor.count(original) == asked


async def test_what_is_longer_than_permitted_is_left_at_once(
    vendor: ScriptedVendor, downloads: CloudinaryDownloads, original: str, tmp_path: Path
) -> None:
    vendor.on(original, PICTURE)
    with pytest.raises(TooLong):
        await downloads.fetch(PUBLIC_ID, VERSION, to=tmp_path / "file", bytes_max=50)
    assert vendor.count(original) == 1
