"""An example of each problem document, kept once in `components` and named by every answer that can be it."""

from typing import Any

from common.errors import AppError
from common.http.problems import MEDIA_TYPE, status_of, title_of

_JOB_ID = "job_01k9zv4m5sfv8b2c3d4e5f6g7h"
_SWITCHED = {"switch": "read-only", "expected_end_at": "2026-11-21T18:00:00Z"}
_MEMBERS: dict[str, dict[str, Any]] = {
    "INSUFFICIENT_CREDITS": {
        "detail": "This costs 5 credits and 2 are available.", "required": 5, "available": 2,
    },
    "VALIDATION_FAILED": {
        "errors": [{"pointer": "/body/prompt", "detail": "A prompt is needed.", "code": "missing"}],
    },
    "OPERATION_IN_PROGRESS": {"detail": "The same job was submitted a moment ago.", "job_id": _JOB_ID},
    "IDEMPOTENCY_KEY_REUSED": {"job_id": _JOB_ID},
    "RATE_LIMITED": {
        "detail": "At most 30 such requests a minute for one account.", "rule": "dashboards", "subject": "account",
        "limit": 30,
    },
    "QUOTA_EXCEEDED": {"detail": "10 of 10 jobs of today are used.", "rule": "jobs_per_day", "limit": 10, "used": 10},
    "TOO_MANY_IN_FLIGHT": {
        "detail": "2 of 2 jobs are in flight.", "rule": "jobs_in_flight", "limit": 2, "in_flight": 2,
    },
    "KIND_DISABLED": {**_SWITCHED, "switch": "kind.upscale"},
    "DEGRADED": _SWITCHED,
}  # fmt: skip


def _details() -> dict[str, str]:
    """What each code says by itself."""
    found: dict[str, str] = {}
    waiting: list[type[AppError]] = [AppError]
    while waiting:
        error = waiting.pop()
        found[error.code] = error.default_detail
        waiting += error.__subclasses__()
    return found


def example_of(code: str) -> dict[str, Any]:
    """A problem document of this code."""
    return {
        "type": f"/problems/{code.lower().replace('_', '-')}",
        "title": title_of(code),
        "status": status_of(code),
        "code": code,
        "detail": _details().get(code, title_of(code) + "."),
        "instance": "/v1/jobs/text-to-design",
        "trace_id": None,
        "request_id": "f3a9c2d17b5e4d0c9a6b8e7f1d2c3b4a",
        **_MEMBERS.get(code, {}),
    }


def show(answer: dict[str, Any], codes: list[str]) -> dict[str, Any]:
    """A problem's answer that names an example for each of its codes."""
    media = answer["content"][MEDIA_TYPE]
    named = {code: {"$ref": f"#/components/examples/{code}"} for code in codes}
    return {**answer, "content": {MEDIA_TYPE: {**media, "examples": named}}}
