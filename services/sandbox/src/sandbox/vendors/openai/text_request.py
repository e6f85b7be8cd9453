"""Reads and checks what a text request asks for, by `responses` or `chat/completions`."""

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from sandbox.vendors.openai.errors import OpenAIError
from sandbox.vendors.openai.schemas import check_strict

TEXT_MODELS = (
    "gpt-5.4-mini",
    "gpt-5.6-luna",
    "gpt-5.6-sol",
    "gpt-5.6-terra",
    "gpt-6-astra",
    "gpt-6-luna",
    "gpt-6-sol",
    "gpt-6.1-sol",
    "gpt-6.1-terra",
)

_FORBIDDEN = re.compile(r"\bforbidden\b", re.IGNORECASE)
_OUTPUT_TOKENS_MIN = 16
_TOKENS_PER_IMAGE = 765


@dataclass(frozen=True, slots=True)
class TextRequest:
    """A checked request. `schema` None asks for prose; `seed` is the same for the same question.

    `pictures` are the files that came inline; `rules` is what was said by others than the user.
    """

    model: str
    prompt: str
    rules: str
    pictures: tuple[bytes, ...]
    refused: bool
    input_tokens: int
    schema: dict[str, Any] | None
    max_output_tokens: int | None
    seed: int
    fields: dict[str, Any]


def read_responses_request(fields: dict[str, Any]) -> TextRequest:
    """Checks the body of `POST /responses`.

    Raises:
        OpenAIError: a value OpenAI would refuse, or one the sandbox does not imitate.
    """
    given = fields.get("input")
    if not given or not isinstance(given, str | list):
        raise _missing("input")
    messages = [{"role": "user", "content": given}] if isinstance(given, str) else given
    if instructions := fields.get("instructions"):
        messages = [{"role": "developer", "content": str(instructions)}, *messages]
    wanted = (fields.get("text") or {}).get("format") or {}
    return _request(fields, messages, _schema(wanted, wanted, "text.format"), "max_output_tokens")


def read_chat_request(fields: dict[str, Any]) -> TextRequest:
    """Checks the body of `POST /chat/completions`.

    Raises:
        OpenAIError: a value OpenAI would refuse, or one the sandbox does not imitate.
    """
    messages = fields.get("messages")
    if not messages or not isinstance(messages, list):
        raise _missing("messages")
    if fields.get("stream"):
        raise OpenAIError(400, "The sandbox streams responses, not chat completions.", param="stream")
    wanted = fields.get("response_format") or {}
    schema = _schema(wanted, wanted.get("json_schema") or {}, "response_format")
    limit = "max_completion_tokens" if "max_completion_tokens" in fields else "max_tokens"
    return _request(fields, messages, schema, limit)


def _request(fields: dict[str, Any], messages: list[Any], schema: dict[str, Any] | None, limit: str) -> TextRequest:
    if fields.get("tools"):
        raise OpenAIError(400, "The sandbox has no tools.", code="unsupported_parameter", param="tools")
    model = _model(fields)
    texts, images, pictures = _parts(messages)
    asked = "\n".join(text for role, text in texts if role == "user")
    everything = "\n".join(text for _, text in texts)
    seed = json.dumps([model, texts, images, schema], sort_keys=True).encode()
    return TextRequest(
        model=model,
        prompt=asked,
        rules="\n".join(text for role, text in texts if role != "user"),
        pictures=tuple(pictures),
        refused=_FORBIDDEN.search(asked) is not None,
        input_tokens=max(1, len(everything) // 4) + _TOKENS_PER_IMAGE * len(images),
        schema=schema,
        max_output_tokens=_limit(fields, limit),
        seed=int.from_bytes(hashlib.sha256(seed).digest()[:8]),
        fields=fields,
    )


def _parts(messages: list[Any]) -> tuple[list[tuple[str, str]], list[str], list[bytes]]:
    """The texts with their roles, a fingerprint of every picture, and the pictures that came inline."""
    texts: list[tuple[str, str]] = []
    images: list[str] = []
    pictures: list[bytes] = []
    for message in messages:
        if not isinstance(message, dict):
            raise OpenAIError(400, "Invalid input: expected an object.", code="invalid_type", param="input")
        role, content = str(message.get("role", "user")), message.get("content") or ""
        for part in [{"text": content}] if isinstance(content, str) else content:
            if "image_url" in part:
                url = _image_url(part["image_url"])
                images.append(hashlib.sha256(url.encode()).hexdigest())
                pictures += inline_picture(url)
            else:
                texts.append((role, str(part.get("text", ""))))
    return texts, images, pictures


def inline_picture(url: str) -> list[bytes]:
    """The file in a base64 data URL, if that is what it is."""
    head, _, data = url.partition(",")
    if not (head.startswith("data:image/") and head.endswith(";base64")):
        return []
    try:
        return [base64.b64decode(data, validate=True)]
    except binascii.Error:
        return []


def _image_url(image: Any) -> str:
    url = image.get("url") if isinstance(image, dict) else image
    if not isinstance(url, str) or not url.startswith(("data:image/", "https://", "http://")):
        message = "Invalid 'image_url': expected a data URL or an http(s) URL."
        raise OpenAIError(400, message, code="invalid_value", param="input")
    return url


def _schema(wanted: dict[str, Any], named: dict[str, Any], param: str) -> dict[str, Any] | None:
    match wanted.get("type"):
        case None | "text":
            return None
        case "json_object":
            return {"type": "object", "properties": {"answer": {"type": "string"}}}
        case "json_schema":
            schema = named.get("schema")
            if not named.get("name") or not isinstance(schema, dict):
                raise _missing(f"{param}.schema")
            if named.get("strict"):
                check_strict(schema, str(named["name"]), param)
            return schema
    raise OpenAIError(400, f"Invalid value: '{wanted['type']}'.", code="invalid_value", param=f"{param}.type")


def _model(fields: dict[str, Any]) -> str:
    model = fields.get("model")
    if not model:
        raise _missing("model")
    if model not in TEXT_MODELS:
        message = f"The model '{model}' does not exist or you do not have access to it."
        raise OpenAIError(404, message, code="model_not_found", param="model")
    return str(model)


def _limit(fields: dict[str, Any], name: str) -> int | None:
    limit = fields.get(name)
    if limit is None:
        return None
    if not isinstance(limit, int) or limit < _OUTPUT_TOKENS_MIN:
        message = f"Invalid '{name}': integer below minimum value. Expected a value >= {_OUTPUT_TOKENS_MIN}."
        raise OpenAIError(400, message, code="integer_below_min_value", param=name)
    return limit


def _missing(param: str) -> OpenAIError:
    message = f"Missing required parameter: '{param}'."
    return OpenAIError(400, message, code="missing_required_parameter", param=param)
