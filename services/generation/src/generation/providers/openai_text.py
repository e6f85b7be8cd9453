"""Text through OpenAI's Responses API, or through chat completions where an endpoint speaks only those.

Not to be imported where no text is written: the SDK takes half a second and some 50 MB.
"""

import base64
import uuid
from dataclasses import dataclass
from typing import Any

import httpx2
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletion
from openai.types.responses import Response

from generation.providers.answers import UnfitAnswer, correction_in_words, read_answer, schema_name, strict_schema
from generation.providers.catalogue import Catalogue, ModelCard
from generation.providers.errors import (
    MODERATION_BLOCKED,
    MODERATION_DETAIL,
    ProviderError,
    Refused,
    Unavailable,
    Unfit,
)
from generation.providers.http_client import MEBIBYTE, bounded_client
from generation.providers.openai_errors import MODERATION_CODES, as_provider_errors, of_words, request_id_of
from generation.providers.ports import Picture, ProviderCall, ProviderText, TextRequest
from generation.providers.prices import TokenUsage, text_microusd

ANSWER_BYTES_MAX = 4 * MEBIBYTE
_CUT_OFF = "It was cut off because it was too long. Be much briefer."


@dataclass(frozen=True, slots=True)
class _Said:
    """What was read from either API's answer. ``state`` is ``stop``, ``length``, ``refused`` or an error's code."""

    state: str
    text: str
    usage: TokenUsage | None
    detail: str = ""


