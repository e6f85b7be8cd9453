"""Reads what the Stripe SDK answers: sessions into our facts, errors into what can be done about them."""

from datetime import UTC, datetime
from typing import Annotated, Any

import stripe
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from billing.purchases.ports import AttemptSpent, PaymentsRefused, PaymentsUnavailable
from billing.purchases.rules import CheckoutSession

REPLAYED_HEADER = "idempotent-replayed"
INVOICE_METADATA = "atelier_invoice"
"""Where a payment link, its sessions and payments say which invoice of an account they are for."""
_KEY_IN_USE = "idempotency_key_in_use"


class ObjectMissing(PaymentsRefused):
    """Stripe does not know this object, or not yet."""


class _PaymentIntent(BaseModel):
    """What a session carries of its payment intent, expanded."""

    model_config = ConfigDict(extra="ignore")

    id: str
    status: str


def _instant(value: Any) -> Any:
    return datetime.fromtimestamp(value, UTC) if isinstance(value, int) else value


class _Session(BaseModel):
    """A Checkout session as the API describes it (docs.stripe.com/api/checkout/sessions/object)."""

    model_config = ConfigDict(extra="ignore")

    id: str
    client_reference_id: str | None = None
    status: str
    payment_status: str
    amount_subtotal: int | None = None
    amount_total: int | None = None
    currency: str | None = None
    payment_intent: _PaymentIntent | str | None = None
    url: str | None = None
    expires_at: Annotated[datetime, BeforeValidator(_instant)]
    metadata: dict[str, str] | None = None


def read_session(answer: stripe.StripeObject) -> CheckoutSession:
    """The facts of a session.

    Raises:
        PaymentsUnavailable: what was answered is no session.
    """
    try:
        session = _Session.model_validate(answer.to_dict())
    except ValidationError as error:
        raise PaymentsUnavailable("the answer is not a Checkout session") from error
    intent = session.payment_intent
    return CheckoutSession(
        session_id=session.id,
        client_reference_id=session.client_reference_id,
        status=session.status,
        payment_status=session.payment_status,
        amount_subtotal_minor=session.amount_subtotal,
        amount_total_minor=session.amount_total,
        currency=session.currency,
        payment_intent_id=intent.id if isinstance(intent, _PaymentIntent) else intent,
        payment_intent_status=intent.status if isinstance(intent, _PaymentIntent) else None,
        url=session.url,
        expires_at=session.expires_at,
        invoice_reference=(session.metadata or {}).get(INVOICE_METADATA),
    )


def is_worth_retrying(error: stripe.StripeError) -> bool:
    """Whether the same request under the same key can end differently in a moment.

    Not after a stored answer: Stripe repeats the first 500 under a key for a day
    (docs.stripe.com/api/idempotent_requests).
    """
    if _is_replayed(error):
        return False
    advice = (error.headers or {}).get("stripe-should-retry")
    if advice in {"true", "false"}:
        return advice == "true"
    if isinstance(error, stripe.APIConnectionError | stripe.RateLimitError):
        return True
    return _is_key_in_use(error) or (error.http_status or 0) >= 500


def retry_after_seconds(error: stripe.StripeError) -> float:
    """How long Stripe asks us to wait; 0 when it does not say, or not in seconds."""
    text = (error.headers or {}).get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() else 0.0


def translate(error: stripe.StripeError) -> Exception:
    """Our exception for an error of the SDK; no message of it carries the API key."""
    parts = (type(error).__name__, error.http_status, error.code, error.user_message)
    message = " ".join(str(part) for part in parts if part)
    if isinstance(error, stripe.IdempotencyError) or (_is_replayed(error) and (error.http_status or 0) >= 500):
        return AttemptSpent(message)
    if error.http_status == 404 or error.code == "resource_missing":
        return ObjectMissing(message)
    if isinstance(error, stripe.InvalidRequestError | stripe.CardError):
        return PaymentsRefused(message)
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        return PaymentsRefused(message)
    return PaymentsUnavailable(message)


def _is_replayed(error: stripe.StripeError) -> bool:
    return (error.headers or {}).get(REPLAYED_HEADER) == "true"


def _is_key_in_use(error: stripe.StripeError) -> bool:
    return error.http_status == 409 and error.code in {_KEY_IN_USE, "lock_timeout", None}
