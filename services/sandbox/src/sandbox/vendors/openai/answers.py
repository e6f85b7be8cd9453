"""What the pretended model says: text, a refusal, or a text cut off by the limit, with the tokens it took."""

import json
import random
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum

from sandbox.drawing.files import UnreadableImageError
from sandbox.faults.kinds import AnswerFault
from sandbox.looking.critic import judge
from sandbox.looking.impression import impression_of
from sandbox.vendors.openai.counsellor import words_for
from sandbox.vendors.openai.phrases import prose
from sandbox.vendors.openai.schemas import Answerer
from sandbox.vendors.openai.text_request import TextRequest

REFUSAL = "I'm sorry, but I can't assist with that request."
_CHARACTERS_PER_TOKEN = 4


class Ending(StrEnum):
    """How an answer came to its end."""

    COMPLETE = "complete"
    REFUSED = "refused"
    CUT = "cut"
    FILTERED = "content_filter"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class TextAnswer:
    """An answer and how it ended; the text of a refusal is the refusal."""

    text: str
    ending: Ending
    input_tokens: int
    output_tokens: int

    @property
    def refused(self) -> bool:
        """Whether the model declined."""
        return self.ending is Ending.REFUSED


def answer(request: TextRequest, scripted: AnswerFault | None = None) -> TextAnswer:
    """The answer to a request: the same to the same question, or what a fault says. Blocking where it looks.

    Raises:
        OpenAIError: 400, the schema cannot be satisfied.
    """
    said = _answer(request)
    if scripted is None:
        return said
    match scripted.answer:
        case "text":
            return replace(said, text=scripted.text, output_tokens=_tokens(scripted.text))
        case "refusal":
            return replace(said, text=REFUSAL, ending=Ending.REFUSED, output_tokens=_tokens(REFUSAL))
        case "cut":
            half = said.text[: len(said.text) // 2]
            return replace(said, text=half, ending=Ending.CUT, output_tokens=_tokens(half))
    return replace(said, text="", ending=Ending(scripted.answer))


def _answer(request: TextRequest) -> TextAnswer:
    text = REFUSAL if request.refused else _text(request)
    tokens = _tokens(text)
    limit = request.max_output_tokens
    if limit is not None and tokens > limit and not request.refused:
        return TextAnswer(text[: limit * _CHARACTERS_PER_TOKEN], Ending.CUT, request.input_tokens, limit)
    return TextAnswer(text, Ending.REFUSED if request.refused else Ending.COMPLETE, request.input_tokens, tokens)


def _tokens(text: str) -> int:
    return -(-len(text) // _CHARACTERS_PER_TOKEN)


def _text(request: TextRequest) -> str:
    if request.schema is None:
        return prose(random.Random(request.seed), request.prompt)  # noqa: S311 - repeatable, not secret
    made = Answerer(request.schema, request.seed, words_for(request.rules)).answer()
    if request.pictures:
        with suppress(UnreadableImageError):  # what cannot be seen is spoken of as if it had been
            made = judge(made, impression_of(request.pictures[0]), request.rules)
    return json.dumps(made, ensure_ascii=False)
