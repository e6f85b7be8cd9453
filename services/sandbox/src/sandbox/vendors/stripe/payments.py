"""Payment intents and charges: opened, paid, declined, waiting for the customer or for a bank."""

import time

from sandbox.tokens import stripe_id
from sandbox.vendors.stripe.balance import Balance
from sandbox.vendors.stripe.cards import DECLINED, Decline, details_in_charge
from sandbox.vendors.stripe.events import Events
from sandbox.vendors.stripe.form import Params, mapping, text
from sandbox.vendors.stripe.store import HIDDEN, INCLUDABLE, StripeObject, StripeStore, listed, shown


class Payments:
    """Takes pretended money. `method` is the payment method charged, `email` where a receipt would go."""

    def __init__(self, store: StripeStore, events: Events, balance: Balance, public_url: str) -> None:
        self._store = store
        self._events = events
        self._balance = balance
        self._public_url = public_url

    def open_intent(self, amount: int, currency: str, customer: str | None, data: Params) -> StripeObject:
        """A payment intent that waits for a payment method; `data` is a session's `payment_intent_data`."""
        return self._store.add(_intent(amount, currency, customer, data))

    def succeed(self, intent: StripeObject, method: StripeObject, email: str | None = None) -> StripeObject:
        """Charges the payment method; says `charge.succeeded` and `payment_intent.succeeded`."""
        pending = self._pending_charge(intent)
        charge = pending or self._charge(intent, method, email)
        charge.update(status="succeeded", paid=True, captured=True, amount_captured=charge["amount"])
        charge["balance_transaction"] = self._balance.charged(charge)["id"]
        intent.update(
            status="succeeded",
            amount_received=intent["amount"],
            latest_charge=charge["id"],
            last_payment_error=None,
            next_action=None,
            payment_method=method["id"],
        )
        self._events.emit("charge.succeeded", charge)
        self._events.emit("payment_intent.succeeded", intent)
        return charge

    def decline(
        self, intent: StripeObject, method: StripeObject, email: str | None = None, why: Decline = DECLINED
    ) -> None:
        """The payment fails; says `charge.failed` and `payment_intent.payment_failed`."""
        charge = self._pending_charge(intent) or self._charge(intent, method, email)
        charge.update(status="failed", failure_code=why.code, failure_message=why.message)
        charge["outcome"] |= {
            "network_decline_code": "05",
            "network_status": "declined_by_network",
            "reason": why.decline_code,
            "seller_message": "The bank did not return any further details with this decline.",
            "type": "issuer_declined",
        }
        intent.update(
            status="requires_payment_method",
            latest_charge=charge["id"],
            last_payment_error={**why.as_error(), "charge": charge["id"], "payment_method": shown(method)},
            next_action=None,
            payment_method=None,
        )
        self._events.emit("charge.failed", charge)
        self._events.emit("payment_intent.payment_failed", intent)

    def ask_customer(self, intent: StripeObject, method: StripeObject, return_url: str | None = None) -> None:
        """The customer has to authenticate on a page; says `payment_intent.requires_action`."""
        url = f"{self._public_url}/stripe/authenticate/{intent['id']}"
        intent.update(
            status="requires_action",
            payment_method=method["id"],
            next_action={"type": "redirect_to_url", "redirect_to_url": {"return_url": return_url, "url": url}},
        )
        self._events.emit("payment_intent.requires_action", intent)

    def await_bank(self, intent: StripeObject, method: StripeObject, email: str | None = None) -> None:
        """The money is on its way; says `charge.pending` and `payment_intent.processing`."""
        charge = self._charge(intent, method, email)
        intent.update(status="processing", payment_method=method["id"], latest_charge=charge["id"])
        self._events.emit("charge.pending", charge)
        self._events.emit("payment_intent.processing", intent)

    def _pending_charge(self, intent: StripeObject) -> StripeObject | None:
        if intent["status"] != "processing":
            return None
        return self._store.get("charge", intent["latest_charge"])

    def _charge(self, intent: StripeObject, method: StripeObject, email: str | None) -> StripeObject:
        return self._store.add(_charge(intent, method, email))


def _intent(amount: int, currency: str, customer: str | None, data: Params) -> StripeObject:
    intent_id = stripe_id("pi")
    return {
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


def _charge(intent: StripeObject, method: StripeObject, email: str | None) -> StripeObject:
    charge_id = stripe_id("ch")
    return {
        "id": charge_id,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": {"address": None, "email": email, "name": None, "phone": None, "tax_id": None},
        "calculated_statement_descriptor": "SANDBOX",
        "captured": False,
        "created": int(time.time()),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "outcome": {
            "network_status": "approved_by_network",
            "reason": None,
            "risk_level": "normal",
            "risk_score": 12,
            "seller_message": "Payment complete.",
            "type": "authorized",
        },
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": details_in_charge(method),
        "receipt_email": intent["receipt_email"],
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": None,
        "status": "pending",
        "transfer_data": None,
        "transfer_group": None,
        HIDDEN: {INCLUDABLE: {"refunds": listed([], f"/v1/charges/{charge_id}/refunds")}},
    }
