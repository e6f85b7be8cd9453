"""JSON schemas: what OpenAI's strict mode demands of them, and plausible values that satisfy them."""

import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.vendors.openai.errors import OpenAIError
from sandbox.vendors.openai.phrases import phrase

Schema = dict[str, Any]

_DEPTH_MAX = 32
_ITEMS_USUAL = 3
_TRIES_UNIQUE = 20
_PRICE_MINOR = (1_500, 25_000)
"""What a price in cents is like, where the schema permits it."""


def check_strict(schema: Schema, name: str, param: str) -> None:
    """Refuses a schema that strict mode would (every property required, none other allowed).

    Raises:
        OpenAIError: 400 `invalid_json_schema`.
    """
    if schema.get("type") != "object":
        raise _invalid(name, param, "schema must be a JSON Schema of 'type: \"object\"'.")
    _check(schema, name, param, 0)


def _check(schema: Any, name: str, param: str, depth: int) -> None:
    if depth > _DEPTH_MAX:
        raise _invalid(name, param, "schema is nested too deep.")
    if isinstance(schema, list):
        for one in schema:
            _check(one, name, param, depth + 1)
    if not isinstance(schema, dict):
        return
    properties = schema.get("properties")
    if isinstance(properties, dict) and schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            raise _invalid(name, param, "'additionalProperties' is required to be supplied and to be false.")
        missing = sorted(set(properties) - set(schema.get("required", [])))
        if missing:
            raise _invalid(
                name, param, f"'required' must be an array including every key in properties. Missing '{missing[0]}'."
            )
    for value in schema.values():
        _check(value, name, param, depth + 1)


def _invalid(name: str, param: str, why: str) -> OpenAIError:
    message = f"Invalid schema for response_format '{name}': {why}"
    return OpenAIError(400, message, code="invalid_json_schema", param=f"{param}.schema")


class Answerer:
    """Makes values for one schema; the same seed makes the same values. Optional properties are always given.

    `words` are used, each once before any comes again, for strings of properties that they are named for.
    """

    def __init__(self, schema: Schema, seed: int, words: Mapping[str, Sequence[str]] | None = None) -> None:
        self._root = schema
        self._words = words or {}
        self._left: dict[str, list[str]] = {}
        self._dice = random.Random(seed)  # noqa: S311 - repeatable, not secret

    def answer(self) -> Any:
        """A value that the schema accepts.

        Raises:
            OpenAIError: 400, the schema refers to itself without end or to nothing.
        """
        return self._value(self._root, "", 0)

    def _value(self, schema: Schema, name: str, depth: int) -> Any:
        if depth > _DEPTH_MAX:
            raise OpenAIError(400, "The schema never ends.", code="invalid_json_schema")
        if "$ref" in schema:
            return self._value(self._resolve(schema["$ref"]), name, depth + 1)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._dice.choice(schema["enum"])
        if choices := schema.get("anyOf") or schema.get("oneOf"):
            return self._value(self._choose(choices, depth), name, depth + 1)
        if parts := schema.get("allOf"):
            merged: Schema = {name: value for name, value in schema.items() if name != "allOf"}
            for part in parts:
                merged |= self._resolve(part["$ref"]) if "$ref" in part else part
            return self._value(merged, name, depth + 1)
        return self._typed(schema, name, depth)

    def _choose(self, choices: list[Schema], depth: int) -> Schema:
        """Something rather than null, and no more recursion once the answer is deep."""
        real = [choice for choice in choices if choice.get("type") != "null"]
        if depth > _ITEMS_USUAL * 2:
            flat = [choice for choice in choices if "$ref" not in choice and choice.get("type") != "object"]
            return flat[0] if flat else choices[-1]
        return real[0] if real else choices[0]

    def _typed(self, schema: Schema, name: str, depth: int) -> Any:
        kind = schema.get("type", "object" if "properties" in schema else "string")
        if isinstance(kind, list):
            kind = next((one for one in kind if one != "null"), "null")
        match kind:
            case "object":
                properties = schema.get("properties", {})
                return {key: self._value(inner, key, depth + 1) for key, inner in properties.items()}
            case "array":
                return self._array(schema, name, depth)
            case "integer" | "number":
                return self._number(schema, name, whole=kind == "integer")
            case "boolean":
                return self._dice.random() < 0.7
            case "null":
                return None
        return self._from_words(name) or phrase(schema, name, self._dice)

    def _from_words(self, name: str) -> str | None:
        if name not in self._words:
            return None
        if not self._left.get(name):
            self._left[name] = self._dice.sample(self._words[name], len(self._words[name]))
        return self._left[name].pop()

    def _array(self, schema: Schema, name: str, depth: int) -> list[Any]:
        least, most = int(schema.get("minItems", 0)), int(schema.get("maxItems", 1_000))
        inner = schema.get("items", {"type": "string"})
        usual = 0 if depth > _ITEMS_USUAL * 2 else _ITEMS_USUAL
        count = min(max(least, usual), most)
        if not schema.get("uniqueItems"):
            return [self._value(inner, name, depth + 1) for _ in range(count)]
        made: list[Any] = []
        for _ in range(count * _TRIES_UNIQUE):
            value = self._value(inner, name, depth + 1)
            if value not in made and len(made) < count:
                made.append(value)
        return made

    def _number(self, schema: Schema, name: str, *, whole: bool) -> float | int:
        low, high = _bounds(schema, name, whole=whole)
        step = schema.get("multipleOf")
        if step:
            return step * self._between(math.ceil(low / step), math.floor(high / step))  # type: ignore[no-any-return]
        inner_low, inner_high = low + (high - low) * 0.4, high - (high - low) * 0.05
        if not whole:
            return min(max(round(self._dice.uniform(inner_low, inner_high), 2), low), high)
        first, last = math.ceil(inner_low), math.floor(inner_high)
        return self._between(first, last) if first <= last else self._between(math.ceil(low), math.floor(high))

    def _between(self, first: int, last: int) -> int:
        if first > last:
            raise OpenAIError(400, "No number satisfies the schema.", code="invalid_json_schema")
        return self._dice.randint(first, last)

    def _resolve(self, reference: str) -> Schema:
        here: Any = self._root
        for part in reference.removeprefix("#").strip("/").split("/") if reference != "#" else []:
            here = here.get(part) if isinstance(here, dict) else None
        if not isinstance(here, dict):
            raise OpenAIError(400, f"The schema refers to {reference}, which is not in it.", code="invalid_json_schema")
        return here


def _bounds(schema: Schema, name: str, *, whole: bool) -> tuple[float, float]:
    """The range of a number; without one, a usual range for what the name suggests."""
    small = 1 if whole else 0.01
    low: float | None = schema.get("minimum")
    high: float | None = schema.get("maximum")
    if "exclusiveMinimum" in schema:
        low = schema["exclusiveMinimum"] + small
    if "exclusiveMaximum" in schema:
        high = schema["exclusiveMaximum"] - small
    if name.endswith("_minor") and (low or 0) <= _PRICE_MINOR[0] and (high or math.inf) >= _PRICE_MINOR[1]:
        return _PRICE_MINOR
    if low is not None and high is not None:
        return low, high
    if low is not None:
        return low, low + max(100, abs(low))
    if high is not None:
        return min(0, high), high
    part = not whole and any(word in name.lower() for word in ("confidence", "probability", "ratio"))
    return (0, 1) if part else (0, 100)
