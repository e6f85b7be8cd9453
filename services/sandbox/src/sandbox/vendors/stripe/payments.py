"""Payment intents, charges and refunds."""

import time

from sandbox.tokens import stripe_id
from sandbox.vendors.stripe.errors import StripeError
from sandbox.vendors.stripe.events import Events
from sandbox.vendors.stripe.form import Params, mapping, text, whole
from sandbox.vendors.stripe.store import StripeObject, StripeStore

_DECLINED = {"code": "card_declined", "decline_code": "generic_decline", "type": "card_error"}
_DECLINED |= {
    "message": "Your card was declined.",
    "doc_url": "https://stripe.com/docs/error-codes/card-declined",
}
_CARD = {
    "brand": "visa",
    "country": "US",
    "exp_month": 12,
    "exp_year": 2030,
    "funding": "credit",
    "last4": "4242",
}


class Payments:
    """Takes and gives back pretended money."""

    def __init__(self, store: StripeStore, events: Events) -> None:
        self._store = store
        self._events = events

    def open_intent(self, amount: int, currency: str, customer: str | None, data: Params) -> StripeObject:
        """A payment intent that waits for a payment method; `data` is a session's `payment_intent_data`."""
        intent_id = stripe_id("pi")
        return self._store.add(
            {
                "id": intent_id,
                "object": "payment_intent",
                "amount": amount,
                "amount_capturable": 0,
                "amount_details": {"tip": {}},
                "amount_received": 0,
                "application": None,
                "application_fee_amount": None,
                "automatic_payment_methods": None,
                "canceled_at": None,
                "cancellation_reason": None,
                "capture_method": "automatic_async",
                "client_secret": f"{intent_id}_secret_{stripe_id('x', 16)}",
                "confirmation_method": "automatic",
                "created": int(time.time()),
                "currency": currency,
                "customer": customer,
                "description": text(data, "description"),
                "last_payment_error": None,
                "latest_charge": None,
                "livemode": False,
                "metadata": mapping(data, "metadata"),
                "next_action": None,
                "on_behalf_of": None,
                "payment_method": None,
                "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
                "payment_method_types": ["card"],
                "processing": None,
                "receipt_email": text(data, "receipt_email"),
                "review": None,
                "setup_future_usage": text(data, "setup_future_usage"),
                "shipping": None,
                "source": None,
                "statement_descriptor": None,
                "statement_descriptor_suffix": None,
                "status": "requires_payment_method",
                "transfer_data": None,
                "transfer_group": None,
            }
        )

    def succeed(self, intent: StripeObject, email: str | None) -> StripeObject:
        """Charges the card; says `charge.succeeded` and `payment_intent.succeeded`."""
        charge = self._charge(intent, email, paid=True)
        intent.update(
            status="succeeded",
            amount_received=intent["amount"],
            latest_charge=charge["id"],
            last_payment_error=None,
            payment_method=charge["payment_method"],
        )
        self._events.emit("charge.succeeded", charge)
        self._events.emit("payment_intent.succeeded", intent)
        return charge

    def decline(self, intent: StripeObject, email: str | None) -> None:
        """The card is declined; says `charge.failed` and `payment_intent.payment_failed`."""
        charge = self._charge(intent, email, paid=False)
        intent.update(
            status="requires_payment_method",
            latest_charge=charge["id"],
            last_payment_error={**_DECLINED, "charge": charge["id"]},
        )
        self._events.emit("charge.failed", charge)
        self._events.emit("payment_intent.payment_failed", intent)

    def _charge(self, intent: StripeObject, email: str | None, *, paid: bool) -> StripeObject:
        amount = intent["amount"]
        declined = None if paid else _DECLINED
        return self._store.add(
            {
                "id": stripe_id("ch"),
                "object": "charge",
                "amount": amount,
                "amount_captured": amount if paid else 0,
                "amount_refunded": 0,
                "application": None,
                "application_fee": None,
                "application_fee_amount": None,
                "balance_transaction": stripe_id("txn") if paid else None,
                "billing_details": {"address": None, "email": email, "name": None, "phone": None},
                "calculated_statement_descriptor": "SANDBOX",
                "captured": paid,
                "created": int(time.time()),
                "currency": intent["currency"],
                "customer": intent["customer"],
                "description": intent["description"],
                "disputed": False,
                "failure_balance_transaction": None,
                "failure_code": declined["code"] if declined else None,
                "failure_message": declined["message"] if declined else None,
                "fraud_details": {},
                "livemode": False,
                "metadata": dict(intent["metadata"]),
                "outcome": {"network_status": "approved_by_network" if paid else "declined_by_network"},
                "paid": paid,
                "payment_intent": intent["id"],
                "payment_method": stripe_id("pm"),
                "payment_method_details": {"card": dict(_CARD), "type": "card"},
                "receipt_email": intent["receipt_email"],
                "receipt_url": None,
                "refunded": False,
                "review": None,
                "shipping": None,
                "status": "succeeded" if paid else "failed",
                "transfer_data": None,
                "transfer_group": None,
            }
        )

    def refund(self, params: Params) -> StripeObject:
        """Gives back all or a part of a charge; says `refund.created` and `charge.refunded`.

        Raises:
            StripeError: 400, nothing to refund or more than is left; 404, no such payment.
        """
        charge = self._refundable(params)
        left = charge["amount"] - charge["amount_refunded"]
        if left <= 0:
            message = f"Charge {charge['id']} has already been refunded."
            raise StripeError(400, message, code="charge_already_refunded")
        amount = whole(params, "amount", left) or 0
        if not 0 < amount <= left:
            message = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
            raise StripeError(400, message, param="amount")
        refund = self._store.add(
            {
                "id": stripe_id("re"),
                "object": "refund",
                "amount": amount,
                "balance_transaction": stripe_id("txn"),
                "charge": charge["id"],
                "created": int(time.time()),
                "currency": charge["currency"],
                "destination_details": {"card": {"type": "refund"}, "type": "card"},
                "metadata": mapping(params, "metadata"),
                "payment_intent": charge["payment_intent"],
                "reason": text(params, "reason"),
                "receipt_number": None,
                "source_transfer_reversal": None,
                "status": "succeeded",
                "transfer_reversal": None,
            }
        )
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        self._events.emit("refund.created", refund)
        self._events.emit("charge.refunded", charge)
        return refund

    def _refundable(self, params: Params) -> StripeObject:
        charge_id, intent_id = text(params, "charge"), text(params, "payment_intent")
        if charge_id is None and intent_id is not None:
            intent = self._store.get("payment_intent", intent_id, "payment_intent")
            if intent["status"] != "succeeded":
                message = f"This PaymentIntent ({intent_id}) does not have a successful charge to refund."
                raise StripeError(400, message, param="payment_intent")
            charge_id = intent["latest_charge"]
        if charge_id is None:
            raise StripeError(400, "One of the following params should be provided: payment_intent or charge.")
        charge = self._store.get("charge", charge_id, "charge")
        if not charge["paid"]:
            raise StripeError(400, f"Charge {charge_id} has not been paid.", param="charge")
        return charge
