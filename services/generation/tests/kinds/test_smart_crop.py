"""`smart-crop` from ring to stored picture, with real child processes."""

import io
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from PIL import Image
from pydantic import ValidationError

from common.db.database import Database
from common.events.runs import RunCompleted
from generation.engine import executor as executor_module
from generation.kinds import smart_crop
from generation.kinds.smart_crop import KIND, SIZES, Ratio, SmartCropInput
from generation.local.pool import LocalTask
from generation.providers.bootstrap import Providers
from generation.runs.recovery import FAILURES_MAX
from sandbox.client import SandboxClient
from sandbox.server import SandboxServer

from ..stage import said
from .local_studio import LocalStudio, local_studio


@pytest_asyncio.fixture
async def studio(database: Database, providers: Providers, server: SandboxServer) -> AsyncIterator[LocalStudio]:
    async with local_studio(database, providers, server.public_url) as opened:
        yield opened


def scene() -> Image.Image:
    image = Image.linear_gradient("L").resize((900, 600)).convert("RGB")
    image.paste((220, 40, 30), (640, 200, 820, 420))
    return image


@pytest.mark.parametrize("ratio", Ratio)
async def test_the_stored_picture_has_the_size_of_its_ratio(
    studio: LocalStudio, sandbox: SandboxClient, ratio: Ratio
) -> None:
    row = await studio.make(KIND, image_url=studio.hang(scene()), target_ratio=ratio.value)

    result = row.result
    width, height = SIZES[ratio]
    assert (result["image"]["width"], result["image"]["height"]) == (width, height)
    assert result["new_size"] == {"width": width, "height": height}
    assert result["original_size"] == {"width": 900, "height": 600}
    assert (result["focus"], result["cached"]) == ("auto", False)
    assert result["upscaled"] is True
    assert result["scale"] == pytest.approx(width / result["box"]["width"], abs=1e-3)
    answer = await sandbox.http.get(result["image"]["url"])
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert (picture.format, picture.size) == ("WEBP", (width, height))


async def test_keeps_what_stands_out_and_says_its_price(studio: LocalStudio) -> None:
    row = await studio.make(KIND, image_url=studio.hang(scene()), target_ratio="9:16")

    box = row.result["box"]
    assert box["left"] <= 640
    assert box["left"] + box["width"] >= 820
    completed = (await said(studio.database, row.job_id))[-1]
    assert isinstance(completed, RunCompleted)
    assert completed.charge_credits == 1


async def test_says_when_no_face_was_found(studio: LocalStudio) -> None:
    row = await studio.make(KIND, image_url=studio.hang(scene()), target_ratio="1:1", focus="face")

    assert (row.result["focus"], row.result["faces"]) == ("auto", 0)


async def test_a_repeat_is_served_from_what_was_kept_at_the_same_price(
    studio: LocalStudio, sandbox: SandboxClient
) -> None:
    account, url = uuid4(), studio.hang(scene())
    first = await studio.make(KIND, account, image_url=url, target_ratio="4:3")
    uploads = len(await sandbox.requests("cloudinary", "upload"))

    again = await studio.make(KIND, account, image_url=url, target_ratio="4:3")

    assert again.result == {**first.result, "cached": True}
    assert len(await sandbox.requests("cloudinary", "upload")) == uploads
    completed = (await said(studio.database, again.job_id))[-1]
    assert isinstance(completed, RunCompleted)
    assert completed.charge_credits == 1


@pytest.mark.parametrize(
    ("task", "code", "attempts"),
    [
        (LocalTask("t", "misdeeds:hog_all"), "TOO_DEMANDING", 1),
        (LocalTask("t", "misdeeds:die_of"), "INTERNAL_ERROR", FAILURES_MAX),
    ],
)
async def test_a_picture_that_kills_its_child_fails_its_job_alone(
    studio: LocalStudio, monkeypatch: pytest.MonkeyPatch, task: LocalTask, code: str, attempts: int
) -> None:
    monkeypatch.setattr(executor_module, "RETRY_PAUSE_SECONDS", 0.01)
    with monkeypatch.context() as bent:
        bent.setattr(smart_crop, "TASK", task)
        row = await studio.make(KIND, image_url=studio.hang(scene()), target_ratio="1:1")
    fine = await studio.make(KIND, image_url=studio.hang(scene()), target_ratio="1:1")

    assert (row.state, row.error_code, row.attempt) == ("failed", code, attempts)
    assert fine.state == "completed"


@pytest.mark.parametrize(
    "job_input",
    [{}, {"target_ratio": "2:1"}, {"target_ratio": "1:1", "focus": "faces"}, {"target_ratio": "1:1", "x": 1}],
)
def test_refuses_other_ratios_and_focuses(job_input: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SmartCropInput.model_validate({"image_url": "https://example.com/a.png", **job_input})
