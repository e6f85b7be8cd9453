"""The vendors and their operations by name: what faults are set on and what the request log is asked for."""

import re
from dataclasses import dataclass
from enum import StrEnum


class Vendor(StrEnum):
    """Who is being imitated. `webhook` is Stripe calling us; `smtp` the mail server."""

    OPENAI = "openai"
    REPLICATE = "replicate"
    CLOUDINARY = "cloudinary"
    STRIPE = "stripe"
    WEBHOOK = "webhook"
    SMTP = "smtp"


class Operation(StrEnum):
    """Every operation a vendor is known by. A webhook's operation is its event type instead."""

    IMAGES_GENERATE = "images.generate"
    IMAGES_EDIT = "images.edit"
    MODELS_LIST = "models.list"

    PREDICTIONS_CREATE = "predictions.create"
    PREDICTIONS_GET = "predictions.get"
    PREDICTIONS_CANCEL = "predictions.cancel"
    MODELS_GET = "models.get"
    FILES_CREATE = "files.create"
    FILES_DOWNLOAD = "files.download"
    WEBHOOK_SECRET_GET = "webhook_secret.get"  # noqa: S105 - the name of an operation

    UPLOAD = "upload"
    DESTROY = "destroy"
    DELIVER = "deliver"
    DOWNLOAD = "download"

    CUSTOMERS_CREATE = "customers.create"
    CUSTOMERS_GET = "customers.get"
    PRODUCTS_CREATE = "products.create"
    PRODUCTS_GET = "products.get"
    PRODUCTS_LIST = "products.list"
    PRICES_CREATE = "prices.create"
    PRICES_GET = "prices.get"
    PRICES_LIST = "prices.list"
    CHECKOUT_CREATE = "checkout.create"
    CHECKOUT_GET = "checkout.get"
    CHECKOUT_LIST = "checkout.list"
    CHECKOUT_EXPIRE = "checkout.expire"
    CHECKOUT_LINE_ITEMS = "checkout.line_items"
    CHECKOUT_PAGE = "checkout.page"
    CHECKOUT_PAY = "checkout.pay"
    PAYMENT_INTENTS_GET = "payment_intents.get"
    PAYMENT_INTENTS_LIST = "payment_intents.list"
    CHARGES_GET = "charges.get"
    CHARGES_LIST = "charges.list"
    REFUNDS_CREATE = "refunds.create"
    REFUNDS_GET = "refunds.get"
    REFUNDS_LIST = "refunds.list"
    SUBSCRIPTIONS_GET = "subscriptions.get"
    EVENTS_GET = "events.get"
    EVENTS_LIST = "events.list"

    MAIL_RCPT = "rcpt"
    MAIL_MESSAGE = "message"

    UNKNOWN = "unknown"


