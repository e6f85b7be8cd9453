"""Replicate's problem details and how its routes raise them."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

_TITLES = {401: "Unauthenticated", 404: "Not found", 422: "Input validation failed", 429: "Too many requests"}
_DETAILS = {
    401: "You did not pass a valid authentication token",
    404: "The requested resource could not be found.",
    429: "Request was throttled. Your rate limit resets in ~30s.",
}


class ReplicateProblemError(Exception):
    """An error answer; routes raise it and `replicate_problem_response` sends it."""

    def __init__(self, status: int, detail: str | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.body = error_body(status, detail)


def error_body(status: int, detail: str | None = None) -> dict[str, Any]:
    """The usual body of an error status."""
    return {
        "title": _TITLES.get(status, "Error"),
        "detail": detail or _DETAILS.get(status, "An internal error occurred."),
        "status": status,
    }


async def replicate_problem_response(request: Request, error: Exception) -> Response:
    """Turns a raised `ReplicateProblemError` into its answer."""
    if not isinstance(error, ReplicateProblemError):
        raise error
    return JSONResponse(error.body, error.status, media_type="application/problem+json")
