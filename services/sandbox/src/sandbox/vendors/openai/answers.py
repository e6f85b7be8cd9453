"""What the pretended model says: text, a refusal, or a text cut off by the limit, with the tokens it took."""

import json
import random
from dataclasses import dataclass

from sandbox.vendors.openai.phrases import prose
from sandbox.vendors.openai.schemas import Answerer
from sandbox.vendors.openai.text_request import TextRequest

REFUSAL = "I'm sorry, but I can't assist with that request."
_CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class TextAnswer:
    """An answer; `cut` when the limit ended it."""

    text: str
    refused: bool
    cut: bool
    input_tokens: int
    output_tokens: int


def answer(request: TextRequest) -> TextAnswer:
    """The answer to a request: the same to the same question.

    Raises:
        OpenAIError: 400, the schema cannot be satisfied.
    """
    text = REFUSAL if request.refused else _text(request)
    tokens = -(-len(text) // _CHARACTERS_PER_TOKEN)
    limit = request.max_output_tokens
    cut = limit is not None and tokens > limit and not request.refused
    if limit is not None and cut:
        text, tokens = text[: limit * _CHARACTERS_PER_TOKEN], limit
    return TextAnswer(text, request.refused, cut, request.input_tokens, tokens)


def _text(request: TextRequest) -> str:
    if request.schema is None:
        return prose(random.Random(request.seed), request.prompt)  # noqa: S311 - repeatable, not secret
    return json.dumps(Answerer(request.schema, request.seed).answer(), ensure_ascii=False)
