"""Says in little space what a request's body contained, without ever failing on a strange one."""

import json
import re
from typing import Any
from urllib.parse import parse_qsl

_STRING_MAX = 300
_ITEMS_MAX = 50
_PART_NAME = re.compile(rb'name="([^"]*)"(?:; filename="([^"]*)")?')


def summarise(body: bytes, content_type: str) -> Any:
    """JSON as JSON with long strings cut, a form as a dict, multipart as field names and sizes; else None."""
    if not body:
        return None
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json":
        try:
            return _shorten(json.loads(body))
        except ValueError:
            return {"unreadable": True}
    if kind == "application/x-www-form-urlencoded":
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        return {name: value[:_STRING_MAX] for name, value in pairs[:_ITEMS_MAX]}
    if kind == "multipart/form-data":
        return _multipart(body, content_type)
    return None


def _shorten(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= _STRING_MAX else f"{value[:_STRING_MAX]}… ({len(value)} characters)"
    if isinstance(value, list):
        return [_shorten(item) for item in value[:_ITEMS_MAX]]
    if isinstance(value, dict):
        return {name: _shorten(item) for name, item in list(value.items())[:_ITEMS_MAX]}
    return value


def _multipart(body: bytes, content_type: str) -> dict[str, Any]:
    boundary = content_type.partition("boundary=")[2].strip('"').encode()
    summary: dict[str, Any] = {}
    if not boundary:
        return summary
    for part in body.split(b"--" + boundary)[1 : _ITEMS_MAX + 1]:
        head, separator, content = part.partition(b"\r\n\r\n")
        found = _PART_NAME.search(head) if separator else None
        if found is None:
            continue
        content = content.removesuffix(b"\r\n")
        name = found[1].decode("utf-8", "replace")
        if found[2] is None:
            summary[name] = content[:_STRING_MAX].decode("utf-8", "replace")
        else:
            summary[name] = {"filename": found[2].decode("utf-8", "replace"), "bytes": len(content)}
    return summary