class OpenAIText:
    """A :class:`~generation.providers.ports.TextWriter` over OpenAI's protocol.

    With ``responses`` False requests go to ``chat/completions`` and carry only what the protocol's older half
    knows. ``native`` is False for compatible endpoints, which are sent no safety identifier.
    """

    def __init__(
        self,
        *,
        base_url: str,
        catalogue: Catalogue,
        provider: str = "openai",
        native: bool = True,
        responses: bool = True,
        read_timeout_seconds: float = 120.0,
        connections_max: int = 16,
    ) -> None:
        self._provider = provider
        self._catalogue = catalogue
        self._native = native
        self._responses = responses
        self._http = bounded_client(
            read_timeout_seconds=read_timeout_seconds,
            bytes_max=ANSWER_BYTES_MAX,
            connections_max=connections_max,
        )
        # The key is a placeholder: every call brings its own.
        self._client = AsyncOpenAI(
            api_key="unset",
            base_url=base_url,
            max_retries=0,
            timeout=self._http.timeout,
            http_client=self._http,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def write_text(self, request: TextRequest, *, model: str, key: str, call: ProviderCall) -> ProviderText:
        """See :class:`~generation.providers.ports.TextWriter`; one request on the wire, never more.

        Nothing is stored at the vendor, so ``adopted_external_id`` cannot occur.
        """
        card = self._catalogue.text_card(self._provider, model)
        client = self._client.with_options(api_key=key)
        headers = {"X-Client-Request-Id": str(uuid.uuid4())}
        async with as_provider_errors(provider=self._provider, model=model, timeout_seconds=call.timeout_seconds):
            if self._responses:
                raw = await client.responses.with_raw_response.create(
                    **self._for_responses(request, card), extra_headers=headers
                )
                said = _from_response(raw.parse())
            else:
                raw = await client.chat.completions.with_raw_response.create(
                    **self._for_chat(request, card), extra_headers=headers
                )
                said = _from_chat(raw.parse())
            return self._text(said, request, card, raw.http_response)

    def _for_responses(self, request: TextRequest, card: ModelCard) -> dict[str, Any]:
        content = [
            {"type": "input_image", "image_url": _data_url(part), "detail": "high"}
            if isinstance(part, Picture)
            else {"type": "input_text", "text": part}
            for part in request.parts
        ]
        messages = [{"role": "user", "content": content}, *_correction(request)]
        parameters: dict[str, Any] = {
            "model": card.model,
            "instructions": request.instructions,
            "input": messages,
            "max_output_tokens": request.output_tokens_max,
            "store": False,
        }
        if request.answer_type is not None:
            parameters["text"] = {"format": {"type": "json_schema", **_named_schema(request)}}
        if card.effort is not None:
            parameters["reasoning"] = {"effort": card.effort}
        if self._native:
            parameters["safety_identifier"] = request.user_reference
        return parameters | self._temperature(request, card)

    def _for_chat(self, request: TextRequest, card: ModelCard) -> dict[str, Any]:
        content = [
            {"type": "image_url", "image_url": {"url": _data_url(part)}}
            if isinstance(part, Picture)
            else {"type": "text", "text": part}
            for part in request.parts
        ]
        messages = [
            {"role": "system", "content": request.instructions},
            {"role": "user", "content": content},
            *_correction(request),
        ]
        parameters: dict[str, Any] = {
            "model": card.model,
            "messages": messages,
            "max_tokens": request.output_tokens_max,
        }
        if request.answer_type is not None:
            parameters["response_format"] = {"type": "json_schema", "json_schema": _named_schema(request)}
        if card.effort is not None:
            parameters["reasoning_effort"] = card.effort
        return parameters | self._temperature(request, card)

    def _temperature(self, request: TextRequest, card: ModelCard) -> dict[str, Any]:
        return {"temperature": request.temperature} if card.temperature and request.temperature is not None else {}

    def _text(self, said: _Said, request: TextRequest, card: ModelCard, response: httpx2.Response) -> ProviderText:
        request_id = request_id_of(response)
        cost = text_microusd(card, usage=said.usage) if said.usage else None
        tokens = (said.usage.text_input, said.usage.text_output) if said.usage else (None, None)
        parsed = None
        if said.state != "stop":
            raise self._failed(said, card, request_id, cost).counting(*tokens)
        if request.answer_type is not None:
            try:
                parsed = read_answer(said.text, request.answer_type)
            except UnfitAnswer as error:
                raise self._unfit(said, str(error), "unfit_answer", card, request_id, cost).counting(*tokens) from error
        return ProviderText(
            text=said.text,
            parsed=parsed,
            cost_microusd=text_microusd(card, usage=said.usage),
            model=card.model,
            request_id=request_id,
            input_tokens=tokens[0],
            output_tokens=tokens[1],
        )

    def _failed(self, said: _Said, card: ModelCard, request_id: str | None, cost: int | None) -> ProviderError:
        common: dict[str, Any] = {"provider": self._provider, "model": card.model, "request_id": request_id}
        if said.state == "refused" or said.state in MODERATION_CODES:
            return Refused(MODERATION_BLOCKED, MODERATION_DETAIL, cost_microusd=cost, **common)
        if said.state == "length":
            return self._unfit(said, _CUT_OFF, "length", card, request_id, cost)
        return of_words(said.state, None, said.detail[:500], **common) or Unavailable(
            said.detail[:500] or said.state, code=said.state[:60], cost_microusd=cost, **common
        )

    def _unfit(
        self, said: _Said, faults: str, code: str, card: ModelCard, request_id: str | None, cost: int | None
    ) -> Unfit:
        return Unfit(
            f"the answer is unfit: {faults}"[:500],
            provider=self._provider,
            model=card.model,
            answer=said.text,
            faults=faults,
            code=code,
            request_id=request_id,
            cost_microusd=cost,
        )


def _correction(request: TextRequest) -> list[dict[str, Any]]:
    """The earlier answer as the model's own, and what is wrong with it as ours."""
    said = request.correction
    if said is None:
        return []
    answered = [{"role": "assistant", "content": said.answer}] if said.answer else []
    return [*answered, {"role": "user", "content": correction_in_words(said.faults, request.answer_type)}]


def _named_schema(request: TextRequest) -> dict[str, Any]:
    if request.answer_type is None:
        raise AssertionError("no schema was asked for")
    return {"name": schema_name(request.answer_type), "strict": True, "schema": strict_schema(request.answer_type)}


def _data_url(picture: Picture) -> str:
    return f"data:{picture.media_type};base64,{base64.b64encode(picture.content).decode()}"


def _from_response(answer: object) -> _Said:
    """Read a ``Response``. The SDK does not validate: any part may be missing, and an HTML page comes as a str."""
    if not isinstance(answer, Response):
        return _Said("malformed", "", None, "the answer is no response")
    usage = _usage(answer.usage, "input_tokens", "output_tokens")
    texts: list[str] = []
    for item in _items(answer.output):
        for part in _items(getattr(item, "content", None)):
            if getattr(part, "type", None) == "refusal":
                return _Said("refused", "", usage)
            if getattr(part, "type", None) == "output_text":
                texts.append(_words(getattr(part, "text", None)))
    text = "".join(texts)
    match answer.status:
        case "completed" if text.strip():
            return _Said("stop", text, usage)
        case "incomplete":
            reason = _words(getattr(answer.incomplete_details, "reason", None))
            return _Said("refused" if reason == "content_filter" else "length", text, usage)
        case "failed":
            code = _words(getattr(answer.error, "code", None)) or "failed"
            return _Said(code, text, usage, _words(getattr(answer.error, "message", None)))
    return _Said("malformed", text, usage, f"the response is {answer.status!r} and has {len(text)} characters")


def _from_chat(answer: object) -> _Said:
    """Read a ``ChatCompletion``, as carefully."""
    if not isinstance(answer, ChatCompletion):
        return _Said("malformed", "", None, "the answer is no completion")
    usage = _usage(answer.usage, "prompt_tokens", "completion_tokens")
    choice = next(iter(_items(answer.choices)), None)
    message = getattr(choice, "message", None)
    text = _words(getattr(message, "content", None))
    if getattr(message, "refusal", None):
        return _Said("refused", "", usage)
    match getattr(choice, "finish_reason", None):
        case "content_filter":
            return _Said("refused", "", usage)
        case "length":
            return _Said("length", text, usage)
        case "stop" if text.strip():
            return _Said("stop", text, usage)
    return _Said("malformed", text, usage, f"the completion has {len(text)} characters and no end")


def _items(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _words(value: object) -> str:
    return value if isinstance(value, str) else ""


def _usage(usage: object, read: str, made: str) -> TokenUsage | None:
    counted = TokenUsage(text_input=_count(usage, read), text_output=_count(usage, made))
    return counted if counted.text_input or counted.text_output else None


def _count(holder: object, name: str) -> int:
    value = getattr(holder, name, None)
    return value if isinstance(value, int) and value > 0 else 0
