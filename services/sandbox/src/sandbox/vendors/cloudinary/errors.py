"""Cloudinary's error shape and how its routes raise it."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

_MESSAGES = {
    401: "Invalid Signature",
    404: "Resource not found",
    420: "Rate Limit Exceeded. Limit of 500 api operations reached.",
    423: "Derived resource is being generated",
    429: "Rate Limit Exceeded",
}


class CloudinaryError(Exception):
    """An error answer; routes raise it and `cloudinary_error_response` sends it."""

    def __init__(self, status: int, message: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message or _MESSAGES.get(status, "General Error")


def error_body(status: int) -> dict[str, Any]:
    """The usual body of an error status."""
    return {"error": {"message": _MESSAGES.get(status, "General Error")}}


async def cloudinary_error_response(request: Request, error: Exception) -> Response:
    """Turns a raised `CloudinaryError` into its answer; delivery says why in the `x-cld-error` header."""
    if not isinstance(error, CloudinaryError):
        raise error
    return JSONResponse({"error": {"message": error.message}}, error.status, headers={"x-cld-error": error.message})
