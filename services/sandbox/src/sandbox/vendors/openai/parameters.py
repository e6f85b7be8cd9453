"""Reads and checks what an image request asks for, with OpenAI's own limits and error codes."""

import re
from dataclasses import dataclass
from typing import Any

from sandbox.drawing.brief import Encoding, FileFormat
from sandbox.vendors.openai.errors import OpenAIError

MODELS = (
    "gpt-image-1-mini",
    "gpt-image-1.5",
    "gpt-image-2",
    "gpt-image-2-2026-04-21",
    "gpt-image-2.5-flare",
    "gpt-image-2.5-flare-2026-09-08",
    "gpt-image-2.5-sunburst",
    "gpt-image-2.5-sunburst-2026-09-08",
    "gpt-image-2.6-flare",
    "gpt-image-2.6-sunburst",
    "chatgpt-image-latest",
)

_SIZE = re.compile(r"(\d{2,5})x(\d{2,5})")
_PROMPT_CHARACTERS_MAX = 32_000
_SIDE_MAX, _SHORT_SIDE_MAX, _RATIO_MAX, _GRID = 3840, 2160, 3, 16
_QUALITIES = ("low", "medium", "high", "xhigh", "max", "auto")
_OPAQUE_MODELS = ("gpt-image-2", "gpt-image-2-2026-04-21")
_FORBIDDEN = re.compile(r"\bforbidden\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """A checked image request."""

    prompt: str
    model: str
    count: int
    width: int
    height: int
    quality: str
    background: str
    encoding: Encoding
    stream: bool
    partial_images: int
    safety_identifier: str | None

    @property
    def size(self) -> str:
        """The size as OpenAI writes it."""
        return f"{self.width}x{self.height}"


def read_image_request(fields: dict[str, Any]) -> ImageRequest:
    """Checks the fields of a generation or an edit.

    Raises:
        OpenAIError: a value OpenAI would refuse, with its status and code.
    """
    prompt = _prompt(fields)
    width, height = _size(fields.get("size") or "auto")
    _check_transparency(fields)
    return ImageRequest(
        prompt=prompt,
        model=_model(fields),
        count=_integer(fields, "n", 1, 1, 10),
        width=width,
        height=height,
        quality=_choice(fields, "quality", _QUALITIES, "auto"),
        background=_choice(fields, "background", ("transparent", "opaque", "auto"), "auto"),
        encoding=_encoding(fields),
        stream=str(fields.get("stream", "")).lower() == "true",
        partial_images=_integer(fields, "partial_images", 0, 0, 3),
        safety_identifier=fields.get("safety_identifier") or fields.get("user"),
    )


def _check_transparency(fields: dict[str, Any]) -> None:
    if fields.get("background") != "transparent":
        return
    if fields.get("model") in _OPAQUE_MODELS:
        message = "Transparent background is not supported for this model."
        raise OpenAIError(400, message, kind="image_generation_user_error", code="invalid_value", param="background")
    if fields.get("output_format") == "jpeg":
        message = "Transparent background is not supported for jpeg; use png or webp."
        raise OpenAIError(400, message, kind="image_generation_user_error", code="invalid_value", param="output_format")


def _prompt(fields: dict[str, Any]) -> str:
    prompt = fields.get("prompt")
    if not isinstance(prompt, str) or not prompt:
        raise OpenAIError(
            400, "Missing required parameter: 'prompt'.", code="missing_required_parameter", param="prompt"
        )
    if len(prompt) > _PROMPT_CHARACTERS_MAX:
        raise OpenAIError(400, "Invalid 'prompt': string too long.", code="string_above_max_length", param="prompt")
    if _FORBIDDEN.search(prompt):
        raise OpenAIError(
            400,
            "Your request was rejected by the safety system. If you believe this is an error, contact us at "
            "help.openai.com and include the request ID. safety_violations=[sandbox].",
            kind="image_generation_user_error",
            code="moderation_blocked",
        )
    return prompt


def _model(fields: dict[str, Any]) -> str:
    model = fields.get("model")
    if not model:
        raise OpenAIError(400, "You must provide a model parameter.", code="missing_required_parameter", param="model")
    if model not in MODELS:
        raise OpenAIError(
            404,
            f"The model '{model}' does not exist or you do not have access to it.",
            code="model_not_found",
            param="model",
        )
    return str(model)


def _size(text: str) -> tuple[int, int]:
    if text == "auto":
        return 1024, 1024
    found = _SIZE.fullmatch(text)
    if found is None:
        raise OpenAIError(400, f"Invalid size '{text}'.", code="invalid_value", param="size")
    width, height = int(found[1]), int(found[2])
    short, long = sorted((width, height))
    if (
        width % _GRID
        or height % _GRID
        or not 256 <= short <= _SHORT_SIDE_MAX
        or long > _SIDE_MAX
        or long > short * _RATIO_MAX
    ):
        message = (
            f"Invalid size '{text}'. Width and height must be divisible by 16, the aspect ratio between 1:3 "
            "and 3:1, and the resolution at most 3840x2160."
        )
        raise OpenAIError(400, message, code="invalid_value", param="size")
    return width, height


def _encoding(fields: dict[str, Any]) -> Encoding:
    name = _choice(fields, "output_format", ("png", "webp", "jpeg"), "png")
    compression = _integer(fields, "output_compression", 100, 0, 100)
    return Encoding(FileFormat(name), compression)


def _choice(fields: dict[str, Any], name: str, allowed: tuple[str, ...], default: str) -> str:
    value = fields.get(name) or default
    if value not in allowed:
        raise OpenAIError(
            400,
            f"Invalid value: '{value}'. Supported values are: {', '.join(allowed)}.",
            code="invalid_value",
            param=name,
        )
    return str(value)


def _integer(fields: dict[str, Any], name: str, default: int, lowest: int, highest: int) -> int:
    value = fields.get(name)
    if value is None or value == "":
        return default
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise OpenAIError(400, f"Invalid type for '{name}'.", code="invalid_type", param=name) from None
    if not lowest <= number <= highest:
        message = f"Invalid '{name}': expected a value between {lowest} and {highest}."
        raise OpenAIError(400, message, code="integer_out_of_range", param=name)
    return number
