"""`coloring-book` from ring to printed book, and what it costs to lose a worker on the way."""

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import jsonschema_rs
import pytest
import pytest_asyncio
from PIL import Image
from pydantic import ValidationError

from common.db.database import Database
from common.events.runs import RunCancelled, RunCompleted, RunProgressed
from common.ids import new_id, to_text
from generation.books import pages as pages_module
from generation.kinds import coloring_book as module
from generation.kinds.coloring_book import KIND, ColoringBookInput
from generation.local.pool import LocalPool, PoolLimits
from generation.providers.bootstrap import Providers
from generation.runs.recovery import request_cancel
from sandbox.client import SandboxClient

from ..stage import row_of, said, until, until_state
from .book_studio import BOOK, NUMBERS, BookStudio

PAGES = {f"{sort}-{number}" for sort in ("page", "colour") for number in NUMBERS}


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages_module, "WIDTH", 256)
    monkeypatch.setattr(pages_module, "HEIGHT", 384)


@pytest_asyncio.fixture
async def studio(database: Database, providers: Providers, sandbox: SandboxClient) -> AsyncIterator[BookStudio]:
    pool = LocalPool(PoolLimits())
    yield BookStudio(database, providers, pool, sandbox)
    await pool.drain()


async def content_of(studio: BookStudio, artefact: dict[str, Any]) -> bytes:
    answer = await studio.sandbox.http.get(artefact["url"])
    assert answer.status_code == 200, answer.text
    return answer.content


async def test_a_book_is_twelve_pages_twice_and_one_pdf(studio: BookStudio) -> None:
    row = await studio.made(await studio.order())

    assert row.state == "completed", row.error_detail
    assert await studio.pictures_bought() == 24
    result = row.result
    assert [page["number"] for page in result["pages"]] == list(range(1, 13))
    assert len({page["line_art_sha256"] for page in result["pages"]}) == 12
    page = result["pages"][4]
    line_art = await content_of(studio, page["line_art"])
    assert hashlib.sha256(line_art).hexdigest() == page["line_art_sha256"]
    with Image.open(io.BytesIO(line_art)) as picture:
        assert (picture.format, picture.mode, picture.size) == ("PNG", "1", (512, 768))
    with Image.open(io.BytesIO(await content_of(studio, page["coloured"]))) as picture:
        assert (picture.format, picture.size) == ("WEBP", (256, 384))
        assert picture.convert("HSV").getchannel("S").resize((1, 1)).getpixel((0, 0)) > 20
    assert min(page["lines_kept"] for page in result["pages"]) > 0.9

    pdf = await studio.pdf(row)
    assert len(pdf.pages) == result["pdf_pages"] == 26
    assert {tuple(round(float(side) / 72 * 25.4) for side in sheet.mediabox[2:]) for sheet in pdf.pages} == {(210, 297)}
    assert "Élodie & <b>whales</b>" in pdf.pages[0].extract_text()
    assert "Für Mila" in pdf.pages[1].extract_text()
    pictures = [len(sheet.images) for sheet in pdf.pages]
    assert pictures == [1, 0, *[1] * 24]

    told = await said(studio.database, row.job_id)
    completed = told[-1]
    assert isinstance(completed, RunCompleted)
    assert completed.charge_credits == 60
    previews = [event for event in told if isinstance(event, RunProgressed) and event.preview_url]
    assert len({event.preview_url for event in previews}) == 24
    assert any(event.message == "Page 7 of 12 is coloured" for event in previews)


