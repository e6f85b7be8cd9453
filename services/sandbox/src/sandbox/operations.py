"""The vendors and their operations by name: what faults are set on and what the request log is asked for."""

import re
from dataclasses import dataclass
from enum import StrEnum

from sandbox.operations_stripe import WEBHOOK_EVENT_TYPES, stripe_operations


class Vendor(StrEnum):
    """Who is being imitated. `webhook` is Stripe calling us; `smtp` the mail server."""

    OPENAI = "openai"
    REPLICATE = "replicate"
    CLOUDINARY = "cloudinary"
    STRIPE = "stripe"
    WEBHOOK = "webhook"
    SMTP = "smtp"


class Operation(StrEnum):
    """The operations of every vendor but Stripe (`operations_stripe`). A webhook's operation is its event type."""

    IMAGES_GENERATE = "images.generate"
    IMAGES_EDIT = "images.edit"
    RESPONSES_CREATE = "responses.create"
    CHAT_COMPLETIONS_CREATE = "chat.completions.create"
    MODELS_LIST = "models.list"

    PREDICTIONS_CREATE = "predictions.create"
    PREDICTIONS_GET = "predictions.get"
    PREDICTIONS_CANCEL = "predictions.cancel"
    MODELS_GET = "models.get"
    FILES_CREATE = "files.create"
    FILES_DELETE = "files.delete"
    FILES_DOWNLOAD = "files.download"
    WEBHOOK_SECRET_GET = "webhook_secret.get"  # noqa: S105 - the name of an operation

    UPLOAD = "upload"
    DESTROY = "destroy"
    DELIVER = "deliver"
    DOWNLOAD = "download"

    MAIL_RCPT = "rcpt"
    MAIL_MESSAGE = "message"

    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the table: which operation a method and a path mean."""

    method: str
    pattern: re.Pattern[str]
    vendor: Vendor
    operation: str


def _route(method: str, pattern: str, vendor: Vendor, operation: str) -> Route:
    return Route(method, re.compile(pattern), vendor, operation)


_O, _R, _C, _S = Vendor.OPENAI, Vendor.REPLICATE, Vendor.CLOUDINARY, Vendor.STRIPE
_DELIVERY = r"(?:/[^/]+)?/(?:image|raw)/(?:upload|private|authenticated)/.+"

ROUTES: tuple[Route, ...] = (
    _route("POST", r"/openai/v1/images/generations", _O, Operation.IMAGES_GENERATE),
    _route("POST", r"/openai/v1/images/edits", _O, Operation.IMAGES_EDIT),
    _route("POST", r"/openai/v1/responses", _O, Operation.RESPONSES_CREATE),
    _route("POST", r"/openai/v1/chat/completions", _O, Operation.CHAT_COMPLETIONS_CREATE),
    _route("GET", r"/openai/v1/models(?:/.+)?", _O, Operation.MODELS_LIST),
    _route("POST", r"/replicate/v1/predictions", _R, Operation.PREDICTIONS_CREATE),
    _route("POST", r"/replicate/v1/models/[^/]+/[^/]+/predictions", _R, Operation.PREDICTIONS_CREATE),
    _route("POST", r"/replicate/v1/predictions/[^/]+/cancel", _R, Operation.PREDICTIONS_CANCEL),
    _route("GET", r"/replicate/v1/predictions/[^/]+", _R, Operation.PREDICTIONS_GET),
    _route("GET", r"/replicate/v1/models/[^/]+/[^/]+(?:/versions/[^/]+)?", _R, Operation.MODELS_GET),
    _route("POST", r"/replicate/v1/files", _R, Operation.FILES_CREATE),
    _route("DELETE", r"/replicate/v1/files/[^/]+", _R, Operation.FILES_DELETE),
    _route("GET", r"/replicate/v1/webhooks/default/secret", _R, Operation.WEBHOOK_SECRET_GET),
    _route("GET", r"/replicate/files/.+", _R, Operation.FILES_DOWNLOAD),
    _route("POST", r"/cloudinary/v1_1/[^/]+/(?:image|auto|raw)/upload", _C, Operation.UPLOAD),
    _route("POST", r"/cloudinary/v1_1/[^/]+/(?:image|raw)/destroy", _C, Operation.DESTROY),
    _route("GET", r"(?:/cloudinary)?/v1_1/[^/]+/(?:image|raw)/download", _C, Operation.DOWNLOAD),
    _route("GET", _DELIVERY, _C, Operation.DELIVER),
    *(_route(method, pattern, _S, name) for method, pattern, name in stripe_operations()),
)

OPERATIONS: dict[Vendor, frozenset[str]] = {
    vendor: frozenset(route.operation for route in ROUTES if route.vendor is vendor) for vendor in Vendor
} | {
    Vendor.WEBHOOK: WEBHOOK_EVENT_TYPES,
    Vendor.SMTP: frozenset({Operation.MAIL_RCPT, Operation.MAIL_MESSAGE}),
}


def recognise(method: str, path: str) -> tuple[Vendor, str] | None:
    """The vendor and operation a request addresses; None when it is not for a vendor at all."""
    wanted = "GET" if method == "HEAD" else method
    for route in ROUTES:
        if route.method == wanted and route.pattern.fullmatch(path):
            return route.vendor, route.operation
    for vendor in (_O, _R, _C, _S):
        if path.startswith(f"/{vendor}/"):
            return vendor, Operation.UNKNOWN
    return None
