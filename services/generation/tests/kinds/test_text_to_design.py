"""`text-to-design` from ring to stored picture, against vendors that answer over the wire as the real ones do."""

import asyncio
import io
from typing import Any
from uuid import UUID

import jsonschema_rs
import pytest
from PIL import Image
from pydantic import ValidationError

from common.db.database import Database
from common.events.runs import RunCompleted, RunFailed
from generation.engine import executor as executor_module
from generation.kinds.text_to_design import KIND, SIZES, AspectRatio, Style, TextToDesignInput
from generation.providers.bootstrap import Providers
from sandbox.client import SandboxClient

from ..stage import change, enqueue_one, executor_of, row_of, rows, said, types_said, until, until_state


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor_module, "RETRY_PAUSE_SECONDS", 0.01)


async def make(database: Database, providers: Providers, **job_input: Any) -> Any:
    """One design from ring to ending; answers its row."""
    job_id = await enqueue_one(database, kind=KIND.name, job_input={"prompt": "A lighthouse", **job_input}, credits=5)
    executor = executor_of(database, providers, KIND)
    executor.answer("image")
    row = await until_state(database, job_id, "completed", "failed", seconds=30)
    await executor.drain(1)
    return row


async def purchases(database: Database) -> list[tuple[str, str]]:
    return [(row.provider, row.outcome) for row in await rows(database, "SELECT * FROM attempts ORDER BY attempt_id")]


@pytest.mark.parametrize("ratio", AspectRatio)
async def test_the_result_is_a_webp_of_the_size_that_was_asked_for(
    database: Database, providers: Providers, sandbox: SandboxClient, ratio: AspectRatio
) -> None:
    row = await make(database, providers, aspect_ratio=ratio.value)

    image = row.result["image"]
    assert (image["width"], image["height"]) == SIZES[ratio]
    assert image["media_type"] == "image/webp"
    assert (row.result["provider"], row.result["revised_prompt"] is not None) == ("openai", True)
    answer = await sandbox.http.get(image["url"])
    assert answer.status_code == 200, answer.text
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert picture.format == "WEBP"
        assert picture.size == SIZES[ratio]


async def test_tells_its_price_and_what_it_bought(database: Database, providers: Providers) -> None:
    row = await make(database, providers)

    completed = (await said(database, row.job_id))[-1]
    assert isinstance(completed, RunCompleted)
    assert completed.charge_credits == 5
    (attempt,) = completed.attempts
    assert (attempt.step, attempt.provider, attempt.outcome) == ("image", "openai", "ok")
    assert attempt.cost_microusd is not None
    assert attempt.cost_microusd > 0


async def test_asks_for_style_colours_and_what_to_leave_out(
    database: Database, providers: Providers, sandbox: SandboxClient
) -> None:
    await make(
        database, providers, style="bold", colors=["#AA00ff", "warm grey"], negative_prompt="people", prompt="A boat"
    )

    (asked,) = await sandbox.requests("openai", "images.generate")
    words = str(asked)
    for expected in ("A boat", "bold", "#AA00ff", "warm grey", "people"):
        assert expected in words


async def test_goes_to_replicate_when_openai_fails(
    database: Database, providers: Providers, sandbox: SandboxClient
) -> None:
    await sandbox.fault("openai", "images.generate", {"status": 503}, times=None)

    row = await make(database, providers, aspect_ratio="16:9")

    assert (row.state, row.result["provider"]) == ("completed", "replicate")
    assert (row.result["image"]["width"], row.result["image"]["height"]) == SIZES[AspectRatio.WIDE]
    bought = await purchases(database)
    assert bought[-1] == ("replicate", "ok")
    assert {provider for provider, _ in bought[:-1]} == {"openai"}
    assert "ok" not in {outcome for _, outcome in bought[:-1]}
    assert 1 <= len(bought[:-1]) <= 3


async def test_fails_and_costs_nothing_when_nobody_delivers(
    database: Database, providers: Providers, sandbox: SandboxClient
) -> None:
    await sandbox.fault("openai", "images.generate", {"status": 500}, times=None)
    await sandbox.fault("replicate", "predictions.create", {"status": 500}, times=None)

    row = await make(database, providers)

    assert (row.state, row.error_code, row.attempt) == ("failed", "PROVIDERS_UNAVAILABLE", 1)
    told = (await said(database, row.job_id))[-1]
    assert isinstance(told, RunFailed)
    assert {attempt.provider for attempt in told.attempts} == {"openai", "replicate"}
    assert "ok" not in {outcome for _, outcome in await purchases(database)}


async def test_a_refused_prompt_fails_at_once_and_nobody_else_is_asked(
    database: Database, providers: Providers, sandbox: SandboxClient
) -> None:
    row = await make(database, providers, prompt="something forbidden")

    assert (row.state, row.error_code) == ("failed", "MODERATION_BLOCKED")
    assert await purchases(database) == [("openai", "refused")]
    assert await sandbox.requests("replicate", "predictions.create") == []
    assert "req" not in row.error_detail.lower().replace("request", "")


