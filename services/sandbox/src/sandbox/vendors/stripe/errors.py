"""Stripe's error shape and how its routes raise it."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.tokens import request_id

_KINDS = {400: "invalid_request_error", 401: "invalid_request_error", 402: "card_error"}
_KINDS |= {404: "invalid_request_error", 409: "idempotency_error", 429: "invalid_request_error"}
_CODES = {402: "card_declined", 404: "resource_missing", 429: "rate_limit"}


def documented(code: str) -> str:
    """Where Stripe explains an error code."""
    return f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"


class StripeError(Exception):
    """An error answer; routes raise it and `stripe_error_response` sends it. `details` are more of its fields."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str | None = None,
        code: str | None = None,
        param: str | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = error_object(status, message, kind=kind, code=code, param=param)
        self.body["error"].update(details or {})


def error_object(
    status: int, message: str, *, kind: str | None = None, code: str | None = None, param: str | None = None
) -> dict[str, Any]:
    """The JSON every Stripe error has."""
    error: dict[str, Any] = {"message": message, "type": kind or _KINDS.get(status, "api_error")}
    if code or status in _CODES:
        error["code"] = code or _CODES[status]
        error["doc_url"] = documented(error["code"])
    if param:
        error["param"] = param
    return {"error": error}


def error_body(status: int) -> dict[str, Any]:
    """The usual body of an error status."""
    return error_object(status, "An error occurred on purpose in the sandbox.")


async def stripe_error_response(request: Request, error: Exception) -> Response:
    """Turns a raised `StripeError` into its answer."""
    if not isinstance(error, StripeError):
        raise error
    return JSONResponse(error.body, error.status, headers={"Request-Id": request_id()})
