"""Refunds: of all or a part of a charge, pending, and failing after they had succeeded."""

import time

from sandbox.tokens import stripe_id
from sandbox.vendors.stripe.balance import Balance
from sandbox.vendors.stripe.cards import Behaviour, behaviour_of
from sandbox.vendors.stripe.errors import StripeError
from sandbox.vendors.stripe.events import Events
from sandbox.vendors.stripe.form import Params, mapping, merged, text, whole
from sandbox.vendors.stripe.store import HIDDEN, INCLUDABLE, StripeObject, StripeStore

_NEXT = {
    "pending": ("succeeded", "failed", "canceled"),
    "requires_action": ("succeeded", "failed", "canceled"),
    "succeeded": ("failed",),
}


class Refunds:
    """Gives pretended money back. A refund to a card succeeds at once unless the card says otherwise."""

    def __init__(self, store: StripeStore, events: Events, balance: Balance) -> None:
        self._store = store
        self._events = events
        self._balance = balance

    def create(self, params: Params) -> StripeObject:
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
        refund = self._store.add(_refund(charge, amount, params))
        method = self._store.get("payment_method", charge["payment_method"])
        if behaviour_of(method) is Behaviour.REFUNDS_PEND:
            refund |= {"status": "pending", "pending_reason": "processing"}
        refund["balance_transaction"] = self._balance.refunded(refund)["id"]
        charge[HIDDEN][INCLUDABLE]["refunds"]["data"].insert(0, refund)
        self._events.emit("refund.created", refund)
        with self._events.changing("charge.refunded", charge):
            self._add_refunded(charge, amount)
        return refund

    def update(self, refund_id: str, params: Params) -> StripeObject:
        """Changes the metadata; says `refund.updated`.

        Raises:
            StripeError: 404.
        """
        refund = self._store.get("refund", refund_id)
        with self._events.changing("refund.updated", refund):
            refund["metadata"] = merged(refund["metadata"], params)
        return refund

    def become(self, refund_id: str, status: str, failure_reason: str = "lost_or_stolen_card") -> StripeObject:
        """The bank's word on a refund; says `refund.updated`, `charge.refund.updated` and maybe `refund.failed`.

        A refund that failed or was cancelled gives the charge its amount back.

        Raises:
            StripeError: 400, it cannot become that; 404.
        """
        refund = self._store.get("refund", refund_id)
        if status not in _NEXT.get(refund["status"], ()):
            raise StripeError(400, f"A {refund['status']} refund cannot become {status}.", param="status")
        refund.pop("pending_reason", None)
        previous = {"status": refund["status"]}
        refund["status"] = status
        if status in ("failed", "canceled"):
            self._add_refunded(self._store.get("charge", refund["charge"]), -refund["amount"])
            refund["failure_balance_transaction"] = self._balance.refund_failed(refund)["id"]
        if status == "failed":
            refund["failure_reason"] = failure_reason
        self._events.emit("refund.updated", refund, previous)
        self._events.emit("charge.refund.updated", refund, previous)
        if status == "failed":
            self._events.emit("refund.failed", refund)
        return refund

    def _add_refunded(self, charge: StripeObject, amount: int) -> None:
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]

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
        if charge[HIDDEN].get("charged_back"):
            message = f"Charge {charge_id} has been charged back; cannot issue a refund."
            raise StripeError(400, message, code="charge_disputed", param="charge")
        return charge


def _refund(charge: StripeObject, amount: int, params: Params) -> StripeObject:
    kind = charge["payment_method_details"]["type"]
    details = {"card": {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"}}
    return {
        "id": stripe_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": int(time.time()),
        "currency": charge["currency"],
        "destination_details": {**(details if kind == "card" else {kind: {}}), "type": kind},
        "metadata": mapping(params, "metadata"),
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": text(params, "reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }
