"""Owns the answer to all that goes wrong: RFC 9457 documents, and the one map from codes to HTTP status.

router = APIRouter(responses=problem_responses(NotFound, InsufficientCredits))
"""

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from common.db.database import is_transient
from common.errors import AppError, DependencyUnavailable, FieldError, ValidationFailed
from common.telemetry import tracing

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"
REQUEST_ID_SCOPE_KEY = "atelier.request_id"
FIELD_ERRORS_MAX = 50
_NOT_JSON: FieldError = {"pointer": "/body", "detail": "This is not JSON in UTF-8.", "code": "json_invalid"}

STATUS_BY_CODE: Mapping[str, int] = {
    "BAD_REQUEST": 400,
    "UNAUTHORIZED": 401,
    "INSUFFICIENT_CREDITS": 402,
    "FORBIDDEN": 403,
    "NOT_ELIGIBLE": 403,
    "NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "CONFLICT": 409,
    "EMAIL_TAKEN": 409,
    "OPERATION_IN_PROGRESS": 409,
    "PRECONDITION_FAILED": 412,
    "PAYLOAD_TOO_LARGE": 413,
    "UNSUPPORTED_IMAGE": 415,
    "VALIDATION_FAILED": 422,
    "IDEMPOTENCY_KEY_REUSED": 422,
    "QUOTE_INVALID": 422,
    "PRECONDITION_REQUIRED": 428,
    "RATE_LIMITED": 429,
    "QUOTA_EXCEEDED": 429,
    "TOO_MANY_IN_FLIGHT": 429,
    "INTERNAL": 500,
    "KIND_DISABLED": 503,
    "DEGRADED": 503,
    "DEPENDENCY_UNAVAILABLE": 503,
}
_CODE_BY_STATUS = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    409: "CONFLICT",
    413: "PAYLOAD_TOO_LARGE",
    422: "VALIDATION_FAILED",
    429: "RATE_LIMITED",
    500: "INTERNAL",
    503: "DEPENDENCY_UNAVAILABLE",
}


class FieldProblem(BaseModel):
    """One field that was refused."""

    pointer: str
    """JSON pointer (RFC 6901) into the request, such as `/body/prompt` or `/query/limit`."""
    detail: str
    code: str | None = None


class Problem(BaseModel):
    """An RFC 9457 problem document; `code` is stable, `detail` is for people. Some codes add members."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    code: str
    detail: str
    instance: str | None = None
    trace_id: str | None = None
    request_id: str | None = None
    errors: list[FieldProblem] | None = None


def status_of(code: str) -> int:
    """The HTTP status of an error code; 500 for one the map does not know."""
    return STATUS_BY_CODE.get(code, 500)


def title_of(code: str) -> str:
    """`INSUFFICIENT_CREDITS` reads `Insufficient credits`."""
    return code.replace("_", " ").capitalize()


def problem_response(scope: Scope, error: AppError) -> Response:
    """The answer to an error, for the request described by `scope`."""
    headers = {}
    if error.retry_after_seconds is not None:
        headers["retry-after"] = str(max(0, math.ceil(error.retry_after_seconds)))
    if error.code == "UNAUTHORIZED":
        headers["www-authenticate"] = "Bearer"  # RFC 9110 §11.6.1
    return _document(scope, status_of(error.code), error.code, error.detail, error.extra, headers)


def internal_error_response(scope: Scope) -> Response:
    """What a client sees of an unexpected exception: nothing but the ids to quote."""
    return _document(scope, 500, "INTERNAL", AppError.default_detail, {}, {})


def install_problem_handlers(app: FastAPI) -> None:
    """Make every error a problem document: ours, validation, Starlette's 404 and 405, the unexpected."""
    app.add_exception_handler(AppError, _app_error)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _validation_error)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _http_exception)  # type: ignore[arg-type]
    for infrastructure in (DBAPIError, PoolTimeoutError, OSError, TimeoutError):
        app.add_exception_handler(infrastructure, _infrastructure_error)
    app.add_exception_handler(Exception, _unexpected)


def problem_responses(*errors: type[AppError] | str) -> dict[int | str, dict[str, Any]]:
    """OpenAPI `responses=` for the errors an operation can end in, given as classes or codes."""
    codes: dict[int, list[str]] = {}
    for error in errors:
        code = error if isinstance(error, str) else error.code
        codes.setdefault(status_of(code), []).append(code)
    return {
        status: {
            "description": ", ".join(f"`{code}`" for code in names),
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, names in sorted(codes.items())
    }


def describe_problems(schema: dict[str, Any]) -> dict[str, Any]:
    """Put `Problem` into an OpenAPI document: as default, and in place of FastAPI's validation error."""
    components = schema.setdefault("components", {}).setdefault("schemas", {})
    components.pop("HTTPValidationError", None)
    components.pop("ValidationError", None)
    for model in (Problem, FieldProblem):
        model_schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        model_schema.pop("$defs", None)
        components[model.__name__] = model_schema
    for path in schema.get("paths", {}).values():
        for operation in path.values():
            responses = operation.get("responses") if isinstance(operation, dict) else None
            if responses is None:
                continue
            if "HTTPValidationError" in str(responses.get("422", "")):
                responses["422"] = problem_responses(ValidationFailed)[422]
            responses.setdefault("default", _any_problem())
    return schema


def _any_problem() -> dict[str, Any]:
    return {**problem_responses("INTERNAL")[500], "description": "Any other problem."}


def _document(
    scope: Scope,
    status: int,
    code: str,
    detail: str,
    extra: Mapping[str, Any],
    headers: Mapping[str, str],
) -> Response:
    content = {
        **extra,
        "type": f"/problems/{code.lower().replace('_', '-')}",
        "title": title_of(code),
        "status": status,
        "code": code,
        "detail": detail,
        "instance": scope["path"],
        "trace_id": tracing.trace_id(),
        "request_id": scope.get(REQUEST_ID_SCOPE_KEY),
    }
    return JSONResponse(content, status, headers=headers, media_type=MEDIA_TYPE)


async def _app_error(request: Request, error: AppError) -> Response:
    return problem_response(request.scope, error)


async def _validation_error(request: Request, error: RequestValidationError) -> Response:
    return problem_response(request.scope, ValidationFailed(field_errors(error.errors())))


def field_errors(errors: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    """Pydantic's errors as JSON pointers; the refused value is left out, it may be a secret."""
    return [
        {"pointer": _pointer(item["loc"]), "detail": str(item["msg"]), "code": str(item["type"])}
        for item in errors[:FIELD_ERRORS_MAX]
    ]


def _pointer(location: Sequence[str | int]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


async def _http_exception(request: Request, error: HTTPException) -> Response:
    if error.status_code == 400 and isinstance(error.__cause__, (UnicodeDecodeError, RecursionError)):
        # FastAPI's word for a body that is no text or nests too deeply; any other bad JSON is a 422 already.
        return problem_response(request.scope, ValidationFailed([_NOT_JSON]))
    headers = dict(error.headers or {})
    if error.status_code < 400 or error.status_code in {204, 304}:
        return Response(status_code=error.status_code, headers=headers)
    try:
        phrase = HTTPStatus(error.status_code).phrase
    except ValueError:
        phrase = "Error"
    code = _CODE_BY_STATUS.get(error.status_code) or phrase.upper().replace(" ", "_").replace("-", "_").replace("'", "")
    return _document(request.scope, error.status_code, code, str(error.detail or phrase), {}, headers)


async def _infrastructure_error(request: Request, error: Exception) -> Response:
    """A database or a connection that is away for a moment is a 503 to come back after, not a fault of ours."""
    if not is_transient(error):
        return await _unexpected(request, error)
    log.warning("dependency_unavailable", path=request.scope["path"], error=repr(error)[:300])
    return problem_response(request.scope, DependencyUnavailable(retry_after_seconds=2))


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("request_failed", path=request.scope["path"], exc_info=error)
    return internal_error_response(request.scope)
