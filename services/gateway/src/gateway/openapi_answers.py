"""What the document says of answers that no route writes itself: common problems, headers, examples."""

import re
from typing import Any

from common.http.problems import problem_responses, status_of
from gateway.openapi_examples import EXAMPLES
from gateway.openapi_problems import example_of, show

_CODE = re.compile(r"`([A-Z_]+)`")
_ALWAYS_ANSWERED = {"get_status", "list_kinds"}
"""From memory, whatever is away."""

_ETAG = {"description": "The state that is shown (weak).", "schema": {"type": "string"}}
_LOCATION = {"description": "Where the job is read.", "schema": {"type": "string"}}
_REPLAYED = {
    "description": "`true`: an earlier request with this key made the job.",
    "schema": {"type": "string", "enum": ["true"]},
}
_DEGRADED = {
    "description": "The part that is away while this was answered, and the age in seconds of what is shown where it is"
    " not of now: `database; age=12`.",
    "schema": {"type": "string"},
}
_SHOWN_WITHOUT_ITS_OWNER = {"get_job", "list_jobs", "get_credits"}
_HEADERS = {
    "Retry-After": {"description": "Seconds until trying again can make sense.", "schema": {"type": "integer"}},
    "RateLimit": {
        "description": 'What is left of the nearest limit: `"dashboards";r=29;t=2` (IETF draft ratelimit-headers).',
        "schema": {"type": "string"},
    },
    "RateLimit-Policy": {
        "description": 'That limit: `"dashboards";q=30;w=60` is 30 in 60 seconds.',
        "schema": {"type": "string"},
    },
}
"""Headers that many answers have, kept once in `components`."""
_RETRY_AFTER = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
_RATE_LIMITS = {name: {"$ref": f"#/components/headers/{name}"} for name in ("RateLimit", "RateLimit-Policy")}
_RETRIED = {str(status_of(code)) for code in ("RATE_LIMITED", "DEGRADED")}


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """The document with every problem that can come, the headers of answers, and examples. Changes it."""
    schemas = document["components"]["schemas"]
    for name in EXAMPLES.keys() & schemas.keys():
        schemas[name] = {**schemas[name], "examples": [EXAMPLES[name]]}
    complete_answers(document)
    return document


def complete_answers(document: dict[str, Any]) -> None:
    """Every operation with all problems that can come and the headers of its answers. Changes the document."""
    shown: set[str] = set()
    for methods in document["paths"].values():
        for method, operation in methods.items():
            methods[method] = _complete(operation, shown)
    document["components"]["headers"] = _HEADERS
    document["components"]["examples"] = {code: {"value": example_of(code)} for code in sorted(shown)}


def _complete(operation: dict[str, Any], shown: set[str]) -> dict[str, Any]:
    codes = [code for answer in operation["responses"].values() for code in _CODE.findall(answer["description"])]
    codes = list(dict.fromkeys(codes + _common_codes(operation)))
    shown.update(codes)
    good = {
        status: answer
        for status, answer in operation["responses"].items()
        if status.startswith(("2", "3")) or status == "default"
    }
    problems = {
        str(status): show(answer, [code for code in codes if status_of(code) == status])
        for status, answer in problem_responses(*codes).items()
        if isinstance(status, int)
    }
    for status in problems.keys() & _RETRIED:
        problems[status]["headers"] = dict(_RETRY_AFTER)
    if "429" in problems:
        problems["429"]["headers"] |= _RATE_LIMITS
    default = {"default": good.pop("default")}
    responses = {status: _with_headers(operation, status, answer) for status, answer in good.items()}
    return {**operation, "responses": dict(sorted({**responses, **problems}.items())) | default}


def _common_codes(operation: dict[str, Any]) -> list[str]:
    """Problems of what stands around every route: authentication, limits, bodies, the database."""
    codes = []
    if operation.get("security"):
        codes += ["UNAUTHORIZED", "RATE_LIMITED"]
    if "requestBody" in operation:
        codes += ["PAYLOAD_TOO_LARGE", "VALIDATION_FAILED"]
    if operation["operationId"] not in _ALWAYS_ANSWERED:
        codes.append("DEPENDENCY_UNAVAILABLE")
    return codes


def _with_headers(operation: dict[str, Any], status: str, answer: dict[str, Any]) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if "304" in operation["responses"] and status in ("200", "304"):
        headers["ETag"] = _ETAG
    if status == "202" and operation["operationId"].startswith("submit_"):
        headers |= {"Location": _LOCATION, "Idempotent-Replayed": _REPLAYED}
        headers["X-Degraded"] = _DEGRADED
    if "429" in operation["responses"] or operation.get("security"):
        headers |= _RATE_LIMITS
    if status in ("200", "304") and operation["operationId"] in _SHOWN_WITHOUT_ITS_OWNER:
        headers["X-Degraded"] = _DEGRADED
    return {**answer, "headers": headers} if headers else answer
