"""Kinds that change a picture, through the whole product: brought, worked on, paid for, fetched by its link."""

import io
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from PIL import Image, ImageDraw

from sandbox.client import SandboxClient

from .studio import Customer

GREETING = 10
SIZE = (320, 240)
THING = (100, 60, 220, 180)


def _still_life() -> bytes:
    """A red thing before a bright wall."""
    image = Image.new("RGB", SIZE, "#f4f1ea")
    ImageDraw.Draw(image).ellipse(THING, fill="#b3202c")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@pytest.fixture
async def asset_id(customer: Customer) -> str:
    """A picture that the customer has brought."""
    answer = await customer.http.post("/v1/assets", files={"file": ("thing.png", _still_life(), "image/png")})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.fixture
async def anybody() -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody who has the link and nothing else."""
    async with httpx2.AsyncClient(trust_env=False) as client:
        yield client


async def _done(customer: Customer, kind: str, key: str, **job_input: Any) -> dict[str, Any]:
    """The outcome of a submission with a key of its own: without one, the same again is taken for a second click."""
    answer = await customer.submit(kind, key, **job_input)
    assert answer.status_code == 202, answer.text
    return await customer.outcome(str(answer.json()["id"]))


async def _fetched(anybody: httpx2.AsyncClient, image: dict[str, Any]) -> Image.Image:
    answer = await anybody.get(image["url"])
    answer.raise_for_status()
    return Image.open(io.BytesIO(answer.content))


@pytest.mark.parametrize("provider", ["openai", "replicate"])
async def test_a_cut_out_keeps_the_thing_and_drops_the_wall_whoever_finds_the_outline(
    customer: Customer, sandbox: SandboxClient, anybody: httpx2.AsyncClient, asset_id: str, provider: str
) -> None:
    if provider != "openai":
        await sandbox.fault("openai", "images.edit", {"status": 404})

    job = await customer.outcome(await customer.accepted("background-removal", asset_id=asset_id, output_format="png"))

    assert (job["status"], job["result"]["provider"]) == ("succeeded", provider)
    assert await customer.has_credits(GREETING - 2)
    cut_out = await _fetched(anybody, job["result"]["image"])
    assert (cut_out.format, cut_out.mode, cut_out.size) == ("PNG", "RGBA", SIZE)
    inside = ((THING[0] + THING[2]) // 2, (THING[1] + THING[3]) // 2)
    assert cut_out.getpixel(inside) == (0xB3, 0x20, 0x2C, 255)
    assert cut_out.getpixel((2, 2))[3] == 0


async def test_a_picture_is_enlarged_once_and_a_repeat_is_served_from_what_is_kept(
    customer: Customer, sandbox: SandboxClient, anybody: httpx2.AsyncClient, asset_id: str
) -> None:
    before = len(await sandbox.requests("replicate", "predictions.create"))
    first, again = [await _done(customer, "upscale", key, asset_id=asset_id, scale=2) for key in ("one", "two")]

    assert len(await sandbox.requests("replicate", "predictions.create")) == before + 1
    assert [job["result"]["cached"] for job in (first, again)] == [False, True]
    for job in (first, again):
        assert (job["status"], job["charge"]["charged"]) == ("succeeded", 2)
        assert (await _fetched(anybody, job["result"]["image"])).size == (SIZE[0] * 2, SIZE[1] * 2)
    assert await customer.has_credits(GREETING - 2 * 2)


async def test_crop_and_palette_are_computed_here_and_a_repeated_palette_costs_nothing(
    customer: Customer, sandbox: SandboxClient, anybody: httpx2.AsyncClient, asset_id: str
) -> None:
    before = [len(await sandbox.requests(vendor)) for vendor in ("openai", "replicate")]
    wanted = {"asset_id": asset_id, "target_ratio": "1:1", "focus": "product"}
    crop = await customer.outcome(await customer.accepted("smart-crop", **wanted))
    palettes = [await _done(customer, "extract-colors", key, asset_id=asset_id, colors=3) for key in ("one", "two")]

    assert (await _fetched(anybody, crop["result"]["image"])).size == (1024, 1024)
    box = crop["result"]["box"]
    assert box["left"] <= THING[0]
    assert box["left"] + box["width"] >= THING[2]
    assert [job["charge"]["charged"] for job in palettes] == [1, 0]
    assert palettes[0]["result"]["palette"] == palettes[1]["result"]["palette"]
    assert await customer.has_credits(GREETING - 1 - 1)
    assert [len(await sandbox.requests(vendor)) for vendor in ("openai", "replicate")] == before