async def test_a_store_that_fails_for_a_moment_does_not_buy_again(
    database: Database, providers: Providers, sandbox: SandboxClient
) -> None:
    await sandbox.fault("cloudinary", "upload", {"status": 503}, times=2)

    row = await make(database, providers)

    assert row.state == "completed"
    assert await purchases(database) == [("openai", "ok")]


async def test_a_worker_that_dies_between_purchase_and_storing_leaves_a_job_that_completes_once(
    database: Database, providers: Providers, sandbox: SandboxClient
) -> None:
    await sandbox.fault("cloudinary", "upload", {"delay_seconds": 20}, times=1)
    job_id = await enqueue_one(database, kind=KIND.name, job_input={"prompt": "A lighthouse"}, credits=5)
    dying = executor_of(database, providers, KIND, lease_seconds=60)
    dying.answer("image")

    async def bought() -> bool:
        return bool(await rows(database, "SELECT 1 FROM attempts WHERE outcome = 'ok'"))

    await until(bought)
    await asyncio.sleep(0.1)
    await change(database, job_id, "state = 'queued', lease_owner = NULL, lease_until = NULL, failures = 1")
    successor = executor_of(database, providers, KIND, owner="worker-2")
    successor.answer("image")

    row = await until_state(database, job_id, "completed", seconds=20)

    assert row.attempt == 2
    assert await types_said(database, job_id) == ["run.started", "run.started", "run.completed"]
    assert (await row_of(database, job_id)).result["image"]["id"].endswith(f"{UUID(str(job_id)).hex}/design")
    assert await purchases(database) == [("openai", "ok")] * 2, "there is nothing to adopt at OpenAI: the loss is ours"
    assert len(await sandbox.requests("openai", "images.generate")) == 2
    (told,) = [event for event in await said(database, job_id) if isinstance(event, RunCompleted)]
    assert told.charge_credits == 5
    await asyncio.gather(dying.drain(0), successor.drain(1))
    assert await types_said(database, job_id) == ["run.started", "run.started", "run.completed"]


GOOD: dict[str, dict[str, Any]] = {
    "only_a_prompt": {"prompt": "p"},
    "a_thousand_characters": {"prompt": "é" * 1000},
    "every_member": {
        "prompt": "p",
        "style": "playful",
        "aspect_ratio": "9:16",
        "colors": ["#00ff00", "Sky blue"],
        "negative_prompt": "n",
    },
    "eight_colours": {"prompt": "p", "colors": ["red"] * 8},
    "no_negative_prompt": {"prompt": "p", "negative_prompt": None},
}
BAD: dict[str, dict[str, Any]] = {
    "no_prompt": {},
    "empty_prompt": {"prompt": ""},
    "blank_prompt": {"prompt": " \n\t "},
    "a_thousand_and_one_characters": {"prompt": "é" * 1001},
    "prompt_of_another_type": {"prompt": ["p"]},
    "unknown_style": {"prompt": "p", "style": "baroque"},
    "style_in_capitals": {"prompt": "p", "style": "Modern"},
    "unknown_ratio": {"prompt": "p", "aspect_ratio": "2:1"},
    "short_hex": {"prompt": "p", "colors": ["#fff"]},
    "hex_with_tail": {"prompt": "p", "colors": ["#ffffff\n"]},
    "no_colour": {"prompt": "p", "colors": ["rgb(1,2,3)"]},
    "colour_of_blanks": {"prompt": "p", "colors": ["   "]},
    "nine_colours": {"prompt": "p", "colors": ["red"] * 9},
    "colours_not_a_list": {"prompt": "p", "colors": "red"},
    "empty_negative_prompt": {"prompt": "p", "negative_prompt": ""},
    "long_negative_prompt": {"prompt": "p", "negative_prompt": "n" * 501},
    "unknown_member": {"prompt": "p", "promt": "q"},
}


@pytest.mark.parametrize("job_input", GOOD.values(), ids=GOOD)
def test_takes_and_offers_what_the_product_promises(job_input: dict[str, Any]) -> None:
    TextToDesignInput.model_validate(job_input)
    assert gateway_takes(job_input)


@pytest.mark.parametrize("job_input", BAD.values(), ids=BAD)
def test_refuses_everything_else_before_it_is_paid_for(job_input: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TextToDesignInput.model_validate(job_input)
    assert not gateway_takes(job_input), "the schema would let it through: credits held for nothing"


def gateway_takes(job_input: dict[str, Any]) -> bool:
    """What the declared schema says, as the gateway reads it."""
    schema = KIND.declaration().input_schema
    return bool(jsonschema_rs.Draft202012Validator(schema, validate_formats=True).is_valid(job_input))


def test_has_defaults_a_style_for_each_word_and_sizes_that_agree_with_their_ratio() -> None:
    made = TextToDesignInput.model_validate({"prompt": "p"})

    assert (made.style, made.aspect_ratio, made.colors) == (Style.MODERN, AspectRatio.SQUARE, [])
    for ratio, (width, height) in SIZES.items():
        across, down = (int(part) for part in ratio.value.split(":"))
        assert width * down == height * across
        assert width % 16 == height % 16 == 0
    assert KIND.price.price_of({}) == 5
