"""OpenAI's error shape and how its routes raise it."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

_BY_STATUS: dict[int, tuple[str, str | None, str]] = {
    400: ("invalid_request_error", None, "The request could not be understood."),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    403: ("invalid_request_error", "permission_denied", "You are not allowed to use this model."),
    404: (
        "invalid_request_error",
        "model_not_found",
        "The model does not exist or you have no access to it.",
    ),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached for images per minute."),
    503: ("service_unavailable_error", "server_is_overloaded", "The server is overloaded; try again later."),
}


class OpenAIError(Exception):
    """An error answer; routes raise it and `openai_error_response` sends it."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = error_object(message, kind=kind, code=code, param=param)


def error_object(message: str, *, kind: str, code: str | None, param: str | None = None) -> dict[str, Any]:
    """The JSON every OpenAI error has."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def error_body(status: int) -> dict[str, Any]:
    """The usual body of an error status."""
    kind, code, message = _BY_STATUS.get(
        status, ("server_error", None, "The server had an error while processing your request.")
    )
    return error_object(message, kind=kind, code=code)


async def openai_error_response(request: Request, error: Exception) -> Response:
    """Turns a raised `OpenAIError` into its answer."""
    if not isinstance(error, OpenAIError):
        raise error
    return JSONResponse(error.body, error.status)
