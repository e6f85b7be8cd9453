"""The Chat Completions API's object."""

import time
from typing import Any

from sandbox.tokens import hex_id
from sandbox.vendors.openai.answers import Ending, TextAnswer
from sandbox.vendors.openai.text_request import TextRequest

SECONDS = 0.8
_REASON = {Ending.CUT: "length", Ending.FILTERED: "content_filter"}


def completion(request: TextRequest, said: TextAnswer) -> dict[str, Any]:
    """The `chat.completion` object of an answer."""
    return {
        "id": hex_id("chatcmpl", "-"),
        "object": "chat.completion",
        "created": int(time.time()),
        "model": request.model,
        "choices": [
            {
                "index": 0,
                "finish_reason": _REASON.get(said.ending, "stop"),
                "logprobs": None,
                "message": {
                    "role": "assistant",
                    "content": None if said.refused else said.text,
                    "refusal": said.text if said.refused else None,
                    "annotations": [],
                },
            }
        ],
        "service_tier": "default",
        "system_fingerprint": None,
        "usage": {
            "prompt_tokens": said.input_tokens,
            "completion_tokens": said.output_tokens,
            "total_tokens": said.input_tokens + said.output_tokens,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 0,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        },
    }
