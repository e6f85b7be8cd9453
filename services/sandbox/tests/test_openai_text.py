"""The real OpenAI client against the sandbox: text, structured output, refusals, limits, streams."""

import json
from collections.abc import AsyncIterator
from typing import Any, Literal

import jsonschema
import openai
import pytest
import pytest_asyncio
from pydantic import BaseModel, Field

from sandbox.server import SandboxServer
from sandbox.vendors.openai.schemas import Answerer

MODEL = "gpt-5.6-terra"
PIXEL = "data:image/png;base64,iVBORw0KGgo="


class Remark(BaseModel):
    area: Literal["light", "composition", "colour"]
    remark: str = Field(max_length=60)
    severity: int = Field(ge=1, le=5)


class Critique(BaseModel):
    title: str
    score: int = Field(ge=0, le=100)
    confidence: float = Field(ge=0, le=1)
    remarks: list[Remark] = Field(min_length=2, max_length=4)
    suggestion: str | None


class Node(BaseModel):
    name: str
    children: list["Node"]


@pytest_asyncio.fixture
async def client(server: SandboxServer) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(
        api_key="sk-test", base_url=f"{server.public_url}/openai/v1", max_retries=0, timeout=5
    ) as made:
        yield made


def _photo(text: str) -> list[Any]:
    content = [{"type": "input_text", "text": text}, {"type": "input_image", "image_url": PIXEL, "detail": "low"}]
    return [{"role": "user", "content": content}]


async def test_structured_answer_fits_the_schema_and_is_repeatable(client: openai.AsyncOpenAI) -> None:
    first, again, other = [
        await client.responses.parse(model=MODEL, input=_photo(words), text_format=Critique)
        for words in ("Judge it", "Judge it", "Judge it again")
    ]
    assert isinstance(first.output_parsed, Critique)
    assert first.output_parsed == again.output_parsed
    assert first.output_parsed != other.output_parsed
    assert (first.status, first.incomplete_details) == ("completed", None)
    assert first.usage is not None
    assert first.usage.input_tokens > 700
    assert first.usage.total_tokens == first.usage.input_tokens + first.usage.output_tokens
    assert first._request_id


async def test_schema_may_refer_to_itself(client: openai.AsyncOpenAI) -> None:
    answer = await client.responses.parse(model=MODEL, input="A tree", text_format=Node)
    assert answer.output_parsed is not None
    assert answer.output_parsed.children


@pytest.mark.parametrize("seed", range(5))
def test_every_value_satisfies_its_schema(seed: int) -> None:
    properties: dict[str, Any] = {
        "price": {"type": "number", "exclusiveMinimum": 0, "maximum": 5000},
        "quarter_hours": {"type": "integer", "multipleOf": 15, "minimum": 15, "maximum": 600},
        "long": {"type": "string", "minLength": 300, "maxLength": 320},
        "code": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{4}$"},
        "currency": {"type": "string", "enum": ["EUR", "USD"]},
        "due": {"type": "string", "format": "date"},
        "id": {"type": "string", "format": "uuid"},
        "mail": {"type": "string", "format": "email"},
        "tags": {"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 2, "uniqueItems": True},
        "either": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/line"}]},
        "both": {"allOf": [{"$ref": "#/$defs/line"}]},
        "kind": {"const": "quote"},
        "none": {"type": "null"},
        "maybe": {"type": ["null", "integer"], "minimum": 3, "maximum": 3},
        "paid": {"type": "boolean"},
        "negative": {"type": "number", "maximum": -2},
        "exact": {"type": "array", "items": {"type": "integer"}, "minItems": 7, "maxItems": 7},
    }
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        "$defs": {"line": {"type": "object", "properties": {"item": {"type": "string"}}, "required": ["item"]}},
    }
    checker = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    answer = Answerer(schema, seed).answer()
    assert [error.message for error in checker.iter_errors(answer)] == []
    assert answer["either"] is not None


