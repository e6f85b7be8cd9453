"""Text on Replicate: id before waiting, adoption, what is sent in words, what an output is worth."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from starlette.responses import Response

from generation.providers.answers import schema_in_words
from generation.providers.catalogue import Catalogue, load_catalogue
from generation.providers.errors import Broken, Refused, Unavailable, Unfit
from generation.providers.ports import Picture
from generation.providers.replicate_api import ReplicateApi
from generation.providers.replicate_text import ReplicateText

from .doubles import Around
from .scripted import ScriptedVendor, answer
from .text_requests import ASKED, GOOD, GOOD_TEXT, PROSE, UNFIT_TEXT, Review, jpeg

MODEL = "anthropic/claude-4.5-sonnet"
CREATE = f"POST /v1/models/{MODEL}/predictions"
GET = "GET /v1/predictions/p1"
METRICS = {"predict_time": 2.0, "input_token_count": 1500, "output_token_count": 100}
COST = 1500 * 3 + 100 * 15


def prediction(status: str, **more: Any) -> Response:
    return answer({"id": "p1", "status": status, **more}, 200)


def says(vendor: ScriptedVendor, output: Any, **more: Any) -> None:
    vendor.on(CREATE, prediction("starting"))
    vendor.on(GET, prediction("processing"), prediction("succeeded", output=output, **{"metrics": METRICS, **more}))


@pytest_asyncio.fixture
async def texts(vendor: ScriptedVendor, catalogue: Catalogue) -> AsyncIterator[ReplicateText]:
    api = ReplicateApi(vendor.url, provider="replicate", read_timeout_seconds=1)
    adapter = ReplicateText(api, catalogue=catalogue, poll_scale=0.01)
    yield adapter
    await adapter.aclose()


@pytest.mark.parametrize("pieces", [[GOOD_TEXT[:9], GOOD_TEXT[9:]], GOOD_TEXT, [f"```json\n{GOOD_TEXT}\n```"]])
async def test_buys_remembers_waits_and_reads(vendor: ScriptedVendor, texts: ReplicateText, pieces: Any) -> None:
    says(vendor, pieces)
    around = Around()
    text = await texts.write_text(ASKED, model=MODEL, key="r8_1", call=around.call())
    assert text.parsed == Review.model_validate(GOOD)
    assert (text.cost_microusd, text.input_tokens, text.output_tokens) == (COST, 1500, 100)
    assert (text.request_id, around.remembered) == ("p1", ["p1"])
    sent = json.loads(vendor.seen[0].body)["input"]
    assert sent["system_prompt"] == f"Judge the picture.\n\n{schema_in_words(Review)}"
    assert (sent["prompt"], sent["max_tokens"]) == ("The picture:", 1200)
    assert sent["image"].startswith("data:image/jpeg;base64,")
    assert len(sent["image"]) < 256 * 1024
    assert "temperature" not in sent


async def test_tokens_are_read_from_the_log_where_there_are_no_metrics(
    vendor: ScriptedVendor, texts: ReplicateText
) -> None:
    says(vendor, [GOOD_TEXT], metrics={}, logs="Input token count: 644\nOutput token count: 757\n")
    text = await texts.write_text(ASKED, model=MODEL, key="r8_1", call=Around().call())
    assert (text.input_tokens, text.output_tokens, text.cost_microusd) == (644, 757, 644 * 3 + 757 * 15)


async def test_what_was_not_counted_is_not_free(vendor: ScriptedVendor, texts: ReplicateText) -> None:
    says(vendor, [GOOD_TEXT], metrics={})
    text = await texts.write_text(ASKED, model=MODEL, key="r8_1", call=Around().call())
    assert text.cost_microusd == 3000 * 3 + 4000 * 15


@pytest.mark.parametrize("output", [[UNFIT_TEXT], ["Sure! ", GOOD_TEXT], [GOOD_TEXT[:-3]]])
async def test_an_unfit_answer_is_told_with_its_cost(
    vendor: ScriptedVendor, texts: ReplicateText, output: list[str]
) -> None:
    says(vendor, output)
    with pytest.raises(Unfit) as caught:
        await texts.write_text(ASKED, model=MODEL, key="r8_1", call=Around().call())
    assert (caught.value.cost_microusd, caught.value.output_tokens) == (COST, 100)
    assert caught.value.answer == "".join(output)


async def test_an_unfit_answer_is_said_back(vendor: ScriptedVendor, texts: ReplicateText) -> None:
    says(vendor, [GOOD_TEXT])
    corrected = ASKED.corrected(UNFIT_TEXT, "- score: too large")
    assert corrected is not None
    await texts.write_text(corrected, model=MODEL, key="r8_1", call=Around().call())
    prompt = json.loads(vendor.seen[0].body)["input"]["prompt"]
    assert UNFIT_TEXT in prompt
    assert "- score: too large" in prompt


@pytest.mark.parametrize("output", [None, [], "", ["  "], [None, 3], {"x": 1}])
async def test_success_without_words_is_counted_as_paid(
    vendor: ScriptedVendor, texts: ReplicateText, output: Any
) -> None:
    says(vendor, output)
    with pytest.raises(Unavailable) as caught:
        await texts.write_text(PROSE, model=MODEL, key="r8_1", call=Around().call())
    assert (caught.value.code, caught.value.cost_microusd) == ("malformed", COST)


@pytest.mark.parametrize("status", ["failed", "canceled", "aborted", "something-new"])
async def test_every_other_final_state_is_a_failure_that_can_pass(
    vendor: ScriptedVendor, texts: ReplicateText, status: str
) -> None:
    vendor.on(CREATE, prediction("starting"))
    vendor.on(GET, prediction(status))
    with pytest.raises(Unavailable) as caught:
        await texts.write_text(ASKED, model=MODEL, key="r8_1", call=Around().call())
    assert caught.value.code == status


async def test_a_flagged_request_is_a_refusal(vendor: ScriptedVendor, texts: ReplicateText) -> None:
    vendor.on(CREATE, prediction("starting"))
    vendor.on(GET, prediction("failed", error="The input was flagged as sensitive. (E005)"))
    with pytest.raises(Refused):
        await texts.write_text(ASKED, model=MODEL, key="r8_1", call=Around().call())


async def test_adopts_by_id_without_buying(vendor: ScriptedVendor, texts: ReplicateText) -> None:
    says(vendor, [GOOD_TEXT])
    text = await texts.write_text(ASKED, model=MODEL, key="r8_1", call=Around().call(adopted="p1"))
    assert text.parsed == Review.model_validate(GOOD)
    assert vendor.count(CREATE) == 0


async def test_a_model_that_takes_no_two_pictures_is_not_asked(vendor: ScriptedVendor, texts: ReplicateText) -> None:
    two = replace(ASKED, parts=(*ASKED.parts, Picture(jpeg("red"), "image/jpeg")))
    with pytest.raises(Broken):
        await texts.write_text(two, model=MODEL, key="r8_1", call=Around().call())
    assert vendor.seen == []


async def test_a_model_that_takes_a_list_is_given_one(vendor: ScriptedVendor, texts: ReplicateText) -> None:
    model = "openai/gpt-5.1"
    vendor.on(f"POST /v1/models/{model}/predictions", prediction("starting"))
    vendor.on(GET, prediction("succeeded", output=[GOOD_TEXT], metrics=METRICS))
    await texts.write_text(ASKED, model=model, key="r8_1", call=Around().call())
    sent = json.loads(vendor.seen[0].body)["input"]
    assert [one[:15] for one in sent["image_input"]] == ["data:image/jpeg"]
    assert (sent["max_completion_tokens"], sent["reasoning_effort"]) == (1200, "low")


def test_every_shipped_text_model_of_replicate_says_how_it_is_asked() -> None:
    cards = [card for card in load_catalogue()._cards.values() if card.provider == "replicate" and card.prices_text]
    assert len(cards) >= 2
    assert all(card.text_inputs is not None and card.text_inputs.system for card in cards)
