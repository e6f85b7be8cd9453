"""The real OpenAI client against the sandbox."""

import base64
import io
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import openai
import pytest
import pytest_asyncio
from PIL import Image

from sandbox.drawing.files import software_of
from sandbox.server import SandboxServer

MODEL = "gpt-image-2"


@pytest_asyncio.fixture
async def client(server: SandboxServer) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(
        api_key="sk-test", base_url=f"{server.public_url}/openai/v1", max_retries=0, timeout=5
    ) as made:
        yield made


def _open(b64: str | None) -> Image.Image:
    assert b64 is not None
    return Image.open(io.BytesIO(base64.b64decode(b64)))


@pytest.mark.parametrize(("name", "size"), [("png", "512x512"), ("webp", "768x512"), ("jpeg", "512x768")])
async def test_draws_in_the_size_and_format_asked_for(client: openai.AsyncOpenAI, name: Any, size: str) -> None:
    answer = await client.images.generate(
        model=MODEL, prompt="a quiet lake", size=size, output_format=name, output_compression=80
    )
    assert answer.data is not None
    image = _open(answer.data[0].b64_json)
    assert (image.format or "").lower() == name
    assert f"{image.width}x{image.height}" == size == answer.size
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens
    assert answer._request_id


async def test_same_prompt_gives_the_same_picture_and_n_pictures_differ(client: openai.AsyncOpenAI) -> None:
    first = await client.images.generate(model=MODEL, prompt="a hill", size="256x256", n=2)
    again = await client.images.generate(model=MODEL, prompt="a hill", size="256x256", n=2)
    assert first.data is not None
    assert again.data is not None
    assert [one.b64_json for one in first.data] == [one.b64_json for one in again.data]
    assert first.data[0].b64_json != first.data[1].b64_json


async def test_picture_is_labelled_with_its_model(client: openai.AsyncOpenAI) -> None:
    answer = await client.images.generate(model=MODEL, prompt="a hill", size="256x256")
    assert answer.data is not None
    assert software_of(base64.b64decode(answer.data[0].b64_json or "")) == f"sandbox/openai {MODEL}"


async def test_streams_partial_pictures_then_the_completed_one(client: openai.AsyncOpenAI) -> None:
    stream = await client.images.generate(model=MODEL, prompt="a hill", size="256x256", stream=True, partial_images=2)
    events: list[Any] = [event async for event in stream]
    assert [event.type for event in events] == [
        "image_generation.partial_image",
        "image_generation.partial_image",
        "image_generation.completed",
    ]
    assert [event.partial_image_index for event in events[:2]] == [0, 1]
    assert events[2].usage.total_tokens > 0
    assert len({event.b64_json for event in events}) == 3


async def test_edits_an_uploaded_picture(client: openai.AsyncOpenAI) -> None:
    page = await client.images.generate(model=MODEL, prompt="coloring page of a farm", size="512x512")
    assert page.data is not None
    content = base64.b64decode(page.data[0].b64_json or "")
    edited = await client.images.edit(
        model=MODEL, image=("page.png", content, "image/png"), prompt="colour it gaily", size="512x512"
    )
    assert edited.data is not None
    saturation = _open(edited.data[0].b64_json).convert("HSV").getchannel("S")
    assert sum(saturation.histogram()[60:]) > 512 * 512 * 0.2
    assert edited.usage is not None
    assert edited.usage.input_tokens_details.image_tokens > 0


@pytest.mark.parametrize("stream", [False, True])
async def test_refuses_an_edit_of_what_is_no_picture(client: openai.AsyncOpenAI, stream: bool) -> None:
    bad = ("a.png", b"not a picture", "image/png")
    with pytest.raises(openai.BadRequestError) as caught:
        await client.images.edit(model=MODEL, image=bad, prompt="x", stream=stream)
    assert caught.value.code == "invalid_image_file"


def _page() -> tuple[str, bytes, str]:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "white").save(buffer, "PNG")
    return "page.png", buffer.getvalue(), "image/png"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"image": _page()[1]}, "unsupported_file_mimetype"),
        ({"image": [_page()] * 17}, "array_above_max_length"),
        ({"input_fidelity": "high"}, "invalid_input_fidelity_model"),
        ({"model": "gpt-image-1-mini", "input_fidelity": "high"}, "invalid_input_fidelity_model"),
        ({"response_format": "b64_json"}, "unknown_parameter"),
        ({"background": "transparent"}, "invalid_value"),
        ({"model": "gpt-image-2.5-flare", "background": "transparent", "output_format": "jpeg"}, "invalid_value"),
    ],
)
async def test_refuses_edits_that_openai_refuses(client: openai.AsyncOpenAI, change: dict[str, Any], code: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await client.images.edit(**{"model": MODEL, "prompt": "colour it", "image": _page(), **change})
    assert caught.value.code == code


async def test_takes_edits_that_openai_takes(client: openai.AsyncOpenAI) -> None:
    faithful = await client.images.edit(
        model="gpt-image-1.5", prompt="colour it", image=[_page(), _page()], input_fidelity="high", size="256x256"
    )
    assert faithful.usage is not None
    cut = await client.images.edit(
        model="gpt-image-2.5-sunburst",
        prompt="Remove the background",
        image=_page(),
        background="transparent",
        size="256x256",
    )
    assert cut.data is not None
    assert _open(cut.data[0].b64_json).mode == "RGBA"


async def test_blocks_a_forbidden_prompt_as_moderation_does(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await client.images.generate(model=MODEL, prompt="something Forbidden")
    assert (caught.value.code, caught.value.type) == ("moderation_blocked", "image_generation_user_error")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"model": "gpt-image-1"}, 404, "model_not_found"),
        ({"size": "100x100"}, 400, "invalid_value"),
        ({"size": "1000x1000"}, 400, "invalid_value"),
        ({"n": 11}, 400, "integer_out_of_range"),
        ({"output_format": "bmp"}, 400, "invalid_value"),
    ],
)
async def test_refuses_what_openai_refuses(
    client: openai.AsyncOpenAI, change: dict[str, Any], status: int, code: str
) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        await client.images.generate(**{"model": MODEL, "prompt": "a hill", **change})
    assert (caught.value.status_code, caught.value.code) == (status, code)


async def test_refuses_a_call_without_a_key(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/openai/v1/images/generations", json={"model": MODEL, "prompt": "x"})
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "invalid_request_error"


async def test_lists_models(client: openai.AsyncOpenAI) -> None:
    assert MODEL in [model.id async for model in client.models.list()]
