"""What the pretended models say of pictures: it follows from what is in them, in the language that was asked for."""

import base64
import json
from typing import Any

import httpx2
import pytest
from PIL import Image, ImageFilter

from sandbox.client import SandboxClient
from sandbox.drawing.brief import Brief
from sandbox.drawing.picture import compose
from sandbox.looking.critic import judge
from sandbox.looking.impression import CRITERIA, Impression, impression_of, picture_file
from sandbox.server import SandboxServer

PICTURE = compose(Brief("a lighthouse over the sea at dusk", 800, 600, 3, "sandbox", "model"))
MARK = {"type": "object", "properties": {"score": {"type": "integer", "minimum": 0, "maximum": 100},
                                         "sentence": {"type": "string"}}}  # fmt: skip
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "criteria": {"type": "object", "properties": dict.fromkeys(CRITERIA, MARK)},
        "improvements": {"type": "array", "items": {"type": "string"}, "minItems": 3, "maxItems": 3},
        "score": {"type": "integer", "minimum": 0, "maximum": 100},
    },
}


def seen(image: Image.Image) -> Impression:
    return impression_of(picture_file(image))


def test_marks_follow_from_the_picture() -> None:
    good = seen(PICTURE)
    assert seen(PICTURE.filter(ImageFilter.GaussianBlur(8))).marks["focus"] < good.marks["focus"]
    assert seen(PICTURE.point(lambda level: level // 8)).marks["light"] < good.marks["light"] - 20
    assert seen(PICTURE.convert("L").convert("RGB")).marks["colour"] < good.marks["colour"]
    flat = seen(Image.new("RGB", (400, 300), (20, 20, 20)))
    assert flat.score < 45 < good.score
    assert all(0 <= mark <= 100 for mark in (*flat.marks.values(), *good.marks.values()))


@pytest.mark.parametrize("image", [Image.new("RGB", (1, 1)), Image.new("L", (5, 900), 255), Image.new("RGBA", (9, 9))])
def test_looks_at_odd_pictures_too(image: Image.Image) -> None:
    assert 0 <= seen(image).score <= 100


def test_speaks_of_criteria_and_leaves_the_rest() -> None:
    answer = {"light": {"score": 1, "sentence": "x"}, "title": "T", "improvements": ["a", "b", "c"], "score": 2}
    said = judge(answer, seen(PICTURE), "Write in English.")
    assert said["title"] == "T"
    assert said["light"]["score"] == seen(PICTURE).marks["light"]
    assert "%" in said["light"]["sentence"]
    assert len(set(said["improvements"])) == 3
    assert "lumière" in judge(answer, seen(PICTURE), "Write in French.")["light"]["sentence"]
    assert judge(answer, seen(PICTURE), "Roast it.")["light"]["sentence"] != said["light"]["sentence"]


async def test_a_language_model_of_replicate_answers_in_pieces_of_the_shape_it_was_told(
    http: httpx2.AsyncClient, server: SandboxServer
) -> None:
    url = f"data:image/png;base64,{base64.b64encode(picture_file(PICTURE)).decode()}"
    given = {
        "prompt": "The picture:",
        "system_prompt": f"Judge it in French. It satisfies this JSON Schema:\n{json.dumps(SCHEMA)}",
        "image": url,
    }
    answer = await http.post(
        f"{server.public_url}/replicate/v1/models/anthropic/claude-4.5-sonnet/predictions",
        json={"input": given},
        headers={"authorization": "Bearer r8", "prefer": "wait=10"},
    )
    prediction = answer.json()
    assert prediction["status"] == "succeeded", prediction["error"]
    assert len(prediction["output"]) > 5
    said = json.loads("".join(prediction["output"]))
    assert said["score"] == seen(PICTURE).score
    assert "lumière" in said["criteria"]["light"]["sentence"].lower()
    assert prediction["metrics"]["input_token_count"] > 1000
    assert prediction["metrics"]["output_token_count"] > 50


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [("text", "completed", None), ("cut", "incomplete", "max_output_tokens"), ("failed", "failed", None),
     ("content_filter", "incomplete", "content_filter"), ("refusal", "completed", None)],
)  # fmt: skip
async def test_says_what_it_is_told_to(
    http: httpx2.AsyncClient, control: SandboxClient, answer: str, status: str, reason: str | None
) -> None:
    await control.fault("openai", "responses.create", {"answer": answer, "text": "{"})
    said = (
        await http.post(
            "/openai/v1/responses",
            json={"model": "gpt-5.6-terra", "input": "A hill"},
            headers={"authorization": "Bearer sk"},
        )
    ).json()
    assert said["status"] == status
    assert (said["incomplete_details"] or {}).get("reason") == reason
    kinds = [part["type"] for item in said["output"] for part in item["content"]]
    assert kinds == {"failed": [], "refusal": ["refusal"]}.get(answer, ["output_text"])


async def test_an_answer_is_set_where_something_answers(control: SandboxClient) -> None:
    with pytest.raises(httpx2.HTTPStatusError):
        await control.fault("openai", "images.generate", {"answer": "refusal"})
