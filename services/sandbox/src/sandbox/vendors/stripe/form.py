"""Stripe's form encoding: `line_items[0][price]=…` to nested dicts and lists, read by type."""

import re
from typing import Any
from urllib.parse import parse_qsl

from sandbox.vendors.stripe.errors import StripeError

Params = dict[str, Any]

_KEY = re.compile(r"[^\[\]]+|\[\]")
_FIELDS_MAX = 2_000
_DEPTH_MAX = 8


def parse_form(encoded: str) -> Params:
    """The nested parameters of a form or a query string; dicts with keys 0…n become lists.

    Raises:
        StripeError: 400, too many fields or a key nested too deep.
    """
    root: Params = {}
    try:
        pairs = parse_qsl(encoded, keep_blank_values=True, max_num_fields=_FIELDS_MAX)
    except ValueError:
        raise StripeError(400, "Too many parameters") from None
    for key, value in pairs:
        path = _KEY.findall(key)
        if not path or len(path) > _DEPTH_MAX:
            raise StripeError(400, f"Invalid parameter name: {key}")
        _place(root, path, key, value)
    listed = _listed(root)
    return listed if isinstance(listed, dict) else {}


def _place(root: Params, path: list[str], key: str, value: str) -> None:
    here = root
    for part in path[:-1]:
        below = here.setdefault(str(len(here)) if part == "[]" else part, {})
        if not isinstance(below, dict):
            raise StripeError(400, f"Invalid parameter name: {key}")
        here = below
    here[str(len(here)) if path[-1] == "[]" else path[-1]] = value


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _listed(item) for key, item in value.items()}
    if inner and all(key.isdigit() for key in inner):
        return [inner[key] for key in sorted(inner, key=int)]
    return inner


def text(params: Params, name: str) -> str | None:
    """A string parameter; empty means none."""
    value = params.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise StripeError(400, f"Invalid string: {name}", param=name)
    return value


def required(params: Params, name: str) -> str:
    """A string parameter that must be there.

    Raises:
        StripeError: 400 `parameter_missing`.
    """
    value = text(params, name)
    if value is None:
        raise StripeError(400, f"Missing required param: {name}.", code="parameter_missing", param=name)
    return value


def whole(params: Params, name: str, default: int | None = None) -> int | None:
    """An integer parameter.

    Raises:
        StripeError: 400 `parameter_invalid_integer`.
    """
    value = params.get(name)
    if value is None or value == "":
        return default
    try:
        return int(value)
    except (TypeError, ValueError):
        message = f"Invalid integer: {value}"
        raise StripeError(400, message, code="parameter_invalid_integer", param=name) from None


def truth(params: Params, name: str, default: bool) -> bool:
    """A boolean parameter."""
    value = params.get(name)
    return default if value in (None, "") else value == "true"


def mapping(params: Params, name: str) -> Params:
    """A nested parameter as a dict; metadata whose keys are all digits arrives as a list and is put right."""
    value = params.get(name)
    if isinstance(value, list):
        return {str(place): item for place, item in enumerate(value)}
    return value if isinstance(value, dict) else {}


def listing(params: Params, name: str) -> list[Any]:
    """A list parameter."""
    value = params.get(name)
    return value if isinstance(value, list) else []


def merged(existing: dict[str, str], params: Params, name: str = "metadata") -> dict[str, str]:
    """Metadata after an update: keys are added, an empty value takes one away, an empty parameter takes all."""
    if params.get(name) == "":
        return {}
    both = {**existing, **mapping(params, name)}
    return {key: value for key, value in both.items() if value != ""}


def one_of(params: Params, name: str, allowed: tuple[str, ...], default: str) -> str:
    """A string parameter out of a set.

    Raises:
        StripeError: 400, another value.
    """
    value = text(params, name) or default
    if value not in allowed:
        message = f"Invalid {name}: must be one of {', '.join(allowed)}"
        raise StripeError(400, message, param=name)
    return value
