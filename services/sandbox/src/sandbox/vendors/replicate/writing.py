"""Language models on Replicate: the answer in pieces, to a shape that is asked for in words."""

import hashlib
import json
import re
from typing import Any

from sandbox.faults.kinds import AnswerFault
from sandbox.vendors.openai.answers import Ending, answer
from sandbox.vendors.openai.text_request import TextRequest, inline_picture

_FORBIDDEN = re.compile(r"\bforbidden\b", re.IGNORECASE)
_SCHEMA = re.compile(r"JSON Schema:\s*(?=\{)")
_PIECE_CHARACTERS = 24
_TOKENS_PER_PICTURE = 1_100
_SYSTEM = ("system_prompt", "system_instruction")
_LIMITS = ("max_tokens", "max_completion_tokens", "max_new_tokens", "max_output_tokens")


class RefusedError(Exception):
    """The model declines; Replicate tells it as a failed prediction with this sentence."""


def write(given: dict[str, Any], slug: str, scripted: AnswerFault | None) -> tuple[list[str], tuple[int, int]]:
    """The pieces of the text, and the tokens read and made. Blocking where it looks at a picture.

    Raises:
        RefusedError: the model declines.
    """
    said = answer(_request(given, slug), scripted)
    if said.ending in (Ending.REFUSED, Ending.FILTERED):
        raise RefusedError(
            "The input or output was flagged as sensitive. Please try again with different inputs. (E005)"
        )
    if said.ending is Ending.FAILED:
        raise RefusedError("The model server failed to answer.")
    pieces = [said.text[start : start + _PIECE_CHARACTERS] for start in range(0, len(said.text), _PIECE_CHARACTERS)]
    return pieces, (said.input_tokens, said.output_tokens)


def _request(given: dict[str, Any], slug: str) -> TextRequest:
    prompt = str(given.get("prompt", ""))
    rules = "\n".join(str(given[name]) for name in _SYSTEM if given.get(name))
    pictures = tuple(_pictures(given))
    known = json.dumps([slug, prompt, rules, [hashlib.sha256(one).hexdigest() for one in pictures]])
    limit = next((given[name] for name in _LIMITS if isinstance(given.get(name), int)), None)
    return TextRequest(
        model=slug,
        prompt=prompt,
        rules=rules or prompt,
        pictures=pictures,
        refused=_FORBIDDEN.search(prompt) is not None,
        input_tokens=max(1, len(prompt + rules) // 4) + _TOKENS_PER_PICTURE * len(pictures),
        schema=_schema_in(rules) or _schema_in(prompt),
        max_output_tokens=limit,
        seed=int.from_bytes(hashlib.sha256(known.encode()).digest()[:8]),
        fields=given,
    )


def _pictures(given: dict[str, Any]) -> list[bytes]:
    named = [given.get("image"), *(given.get("image_input") or []), *(given.get("images") or [])]
    return [file for url in named if isinstance(url, str) for file in inline_picture(url)]


def _schema_in(words: str) -> dict[str, Any] | None:
    """The schema that is spelt out after the words "JSON Schema:", if there is one."""
    found = _SCHEMA.search(words)
    if found is None:
        return None
    try:
        schema, _ = json.JSONDecoder().raw_decode(words, found.end())
    except json.JSONDecodeError:
        return None
    return schema if isinstance(schema, dict) else None