async def test_forbidden_question_is_refused(client: openai.AsyncOpenAI) -> None:
    answer = await client.responses.parse(model=MODEL, input="Something forbidden", text_format=Critique)
    assert answer.output_parsed is None
    message: Any = answer.output[0]
    assert message.content[0].type == "refusal"
    free = await client.responses.create(model=MODEL, input="A hill", instructions="Swearing is forbidden.")
    assert free.output_text


async def test_small_limit_cuts_the_answer_off(client: openai.AsyncOpenAI) -> None:
    schema = {"type": "json_schema", "name": "critique", "schema": Critique.model_json_schema()}
    text: Any = {"format": schema}
    answer = await client.responses.create(model=MODEL, input="Judge it", text=text, max_output_tokens=16)
    assert answer.status == "incomplete"
    assert answer.incomplete_details is not None
    assert answer.incomplete_details.reason == "max_output_tokens"
    assert answer.usage is not None
    assert answer.usage.output_tokens == 16
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.output_text)


async def test_streams_deltas_that_add_up(client: openai.AsyncOpenAI) -> None:
    async with client.responses.stream(model=MODEL, input="Tell me of the sea") as stream:
        events = [event async for event in stream]
        final = await stream.get_final_response()
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert len(deltas) > 2
    assert "".join(deltas) == final.output_text
    assert events[-1].type == "response.completed"
    assert [event.sequence_number for event in events if hasattr(event, "sequence_number")] == sorted(
        {event.sequence_number for event in events if hasattr(event, "sequence_number")}
    )
    whole = await client.responses.create(model=MODEL, input="Tell me of the sea")
    assert whole.output_text == final.output_text


@pytest.mark.parametrize(
    ("change", "last"),
    [({"input": "forbidden"}, "response.completed"), ({"max_output_tokens": 16}, "response.incomplete")],
)
async def test_streams_end_as_the_answer_does(client: openai.AsyncOpenAI, change: dict[str, Any], last: str) -> None:
    stream = await client.responses.create(**{"model": MODEL, "input": "The sea", "stream": True, **change})
    types = [event.type async for event in stream]
    assert types[0] == "response.created"
    assert types[-1] == last
    assert ("response.refusal.delta" in types) == ("input" in change)


async def test_chat_answers_refuses_and_is_cut_off(client: openai.AsyncOpenAI) -> None:
    ask: Any = {"model": MODEL, "messages": [{"role": "user", "content": "Judge it"}]}
    parsed = await client.chat.completions.parse(**ask, response_format=Critique)
    assert isinstance(parsed.choices[0].message.parsed, Critique)
    assert parsed.usage is not None
    assert parsed.usage.total_tokens == parsed.usage.prompt_tokens + parsed.usage.completion_tokens
    assert (await client.chat.completions.create(**ask)).choices[0].finish_reason == "stop"
    with pytest.raises(openai.LengthFinishReasonError):
        await client.chat.completions.parse(**ask, response_format=Critique, max_completion_tokens=16)
    refused = await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "forbidden"}])
    assert refused.choices[0].message.content is None
    assert refused.choices[0].message.refusal


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"model": "gpt-2"}, 404, "model_not_found"),
        ({"input": ""}, 400, "missing_required_parameter"),
        ({"max_output_tokens": 1}, 400, "integer_below_min_value"),
        ({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]}, 400, "invalid_value"),
        (
            {"text": {"format": {"type": "json_schema", "name": "x", "strict": True, "schema": {
                "type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}}}},
            400,
            "invalid_json_schema",
        ),
    ],
)  # fmt: skip
async def test_refuses_what_openai_refuses(
    client: openai.AsyncOpenAI, change: dict[str, Any], status: int, code: str
) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        await client.responses.create(**{"model": MODEL, "input": "A hill", **change})
    assert (caught.value.status_code, caught.value.code) == (status, code)


async def test_lists_text_models_too(client: openai.AsyncOpenAI) -> None:
    assert MODEL in [model.id async for model in client.models.list()]
