"""Owns the errors a use case may end in: HTTP-free, each with a stable code that clients can rely on.

    AppError
    ├── Unauthorized             who is asking is not known
    ├── Forbidden                known, and not allowed
    │   └── NotEligible          not allowed for now (a plan, a waiting period)
    ├── NotFound                 absent, or somebody else's
    ├── InsufficientCredits      carries `required` and `available`
    ├── Conflict                 the state of the thing does not permit it
    │   └── OperationInProgress  the same request is still being worked on
    ├── PreconditionFailed       it is not as the caller has seen it
    ├── PreconditionRequired     the caller does not say how they have seen it
    ├── PayloadTooLarge
    ├── UnsupportedImage
    ├── ValidationFailed         carries `errors`, one for each field
    ├── IdempotencyMismatch      the key was used with another body
    ├── RateLimited
    ├── QuotaExceeded
    ├── TooManyInFlight
    ├── KindDisabled             switched off by the operator
    ├── Degraded                 the whole product runs in a reduced mode
    └── DependencyUnavailable    something this answer needs does not respond

`common.http.problems` alone says which HTTP status belongs to which code.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, NotRequired, TypedDict


class FieldError(TypedDict):
    """One field that was refused: `pointer` is a JSON pointer (RFC 6901) such as `/body/prompt`."""

    pointer: str
    detail: str
    code: NotRequired[str]


class AppError(Exception):
    """An outcome the caller is told about. Raise a subclass; people read `detail`, so it names no internals.

    Args:
        detail: one sentence for the caller.
        retry_after_seconds: when trying again can make sense; becomes `Retry-After`.
        extra: further members of the problem document.
    """

    code: ClassVar[str] = "INTERNAL"
    default_detail: ClassVar[str] = "Something went wrong."

    def __init__(self, detail: str | None = None, *, retry_after_seconds: float | None = None, **extra: Any) -> None:
        self.detail = self.default_detail if detail is None else detail
        self.retry_after_seconds = retry_after_seconds
        self.extra = extra
        super().__init__(self.detail)


class Unauthorized(AppError):
    """No valid credentials came with the request."""

    code = "UNAUTHORIZED"
    default_detail = "Valid credentials are required."


class Forbidden(AppError):
    """The caller is known and may not do this."""

    code = "FORBIDDEN"
    default_detail = "This is not allowed."


class NotEligible(Forbidden):
    """The caller may do this in principle, though not with this plan or not at this time."""

    code = "NOT_ELIGIBLE"
    default_detail = "Not available to this account at present."


class NotFound(AppError):
    """There is no such thing, or it belongs to somebody else: both look the same from outside."""

    code = "NOT_FOUND"
    default_detail = "There is nothing here."


class InsufficientCredits(AppError):
    """The account cannot pay for the work.

    Args:
        required: credits the work costs.
        available: credits the account can spend.
    """

    code = "INSUFFICIENT_CREDITS"

    def __init__(self, required: int, available: int, detail: str | None = None) -> None:
        self.required = required
        self.available = available
        text = detail or f"This costs {required} credits and {available} are available."
        super().__init__(text, required=required, available=available)


class Conflict(AppError):
    """The thing is in a state that does not permit this."""

    code = "CONFLICT"
    default_detail = "The current state does not permit this."


class OperationInProgress(Conflict):
    """The same request is still being worked on."""

    code = "OPERATION_IN_PROGRESS"
    default_detail = "The same request is still in progress."


class PreconditionFailed(AppError):
    """The thing has changed since the state that `If-Match` names."""

    code = "PRECONDITION_FAILED"
    default_detail = "This was changed meanwhile; read it again."


class PreconditionRequired(AppError):
    """A change must say which state it was made from, or two of them overwrite each other."""

    code = "PRECONDITION_REQUIRED"
    default_detail = "Send the ETag of the state you change as If-Match."


class PayloadTooLarge(AppError):
    """The body is longer than this route takes."""

    code = "PAYLOAD_TOO_LARGE"
    default_detail = "The request body is too large."


class UnsupportedImage(AppError):
    """The image has a format, size or content we do not work with."""

    code = "UNSUPPORTED_IMAGE"
    default_detail = "This image cannot be used."


class ValidationFailed(AppError):
    """The input breaks the rules of one or more fields.

    Args:
        errors: what is wrong, field by field.
    """

    code = "VALIDATION_FAILED"
    default_detail = "The request does not satisfy the rules of this operation."

    def __init__(self, errors: Sequence[FieldError] = (), detail: str | None = None) -> None:
        self.errors = list(errors)
        super().__init__(detail, errors=self.errors)


class IdempotencyMismatch(AppError):
    """The idempotency key was used before with another body."""

    code = "IDEMPOTENCY_KEY_REUSED"
    default_detail = "This Idempotency-Key was used with a different request."


class RateLimited(AppError):
    """Too many requests in the window."""

    code = "RATE_LIMITED"
    default_detail = "Too many requests; slow down."


class QuotaExceeded(AppError):
    """The day's allowance of the plan is used up."""

    code = "QUOTA_EXCEEDED"
    default_detail = "The daily allowance of this plan is used up."


class TooManyInFlight(AppError):
    """The plan's number of jobs in flight is reached."""

    code = "TOO_MANY_IN_FLIGHT"
    default_detail = "Too many jobs are in flight; wait for one to finish."


class KindDisabled(AppError):
    """The operator switched this kind of work off."""

    code = "KIND_DISABLED"
    default_detail = "This kind of work is switched off for now."


class Degraded(AppError):
    """The product runs in a reduced mode that leaves this operation out."""

    code = "DEGRADED"
    default_detail = "This is not available while the service runs in a reduced mode."


class DependencyUnavailable(AppError):
    """Something this answer needs does not respond; nothing was changed."""

    code = "DEPENDENCY_UNAVAILABLE"
    default_detail = "A part of the service does not respond; try again shortly."
