"""`extract-colors` from ring to palette; a repeat is served from what was kept, and costs nothing."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from PIL import Image
from pydantic import ValidationError

from common.db.database import Database
from common.events.runs import RunCompleted
from generation.engine import context as context_module
from generation.engine import executor as executor_module
from generation.kept.storage import KeptKey
from generation.kinds import extract_colors
from generation.kinds.extract_colors import KIND, ExtractColorsInput
from generation.providers.bootstrap import Providers
from generation.runs.recovery import FAILURES_MAX
from sandbox.server import SandboxServer

from ..stage import rows, said
from .local_studio import LocalStudio, local_studio

RED_GREEN = [(200, 30, 30), (30, 160, 60)]


@pytest_asyncio.fixture
async def studio(database: Database, providers: Providers, server: SandboxServer) -> AsyncIterator[LocalStudio]:
    async with local_studio(database, providers, server.public_url) as opened:
        yield opened


def flag(*colours: tuple[int, int, int]) -> Image.Image:
    image = Image.new("RGB", (300, 200), "white")
    for number, colour in enumerate(colours):
        image.paste(colour, (40 + 110 * number, 40, 150 + 110 * number, 160))
    return image


async def charged(database: Database, job_id: UUID) -> int:
    completed = (await said(database, job_id))[-1]
    assert isinstance(completed, RunCompleted)
    return completed.charge_credits


async def test_tells_colours_shares_names_roles_and_contrasts(studio: LocalStudio) -> None:
    row = await studio.make(KIND, image_url=studio.hang(flag(*RED_GREEN)), colors=5)

    result = row.result
    assert result["cached"] is False
    roles = {colour["hex"]: colour["role"] for colour in result["palette"]}
    assert set(roles) == {"#ffffff", "#c81e1e", "#1ea03c"}
    assert roles["#ffffff"] == "background"
    assert {roles["#c81e1e"], roles["#1ea03c"]} == {"dominant", "accent"}
    assert sum(colour["share"] for colour in result["palette"]) == pytest.approx(1)
    assert result["palette"][0]["name"] == "white"
    assert {pair["second"] for pair in result["contrast_pairs"] if pair["first"] == "#ffffff"} >= {"#c81e1e"}
    assert await charged(studio.database, row.job_id) == 1


async def test_names_are_in_the_owners_language(studio: LocalStudio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context_module.JobContext, "locale", property(lambda self: "fr"))

    row = await studio.make(KIND, image_url=studio.hang(flag(*RED_GREEN)))

    assert row.result["palette"][0]["name"] == "blanc"


async def test_a_repeat_is_free_marked_and_the_same(studio: LocalStudio) -> None:
    account, url = uuid4(), studio.hang(flag(*RED_GREEN))

    first = await studio.make(KIND, account, image_url=url)
    again = await studio.make(KIND, account, image_url=studio.hang(flag(*RED_GREEN)))

    assert again.result == {**first.result, "cached": True}
    assert await charged(studio.database, first.job_id) == 1
    assert await charged(studio.database, again.job_id) == 0


@pytest.mark.parametrize("what", ["options", "picture", "account", "version"])
async def test_anything_else_is_work_of_its_own(
    studio: LocalStudio, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    account, url = uuid4(), studio.hang(flag(*RED_GREEN))
    await studio.make(KIND, account, image_url=url)
    if what == "version":
        monkeypatch.setattr(extract_colors, "VERSION", 2)

    other = await studio.make(
        KIND,
        uuid4() if what == "account" else account,
        image_url=studio.hang(flag((1, 2, 200))) if what == "picture" else url,
        **({"colors": 4} if what == "options" else {}),
    )

    assert other.result["cached"] is False
    assert await charged(studio.database, other.job_id) == 1


async def test_two_who_ask_at_once_both_get_it_and_one_is_kept(studio: LocalStudio) -> None:
    account, url = uuid4(), studio.hang(flag(*RED_GREEN))

    one, other = await asyncio.gather(
        studio.make(KIND, account, image_url=url), studio.make(KIND, account, image_url=url)
    )

    assert one.result["palette"] == other.result["palette"]
    assert (await rows(studio.database, "SELECT count(*) AS kept FROM kept_results"))[0].kept == 1


async def test_a_job_taken_up_again_does_not_take_its_own_result_for_a_repeat(
    studio: LocalStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor_module, "RETRY_PAUSE_SECONDS", 0.01)
    plain, falls = extract_colors.ExtractColorsResult, iter([True])

    def fall_once(**members: Any) -> extract_colors.ExtractColorsResult:
        if next(falls, False):
            raise ConnectionError("the worker falls after its step was remembered")
        return plain(**members)

    monkeypatch.setattr(extract_colors, "ExtractColorsResult", fall_once)

    row = await studio.make(KIND, image_url=studio.hang(flag(*RED_GREEN)))

    assert (row.attempt, row.result["cached"]) == (2, False)
    assert await charged(studio.database, row.job_id) == 1


async def test_what_was_kept_by_other_code_is_made_again(studio: LocalStudio) -> None:
    account, url = uuid4(), studio.hang(flag(*RED_GREEN))
    await studio.make(KIND, account, image_url=url)
    async with studio.database.unit_of_work() as uow:
        await uow.execute("UPDATE kept_results SET document = '{\"colours\": []}'")

    again = await studio.make(KIND, account, image_url=url)

    assert (again.state, again.result["cached"]) == ("completed", False)


async def test_a_picture_of_nothing_fails_with_the_credits_back(studio: LocalStudio) -> None:
    row = await studio.make(KIND, image_url=studio.hang(Image.new("RGBA", (50, 50), (0, 0, 0, 0))))

    assert (row.state, row.error_code, row.attempt) == ("failed", "UNSUPPORTED_IMAGE", 1)
    assert "transparent" in row.error_detail


@pytest.mark.parametrize("colours", [2, 13, 4.5, "many"])
def test_takes_three_to_twelve_colours(colours: Any) -> None:
    with pytest.raises(ValidationError):
        ExtractColorsInput.model_validate({"image_url": "https://example.com/a.png", "colors": colours})


def test_keys_differ_by_every_part_and_not_by_the_order_of_options() -> None:
    def digest(**changes: Any) -> bytes:
        parts: dict[str, Any] = {"kind": "k", "version": 1, "sha256": "ab", "options": {"a": 1, "b": 2}}
        return KeptKey(**{**parts, **changes}, keep_for=extract_colors.KEEP_FOR).digest

    others = [digest(kind="l"), digest(version=2), digest(sha256="ac"), digest(options={"a": 1})]
    assert digest(options={"b": 2, "a": 1}) == digest()
    assert len({digest(), *others}) == 5
    assert len(digest()) == 32


async def test_a_charge_above_what_is_held_is_refused(studio: LocalStudio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor_module, "RETRY_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(extract_colors.ExtractColorsResult, "charge_credits", lambda self, held: held + 1)

    row = await studio.make(KIND, image_url=studio.hang(flag(*RED_GREEN)))

    assert (row.state, row.error_code, row.attempt) == ("failed", "INTERNAL_ERROR", FAILURES_MAX)
