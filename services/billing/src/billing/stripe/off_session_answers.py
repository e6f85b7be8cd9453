"""Reads payment intents that were made without a page: a top-up's money, and why it did not come."""

from datetime import UTC, datetime
from typing import Any

import stripe
from pydantic import BaseModel, ConfigDict, ValidationError

from billing.purchases.ports import PaymentsUnavailable
from billing.purchases.rules import CheckoutSession
from billing.top_ups.rules import OffSessionPayment, PaymentState

TOP_UP_METADATA = "top_up"
"""Marks the intents that no Checkout session leads to."""
AUTHENTICATION_REQUIRED = "authentication_required"


class _Error(BaseModel):
    model_config = ConfigDict(extra="ignore")

    code: str | None = None
    decline_code: str | None = None


class _Intent(BaseModel):
    """A payment intent (docs.stripe.com/api/payment_intents/object)."""

    model_config = ConfigDict(extra="ignore")

    id: str
    status: str
    amount: int
    amount_received: int = 0
    currency: str
    created: int
    metadata: dict[str, str] = {}
    last_payment_error: _Error | None = None


def is_of_top_up(metadata: Any) -> bool:
    """Whether an intent with this metadata was made by an automatic top-up."""
    return bool(metadata) and TOP_UP_METADATA in metadata


def read_off_session(answer: stripe.StripeObject | dict[str, Any], purchase_metadata: str) -> OffSessionPayment:
    """What an intent means for its attempt, and its facts in the form that purchases are settled by.

    As long as it is not paid it reads as a session that is open: nothing is decided by it. In place of a session's id
    stands the intent's own.

    Raises:
        PaymentsUnavailable: what was answered is no payment intent.
    """
    plain = answer.to_dict() if isinstance(answer, stripe.StripeObject) else answer
    try:
        intent = _Intent.model_validate(plain)
    except ValidationError as error:
        raise PaymentsUnavailable("the answer is not a payment intent") from error
    paid = intent.status == "succeeded"
    why = intent.last_payment_error
    return OffSessionPayment(
        payment_intent_id=intent.id,
        state=_state(intent),
        facts=CheckoutSession(
            session_id=intent.id,
            client_reference_id=intent.metadata.get(purchase_metadata),
            status="complete" if paid else "open",
            payment_status="paid" if paid else "unpaid",
            amount_subtotal_minor=intent.amount,
            amount_total_minor=intent.amount_received if paid else intent.amount,
            currency=intent.currency,
            payment_intent_id=intent.id,
            payment_intent_status=intent.status,
            url=None,
            expires_at=datetime.fromtimestamp(intent.created, UTC),
        ),
        code=(why.decline_code or why.code) if why else None,
    )


def _state(intent: _Intent) -> PaymentState:
    why = intent.last_payment_error
    asks = why is not None and AUTHENTICATION_REQUIRED in (why.code, why.decline_code)
    match intent.status:
        case "succeeded":
            return "paid"
        case "processing" | "requires_capture":
            return "under_way"
        case "requires_action":
            return "needs_action"
        case "canceled":
            return "needs_action" if asks else "given_up"
        case _:
            return "needs_action" if asks else "declined"
