"""A text request and its answer, for the tests of the writers of text."""

import io
import json
from typing import Annotated, Any

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from generation.providers.ports import Picture, TextRequest


class Remark(BaseModel):
    model_config = ConfigDict(extra="forbid")

    area: Annotated[str, StringConstraints(min_length=1, max_length=20)]
    severity: int = Field(ge=1, le=5)


class Review(BaseModel):
    model_config = ConfigDict(extra="forbid")

    score: int = Field(ge=0, le=100, description="The whole.")
    remarks: list[Remark] = Field(min_length=1, max_length=3)
    note: str | None = None


GOOD: dict[str, Any] = {"score": 71, "remarks": [{"area": "light", "severity": 2}], "note": None}
GOOD_TEXT = json.dumps(GOOD)
UNFIT_TEXT = json.dumps(GOOD | {"score": 181})


def jpeg(colour: str = "teal", side: int = 64) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(out, "JPEG")
    return out.getvalue()


ASKED = TextRequest(
    instructions="Judge the picture.",
    parts=("The picture:", Picture(jpeg(), "image/jpeg")),
    user_reference="u-5f2c",
    answer_type=Review,
    output_tokens_max=1200,
    temperature=0.4,
)
PROSE = TextRequest(instructions="Say something.", parts=("Of the sea.",), user_reference="u-5f2c")
