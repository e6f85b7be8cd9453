"""`background-removal` from ring to stored cut-out, over every provider of its chain."""

import io
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from PIL import Image

from common.db.database import Database
from common.events.runs import RunCompleted
from generation.kinds.background_removal import KIND
from generation.providers.bootstrap import Providers
from sandbox.client import SandboxClient
from sandbox.server import SandboxServer

from ..local.drawings import bands, thing
from ..stage import rows, said
from .local_studio import LocalStudio, local_studio

BOX = (300, 150, 620, 480)


@pytest_asyncio.fixture
async def studio(database: Database, providers: Providers, server: SandboxServer) -> AsyncIterator[LocalStudio]:
    async with local_studio(database, providers, server.public_url) as opened:
        yield opened


async def fetched(sandbox: SandboxClient, result: dict[str, Any]) -> Image.Image:
    answer = await sandbox.http.get(result["image"]["url"])
    assert answer.status_code == 200
    return Image.open(io.BytesIO(answer.content))


FAULTS: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "openai": [],
    "replicate": [("openai", "images.edit", {"status": 401})],
    "cloudinary": [
        ("openai", "images.edit", {"status": 429, "body": {"error": {"code": "insufficient_quota"}}}),
        ("replicate", "predictions.create", {"status": 402}),
        ("cloudinary", "deliver", {"status": 423}),  # it is still being made
    ],
}


@pytest.mark.parametrize("provider", FAULTS)
async def test_the_thing_stays_in_its_own_pixels_whoever_cuts_it_out(
    studio: LocalStudio, sandbox: SandboxClient, provider: str
) -> None:
    scene = thing((900, 600), BOX)
    for vendor, operation, fault in FAULTS[provider]:
        await sandbox.fault(vendor, operation, fault)

    row = await studio.make(KIND, image_url=studio.hang(scene), output_format="png")

    assert row.state == "completed", (row.error_code, row.error_detail)
    result = row.result
    assert (result["provider"], result["cached"]) == (provider, False)
    assert result["original_size"] == {"width": 900, "height": 600}
    with await fetched(sandbox, result) as picture:
        assert (picture.format, picture.mode, picture.size) == ("PNG", "RGBA", (900, 600))
        assert [picture.getpixel(spot)[3] for spot in ((20, 20), (880, 20), (20, 580))] == [0, 0, 0]
        inside = (310, 155)
        assert picture.getpixel(inside) == (*scene.getpixel(inside), 255)
    thing_share = (BOX[2] - BOX[0]) * (BOX[3] - BOX[1]) / (900 * 600)
    assert result["subject_share"] == pytest.approx(thing_share, rel=0.25)
    attempts = await rows(studio.database, "SELECT * FROM attempts ORDER BY started_at")
    assert [attempt.provider for attempt in attempts] == list(FAULTS)[: list(FAULTS).index(provider) + 1]
    assert attempts[-1].capability == "image.cut_out"
    assert attempts[-1].cost_microusd > 0


async def test_webp_unless_told_otherwise_and_a_repeat_is_served_at_once_at_the_same_price(
    studio: LocalStudio, sandbox: SandboxClient
) -> None:
    account, url = uuid4(), studio.hang(thing((300, 200), (90, 50, 210, 150)))
    first = await studio.make(KIND, account, image_url=url)
    assert first.result["image"]["media_type"] == "image/webp"
    with await fetched(sandbox, first.result) as picture:
        assert (picture.format, picture.has_transparency_data) == ("WEBP", True)

    again = await studio.make(KIND, account, image_url=url)

    assert again.result == {**first.result, "cached": True}
    assert len(await sandbox.requests("openai", "images.edit")) == 1
    completed = (await said(studio.database, again.job_id))[-1]
    assert isinstance(completed, RunCompleted)
    assert completed.charge_credits == 2


async def test_a_picture_without_a_main_thing_is_told_as_such(studio: LocalStudio) -> None:
    row = await studio.make(KIND, image_url=studio.hang(bands((300, 200), (120, 130, 140))))

    assert (row.state, row.error_code) == ("failed", "NO_SUBJECT")
