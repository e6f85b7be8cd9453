"""The Responses API's objects and its event stream."""

import json
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

from sandbox.pace import Pace
from sandbox.tokens import hex_id
from sandbox.vendors.openai.answers import Ending, TextAnswer
from sandbox.vendors.openai.text_request import TextRequest

_SECONDS = 0.8
_SECONDS_PER_DELTA = 0.02
_DELTA_CHARACTERS = 24
_REASON = {Ending.CUT: "max_output_tokens", Ending.FILTERED: "content_filter"}
_STATUS = {Ending.CUT: "incomplete", Ending.FILTERED: "incomplete", Ending.FAILED: "failed"}


class ResponseMaker:
    """Says an answer at once or in pieces."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace

    async def whole(self, request: TextRequest, said: TextAnswer) -> dict[str, Any]:
        """The `Response` object."""
        await self._pace.work(_SECONDS)
        return _finished(_response(request), said, hex_id("msg"))

    async def stream(self, request: TextRequest, said: TextAnswer) -> AsyncIterator[bytes]:
        """The server-sent events, up to `response.completed` or `response.incomplete`."""
        for number, (kind, data) in enumerate(_events(request, said)):
            await self._pace.work(_SECONDS_PER_DELTA)
            event = {"type": kind, "sequence_number": number, **data}
            yield f"event: {kind}\ndata: {json.dumps(event)}\n\n".encode()


def _events(request: TextRequest, said: TextAnswer) -> Iterator[tuple[str, dict[str, Any]]]:
    response, item_id = _response(request), hex_id("msg")
    name = "refusal" if said.refused else "output_text"
    field = "refusal" if said.refused else "text"
    logprobs: dict[str, Any] = {} if said.refused else {"logprobs": []}
    place = {"item_id": item_id, "output_index": 0, "content_index": 0}
    yield "response.created", {"response": response}
    yield "response.in_progress", {"response": response}
    yield "response.output_item.added", {"output_index": 0, "item": _message(item_id, "in_progress", [])}
    yield "response.content_part.added", {**place, "part": _part(said, "")}
    for start in range(0, len(said.text), _DELTA_CHARACTERS):
        yield f"response.{name}.delta", {**place, "delta": said.text[start : start + _DELTA_CHARACTERS], **logprobs}
    yield f"response.{name}.done", {**place, field: said.text, **logprobs}
    yield "response.content_part.done", {**place, "part": _part(said, said.text)}
    finished = _finished(response, said, item_id)
    if finished["output"]:
        yield "response.output_item.done", {"output_index": 0, "item": finished["output"][0]}
    yield f"response.{finished['status']}", {"response": finished}


def _finished(response: dict[str, Any], said: TextAnswer, item_id: str) -> dict[str, Any]:
    status = _STATUS.get(said.ending, "completed")
    failed = said.ending is Ending.FAILED
    message = "completed" if failed else status
    return {
        **response,
        "completed_at": time.time() if status == "completed" else None,
        "error": {"code": "server_error", "message": "The model failed to answer."} if failed else None,
        "incomplete_details": {"reason": _REASON[said.ending]} if said.ending in _REASON else None,
        "output": [] if failed else [_message(item_id, message, [_part(said, said.text)])],
        "status": status,
        "usage": {
            "input_tokens": said.input_tokens,
            "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0},
            "output_tokens": said.output_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": said.input_tokens + said.output_tokens,
        },
    }


def _message(item_id: str, status: str, content: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": item_id, "type": "message", "role": "assistant", "status": status, "content": content}


def _part(said: TextAnswer, text: str) -> dict[str, Any]:
    if said.refused:
        return {"type": "refusal", "refusal": text}
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _response(request: TextRequest) -> dict[str, Any]:
    fields = request.fields
    return {
        "id": hex_id("resp"),
        "object": "response",
        "background": False,
        "created_at": time.time(),
        "error": None,
        "incomplete_details": None,
        "instructions": fields.get("instructions"),
        "max_output_tokens": request.max_output_tokens,
        "metadata": fields.get("metadata") or {},
        "model": request.model,
        "output": [],
        "parallel_tool_calls": True,
        "previous_response_id": fields.get("previous_response_id"),
        "reasoning": fields.get("reasoning") or {"effort": None, "summary": None},
        "safety_identifier": fields.get("safety_identifier"),
        "service_tier": "default",
        "status": "in_progress",
        "store": fields.get("store", True),
        "temperature": fields.get("temperature", 1.0),
        "text": fields.get("text") or {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": fields.get("top_p", 1.0),
        "truncation": "disabled",
        "usage": None,
        "user": fields.get("user"),
    }
