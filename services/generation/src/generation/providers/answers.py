"""Answers in a given shape: the JSON schema a model is held to, and reading what it said by the same model class."""

import json
import re
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ValidationError

_FAULTS_MAX = 12
_UNSUPPORTED = ("title", "default", "examples", "uniqueItems", "discriminator")
"""Keywords strict mode refuses and that shape nothing."""
_FENCE = re.compile(r"^\s*```(?:json)?\s*\n(?P<inside>.*?)\n\s*```\s*$", re.DOTALL)


class UnfitAnswer(ValueError):
    """The text is not an answer of the wanted shape; the message says why, in words for the model."""


@lru_cache(maxsize=64)
def strict_schema(answer_type: type[BaseModel]) -> dict[str, Any]:
    """The model's JSON schema in the subset that OpenAI's strict mode takes; not to be changed by the caller.

    Every property is required and no other allowed. Lengths of strings, which that mode does not enforce, are told
    in words; reading checks them.

    Raises:
        TypeError: the model has a free-form object, which strict mode cannot hold anybody to.
    """
    whole = answer_type.model_json_schema(mode="validation")
    if "$ref" in whole:  # a model that refers to itself; strict mode wants an object at the root
        whole = whole["$defs"][whole["$ref"].rpartition("/")[2]] | {"$defs": whole["$defs"]}
    schema: dict[str, Any] = _strict(whole, answer_type.__name__)
    return schema


def schema_name(answer_type: type[BaseModel]) -> str:
    """The name a schema is sent under: letters, digits, underscores, at most 64."""
    return re.sub(r"\W", "_", answer_type.__name__)[:64]


def read_answer(text: str, answer_type: type[BaseModel]) -> BaseModel:
    """The answer in ``text`` as ``answer_type``; a code fence around the JSON is taken off, prose is not.

    Raises:
        UnfitAnswer: it is not JSON, or not of that shape.
    """
    fenced = _FENCE.match(text)
    try:
        return answer_type.model_validate_json(fenced["inside"] if fenced else text)
    except ValidationError as error:
        raise UnfitAnswer(_faults(error)) from error


def schema_in_words(answer_type: type[BaseModel]) -> str:
    """What to tell a model that cannot be held to a schema by its provider."""
    schema = json.dumps(strict_schema(answer_type), ensure_ascii=False, separators=(",", ":"))
    return f"Answer with one JSON object and nothing else, no Markdown. It satisfies this JSON Schema:\n{schema}"


def correction_in_words(faults: str, answer_type: type[BaseModel] | None) -> str:
    """What to tell a model whose answer would not do."""
    again = "Answer again, completely."
    if answer_type is not None:
        again = "Answer again, completely, with a single JSON object that satisfies the schema, and nothing else."
    return f"Your last answer could not be used:\n{faults}\n{again}"


def _faults(error: ValidationError) -> str:
    """Where and why, without the values: what a model has said is not said again as if it were ours."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    lines = [
        f"- {'.'.join(str(part)[:40] for part in one['loc']) or 'the whole answer'}: {one['msg']}"
        for one in found[:_FAULTS_MAX]
    ]
    if len(found) > _FAULTS_MAX:
        lines.append(f"- and {len(found) - _FAULTS_MAX} more")
    return "\n".join(lines)


def _strict(node: Any, where: str) -> Any:
    if isinstance(node, list):
        return [_strict(one, where) for one in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return {"$ref": node["$ref"]}  # strict mode takes no keywords beside a reference
    made = {name: _strict_member(name, value, where) for name, value in node.items() if name not in _UNSUPPORTED}
    _tell_lengths(made)
    if made.get("type") == "object":
        if "properties" not in made:
            raise TypeError(f"{where} has a free-form object")
        made["required"] = list(made["properties"])
        made["additionalProperties"] = False
    return made


def _strict_member(name: str, value: Any, where: str) -> Any:
    if name in ("properties", "$defs"):  # names of members, not keywords
        return {key: _strict(inner, f"{where}.{key}") for key, inner in value.items()}
    return _strict(value, where)


def _tell_lengths(node: dict[str, Any]) -> None:
    least, most = node.pop("minLength", None), node.pop("maxLength", None)
    told = [f"at least {least}"] if least else []
    told += [f"at most {most}"] if most else []
    if told:
        words = f"{' and '.join(told)} characters"
        node["description"] = f"{node['description']} ({words})" if node.get("description") else words.capitalize()
