"""`upscale` from ring to stored picture, over every provider of its chain."""

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from PIL import Image, ImageChops, ImageStat

from common.db.database import Database
from common.events.runs import RunCompleted
from generation.engine.failures import JobFailed
from generation.kinds.upscale import KIND, RESULT_PIXELS_MAX, ensure_result_fits
from generation.providers.bootstrap import Providers
from sandbox.client import SandboxClient
from sandbox.server import SandboxServer

from ..local.drawings import poster
from ..stage import providers_at, rows, said
from .local_studio import LocalStudio, local_studio

ESRGAN = "nightmareai/real-esrgan:f121d640bd286e1fdc67f9799164c1d5be36ff74576ee11c803ae5b665dd46aa"
CHAIN = f"replicate/{ESRGAN},cloudinary/upscale,local/lanczos"


@pytest_asyncio.fixture
async def providers(server: SandboxServer) -> AsyncIterator[Providers]:
    built = providers_at(server.public_url, generation_upscale_chain=CHAIN)
    yield built
    await built.aclose()


@pytest_asyncio.fixture
async def studio(database: Database, providers: Providers, server: SandboxServer) -> AsyncIterator[LocalStudio]:
    async with local_studio(database, providers, server.public_url) as opened:
        yield opened


FAULTS: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "replicate": [],
    "cloudinary": [("replicate", "predictions.create", {"status": 402})],
    "local": [
        ("replicate", "predictions.create", {"status": 402}),
        ("cloudinary", "upload", {"status": 403}),
    ],
}


@pytest.mark.parametrize(("provider", "scale"), [("replicate", 4), ("cloudinary", 2), ("local", 2)])
async def test_the_result_is_the_picture_at_exactly_so_many_times_its_size(
    studio: LocalStudio, sandbox: SandboxClient, provider: str, scale: int
) -> None:
    for vendor, operation, fault in FAULTS[provider]:
        await sandbox.fault(vendor, operation, fault)
    original = poster().resize((301, 203))

    row = await studio.make(KIND, image_url=studio.hang(original), scale=scale)

    assert row.state == "completed", (row.error_code, row.error_detail)
    assert (row.result["provider"], row.result["scale"]) == (provider, scale)
    assert row.result["new_size"] == {"width": 301 * scale, "height": 203 * scale}
    answer = await sandbox.http.get(row.result["image"]["url"])
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert (picture.format, picture.size) == ("WEBP", (301 * scale, 203 * scale))
        back = picture.convert("RGB").resize(original.size, Image.Resampling.BOX)
    assert max(ImageStat.Stat(ImageChops.difference(back, original)).mean) < 8
    completed = (await said(studio.database, row.job_id))[-1]
    assert isinstance(completed, RunCompleted)
    assert completed.charge_credits == scale
    attempts = await rows(studio.database, "SELECT * FROM attempts ORDER BY started_at")
    assert [attempt.provider for attempt in attempts] == list(FAULTS)[: len(FAULTS[provider]) + 1]
    assert (attempts[-1].capability, attempts[-1].outcome) == ("image.upscale", "ok")
    assert attempts[-1].cost_microusd > 0


async def test_a_repeat_is_served_at_once_and_another_scale_is_not_one(
    studio: LocalStudio, sandbox: SandboxClient
) -> None:
    account, url = uuid4(), studio.hang(poster().resize((90, 60)))
    first = await studio.make(KIND, account, image_url=url, scale=2)
    again = await studio.make(KIND, account, image_url=url, scale=2)
    other = await studio.make(KIND, account, image_url=url, scale=4)

    assert again.result == {**first.result, "cached": True}
    assert other.result["cached"] is False
    assert len(await sandbox.requests("replicate", "predictions.create")) == 2


async def test_what_one_entry_cannot_take_goes_to_the_next_and_what_none_can_is_told_before_anything_is_bought(
    database: Database, sandbox: SandboxClient, server: SandboxServer, tmp_path: Path
) -> None:
    cards = tmp_path / "small.toml"
    cards.write_text(
        "".join(
            f'[[model]]\nprovider = "{provider}"\nmodel = "{model}"\nimage_microusd = 1\npicture_input = "image"\n'
            f"input_pixels_max = {pixels_max}\n"
            for provider, model, pixels_max in (("replicate", ESRGAN, 10_000), ("cloudinary", "upscale", 20_000))
        )
    )
    chain = f"replicate/{ESRGAN},cloudinary/upscale"
    providers = providers_at(server.public_url, generation_upscale_chain=chain, generation_catalogue_file=cards)
    async with local_studio(database, providers, server.public_url) as studio:
        second = await studio.make(KIND, image_url=studio.hang(poster().resize((180, 100))), scale=2)
        nobody = await studio.make(KIND, image_url=studio.hang(poster().resize((210, 100))), scale=2)
        never = await studio.make(KIND, image_url=studio.hang(poster().resize((1251, 1250))), scale=4)
    await providers.aclose()

    assert (second.state, second.result["provider"]) == ("completed", "cloudinary")
    assert await sandbox.requests("replicate") == []
    assert [(row.state, row.error_code) for row in (nobody, never)] == [("failed", "IMAGE_TOO_LARGE")] * 2
    assert "1.6 megapixels" in never.error_detail
    assert len(await rows(database, "SELECT * FROM attempts")) == 1


@pytest.mark.parametrize(
    ("size", "scale", "fits"),
    [((1250, 1250), 4, True), ((1250, 1251), 4, False), ((2500, 2500), 2, True), ((8192, 10), 2, False)],
)
def test_limits_are_those_of_the_result(size: tuple[int, int], scale: int, fits: bool) -> None:
    assert RESULT_PIXELS_MAX == 5000 * 5000
    if fits:
        ensure_result_fits(*size, scale)
    else:
        with pytest.raises(JobFailed, match="IMAGE_TOO_LARGE"):
            ensure_result_fits(*size, scale)


def test_a_scale_costs_its_number_however_json_writes_it() -> None:
    assert [KIND.price.price_of({"scale": scale}) for scale in (2, 4, 2.0, 4.0)] == [2, 4, 2, 4]