WEBHOOK_EVENT_TYPES = frozenset(
    {
        "charge.failed",
        "charge.refunded",
        "charge.succeeded",
        "checkout.session.completed",
        "checkout.session.expired",
        "customer.created",
        "customer.subscription.created",
        "invoice.paid",
        "payment_intent.payment_failed",
        "payment_intent.succeeded",
        "refund.created",
    }
)


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the table: which operation a method and a path mean."""

    method: str
    pattern: re.Pattern[str]
    vendor: Vendor
    operation: Operation


def _route(method: str, pattern: str, vendor: Vendor, operation: Operation) -> Route:
    return Route(method, re.compile(pattern), vendor, operation)


_O, _R, _C, _S = Vendor.OPENAI, Vendor.REPLICATE, Vendor.CLOUDINARY, Vendor.STRIPE
_DELIVERY = r"(?:/[^/]+)?/image/(?:upload|private|authenticated)/.+"

ROUTES: tuple[Route, ...] = (
    _route("POST", r"/openai/v1/images/generations", _O, Operation.IMAGES_GENERATE),
    _route("POST", r"/openai/v1/images/edits", _O, Operation.IMAGES_EDIT),
    _route("GET", r"/openai/v1/models(?:/.+)?", _O, Operation.MODELS_LIST),
    _route("POST", r"/replicate/v1/predictions", _R, Operation.PREDICTIONS_CREATE),
    _route("POST", r"/replicate/v1/models/[^/]+/[^/]+/predictions", _R, Operation.PREDICTIONS_CREATE),
    _route("POST", r"/replicate/v1/predictions/[^/]+/cancel", _R, Operation.PREDICTIONS_CANCEL),
    _route("GET", r"/replicate/v1/predictions/[^/]+", _R, Operation.PREDICTIONS_GET),
    _route("GET", r"/replicate/v1/models/[^/]+/[^/]+(?:/versions/[^/]+)?", _R, Operation.MODELS_GET),
    _route("POST", r"/replicate/v1/files", _R, Operation.FILES_CREATE),
    _route("GET", r"/replicate/v1/webhooks/default/secret", _R, Operation.WEBHOOK_SECRET_GET),
    _route("GET", r"/replicate/files/.+", _R, Operation.FILES_DOWNLOAD),
    _route("POST", r"/cloudinary/v1_1/[^/]+/(?:image|auto)/upload", _C, Operation.UPLOAD),
    _route("POST", r"/cloudinary/v1_1/[^/]+/image/destroy", _C, Operation.DESTROY),
    _route("GET", r"(?:/cloudinary)?/v1_1/[^/]+/image/download", _C, Operation.DOWNLOAD),
    _route("GET", _DELIVERY, _C, Operation.DELIVER),
    _route("POST", r"/stripe/v1/customers", _S, Operation.CUSTOMERS_CREATE),
    _route("GET", r"/stripe/v1/customers/[^/]+", _S, Operation.CUSTOMERS_GET),
    _route("POST", r"/stripe/v1/products", _S, Operation.PRODUCTS_CREATE),
    _route("GET", r"/stripe/v1/products", _S, Operation.PRODUCTS_LIST),
    _route("GET", r"/stripe/v1/products/[^/]+", _S, Operation.PRODUCTS_GET),
    _route("POST", r"/stripe/v1/prices", _S, Operation.PRICES_CREATE),
    _route("GET", r"/stripe/v1/prices", _S, Operation.PRICES_LIST),
    _route("GET", r"/stripe/v1/prices/[^/]+", _S, Operation.PRICES_GET),
    _route("POST", r"/stripe/v1/checkout/sessions", _S, Operation.CHECKOUT_CREATE),
    _route("GET", r"/stripe/v1/checkout/sessions", _S, Operation.CHECKOUT_LIST),
    _route("POST", r"/stripe/v1/checkout/sessions/[^/]+/expire", _S, Operation.CHECKOUT_EXPIRE),
    _route("GET", r"/stripe/v1/checkout/sessions/[^/]+/line_items", _S, Operation.CHECKOUT_LINE_ITEMS),
    _route("GET", r"/stripe/v1/checkout/sessions/[^/]+", _S, Operation.CHECKOUT_GET),
    _route("GET", r"/stripe/pay/[^/]+", _S, Operation.CHECKOUT_PAGE),
    _route("POST", r"/stripe/pay/[^/]+", _S, Operation.CHECKOUT_PAY),
    _route("GET", r"/stripe/v1/payment_intents", _S, Operation.PAYMENT_INTENTS_LIST),
    _route("GET", r"/stripe/v1/payment_intents/[^/]+", _S, Operation.PAYMENT_INTENTS_GET),
    _route("GET", r"/stripe/v1/charges", _S, Operation.CHARGES_LIST),
    _route("GET", r"/stripe/v1/charges/[^/]+", _S, Operation.CHARGES_GET),
    _route("POST", r"/stripe/v1/refunds", _S, Operation.REFUNDS_CREATE),
    _route("GET", r"/stripe/v1/refunds", _S, Operation.REFUNDS_LIST),
    _route("GET", r"/stripe/v1/refunds/[^/]+", _S, Operation.REFUNDS_GET),
    _route("GET", r"/stripe/v1/subscriptions/[^/]+", _S, Operation.SUBSCRIPTIONS_GET),
    _route("GET", r"/stripe/v1/events", _S, Operation.EVENTS_LIST),
    _route("GET", r"/stripe/v1/events/[^/]+", _S, Operation.EVENTS_GET),
)

OPERATIONS: dict[Vendor, frozenset[str]] = {
    vendor: frozenset(route.operation for route in ROUTES if route.vendor is vendor) for vendor in Vendor
} | {
    Vendor.WEBHOOK: WEBHOOK_EVENT_TYPES,
    Vendor.SMTP: frozenset({Operation.MAIL_RCPT, Operation.MAIL_MESSAGE}),
}


def recognise(method: str, path: str) -> tuple[Vendor, Operation] | None:
    """The vendor and operation a request addresses; None when it is not for a vendor at all."""
    wanted = "GET" if method == "HEAD" else method
    for route in ROUTES:
        if route.method == wanted and route.pattern.fullmatch(path):
            return route.vendor, route.operation
    for vendor in (_O, _R, _C, _S):
        if path.startswith(f"/{vendor}/"):
            return vendor, Operation.UNKNOWN
    return None