async def test_a_worker_lost_after_each_step_costs_no_picture_and_a_page_made_anew_costs_two(
    studio: BookStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = uuid4()
    whole = await studio.made(await studio.order(account))
    bought = await studio.pictures_bought()
    monkeypatch.setattr(module, "AT_ONCE", 1)  # so that no purchase is under way when the worker is lost
    job_id = await studio.order()
    steps = ["plan", *(f"page-{number}" for number in NUMBERS), *(f"colour-{number}" for number in NUMBERS), "pdf"]
    for done, name in enumerate(steps, start=1):
        await studio.lose_worker_after(job_id, name, monkeypatch)
        assert len(await studio.steps(job_id)) == done
    row = await studio.made(job_id)

    assert (row.state, row.attempt) == ("completed", 27)
    assert await studio.pictures_bought() == bought + 24
    assert len(await studio.sandbox.requests("openai", "responses.create")) == 2
    completed = [event for event in await said(studio.database, job_id) if isinstance(event, RunCompleted)]
    assert [event.charge_credits for event in completed] == [60]
    assert row.result["pdf_sha256"] == whole.result["pdf_sha256"]
    await _one_page_is_made_anew_and_the_others_stay_what_they_are(studio, whole)


async def _one_page_is_made_anew_and_the_others_stay_what_they_are(studio: BookStudio, first: Any) -> None:
    account = first.account_id
    bought = await studio.pictures_bought()
    wish = {"job_id": to_text("job", first.job_id), "page": 7, "wish": "with a lighthouse"}
    again = await studio.made(await studio.order(account, credits=4, reroll=wish))

    assert again.state == "completed", again.error_detail
    assert await studio.pictures_bought() == bought + 2
    before, after = first.result["pages"], again.result["pages"]
    for old, new in zip(before, after, strict=True):
        same = old["number"] != 7
        assert (old["line_art_sha256"] == new["line_art_sha256"]) is same
        assert (old["coloured_sha256"] == new["coloured_sha256"]) is same
        assert new["line_art"]["id"].startswith(again.job_id.hex)
    assert (after[6]["variation"], after[6]["caption"]) == (2, before[6]["caption"])
    assert again.result["plan"] == first.result["plan"]
    assert len((await studio.pdf(again)).pages) == 26
    assert again.result["pdf_sha256"] != first.result["pdf_sha256"]
    (asked,) = (await studio.sandbox.requests("openai", "images.generate"))[-1:]
    assert "with a lighthouse" in str(asked)

    strangers = await studio.made(await studio.order(credits=4, reroll=wish))
    nobodys = await studio.made(
        await studio.order(account, credits=4, reroll={"job_id": to_text("job", new_id()), "page": 1})
    )
    assert {row.error_code for row in (strangers, nobodys)} == {"BOOK_NOT_FOUND"}


async def test_a_book_that_is_cancelled_costs_the_pictures_that_are_there(
    studio: BookStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(pages_module.Pages, "colour", never)
    job_id = await studio.order()
    executor = studio.worker(lease_seconds=0.3)
    executor.answer("document")

    async def drawn() -> bool:
        return len(await studio.steps(job_id)) == 13

    await until(drawn, seconds=60)
    row = await row_of(studio.database, job_id)
    await studio.database.transact(request_cancel, row.account_id, job_id)
    row = await until_state(studio.database, job_id, "cancelled")
    await executor.drain(1)

    (cancelled,) = [event for event in await said(studio.database, job_id) if isinstance(event, RunCancelled)]
    assert cancelled.charge_credits == 24


async def test_a_book_does_not_fail_for_want_of_a_text_model_nor_for_one_picture_that_is_no_line_art(
    studio: BookStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    await studio.sandbox.fault("openai", "responses.create", {"status": 503}, times=None)
    await studio.sandbox.fault("replicate", "predictions.create", {"status": 503}, times=None)
    usual = pages_module.page_prompt

    def prompt(plan: Any, theme: str, age: Any, number: int, *rest: Any) -> str:
        return "a mountain at sunset" if number == 3 else usual(plan, theme, age, number, *rest)

    monkeypatch.setattr(pages_module, "page_prompt", prompt)
    row = await studio.made(await studio.order())
    bought = await studio.pictures_bought()
    monkeypatch.setattr(pages_module, "firmer", lambda prompt: prompt)
    failed = await studio.made(await studio.order())

    assert (row.state, bought) == ("completed", 25)
    assert {page["caption"] for page in row.result["pages"]} >= {"Hello!", "Good night"}
    assert (failed.state, failed.error_code) == ("failed", "NOT_LINE_ART")


@pytest.mark.parametrize(
    "job_input",
    [
        {},
        {"theme": "the sea"},
        {"title": "Whales"},
        {**BOOK, "reroll": {"job_id": to_text("job", new_id()), "page": 1}},
        {"reroll": {"job_id": "job_1", "page": 1}},
        {"reroll": {"job_id": to_text("job", new_id()), "page": 13}},
        {**BOOK, "theme": " "},
        {**BOOK, "title": "t" * 81},
        {**BOOK, "dedication": "d" * 201},
        {**BOOK, "age_band": "0-99"},
        {**BOOK, "colour": "blue"},
    ],
)
def test_refuses_what_is_no_book_and_no_page_of_one(job_input: dict[str, Any]) -> None:
    schema = jsonschema_rs.Draft202012Validator(KIND.input.model_json_schema())
    assert not schema.is_valid(job_input)
    with pytest.raises(ValidationError):
        ColoringBookInput.model_validate(job_input)


def test_takes_a_book_or_a_page_of_one_each_at_its_price() -> None:
    reroll = {"reroll": {"job_id": to_text("job", new_id()), "page": 12}}
    schema = jsonschema_rs.Draft202012Validator(KIND.input.model_json_schema())
    for job_input, price in ((BOOK, 60), (KIND.example, 60), (reroll, 4), ({**reroll, "age_band": "6-8"}, 4)):
        assert schema.is_valid(job_input)
        assert ColoringBookInput.model_validate(ColoringBookInput.model_validate(job_input).model_dump(mode="json"))
        assert KIND.price.price_of(job_input) == price
    assert KIND.job_class == "document"
