"""Disputes: opened by a pretended bank, answered with evidence, won or lost."""

import time

from sandbox.tokens import stripe_id
from sandbox.vendors.stripe.balance import Balance
from sandbox.vendors.stripe.errors import StripeError
from sandbox.vendors.stripe.events import Events
from sandbox.vendors.stripe.form import Params, mapping, merged, truth
from sandbox.vendors.stripe.store import HIDDEN, StripeObject, StripeStore

_OPEN = ("needs_response", "under_review")
_EVIDENCE_SECONDS = 9 * 86_400
_EVIDENCE = [
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
]


class Disputes:
    """Takes the money of a charge away and gives it back when the dispute is won."""

    def __init__(self, store: StripeStore, events: Events, balance: Balance) -> None:
        self._store = store
        self._events = events
        self._balance = balance

    def open(self, intent_id: str, amount: int | None = None, reason: str = "fraudulent") -> StripeObject:
        """A customer disputes a payment; says `charge.dispute.created` and `charge.dispute.funds_withdrawn`.

        Raises:
            StripeError: 400, not paid, disputed already, or more than was paid; 404.
        """
        intent = self._store.get("payment_intent", intent_id, "payment_intent")
        if intent["status"] != "succeeded":
            raise StripeError(400, f"{intent_id} has not been paid.", param="payment_intent")
        charge = self._store.get("charge", intent["latest_charge"])
        if charge["disputed"]:
            raise StripeError(400, f"{charge['id']} is disputed already.", param="payment_intent")
        wanted = charge["amount"] if amount is None else amount
        if not 0 < wanted <= charge["amount"]:
            raise StripeError(400, f"amount must be between 1 and {charge['amount']}.", param="amount")
        dispute = self._store.add(_dispute(charge, wanted, reason))
        charge["disputed"] = True
        charge[HIDDEN]["charged_back"] = True
        self._events.emit("charge.dispute.created", dispute)
        dispute["balance_transactions"].append(self._balance.withdrawn(dispute))
        self._events.emit("charge.dispute.funds_withdrawn", dispute)
        return dispute

    def update(self, dispute_id: str, params: Params) -> StripeObject:
        """Adds evidence, and submits it unless told not to; says `charge.dispute.updated`.

        Raises:
            StripeError: 400, it is closed; 404.
        """
        dispute = self._open_one(dispute_id)
        evidence = {name: str(value) or None for name, value in mapping(params, "evidence").items()}
        unknown = sorted(set(evidence) - set(_EVIDENCE))
        if unknown:
            message = f"Received unknown parameter: evidence[{unknown[0]}]"
            raise StripeError(400, message, code="parameter_unknown", param=f"evidence[{unknown[0]}]")
        with self._events.changing("charge.dispute.updated", dispute):
            dispute["metadata"] = merged(dispute["metadata"], params)
            dispute["evidence"] |= evidence
            details = dispute["evidence_details"]
            details["has_evidence"] = any(dispute["evidence"][name] for name in _EVIDENCE)
            if evidence and truth(params, "submit", True):
                dispute["status"] = "under_review"
                details |= {"submission_count": details["submission_count"] + 1, "submission_method": "manual"}
        return dispute

    def close(self, dispute_id: str) -> StripeObject:
        """Gives in, which is to lose; says `charge.dispute.closed`.

        Raises:
            StripeError: 400, it is closed; 404.
        """
        return self.decide(dispute_id, "lost")

    def decide(self, dispute_id: str, status: str) -> StripeObject:
        """The bank's decision; says `charge.dispute.closed` and, when won, `charge.dispute.funds_reinstated`.

        Raises:
            StripeError: 400, it is closed or the status is neither `won` nor `lost`; 404.
        """
        if status not in ("won", "lost"):
            raise StripeError(400, "status is won or lost.", param="status")
        dispute = self._open_one(dispute_id)
        with self._events.changing("charge.dispute.closed", dispute):
            dispute["status"] = status
        if status == "won":
            self._store.get("charge", dispute["charge"])[HIDDEN]["charged_back"] = False
            dispute["is_charge_refundable"] = True
            dispute["balance_transactions"].append(self._balance.reinstated(dispute))
            self._events.emit("charge.dispute.funds_reinstated", dispute)
        return dispute

    def _open_one(self, dispute_id: str) -> StripeObject:
        dispute = self._store.get("dispute", dispute_id)
        if dispute["status"] not in _OPEN:
            raise StripeError(400, "This dispute is already closed.")
        return dispute


def _dispute(charge: StripeObject, amount: int, reason: str) -> StripeObject:
    now = int(time.time())
    card = charge["payment_method_details"].get("card", {"brand": "visa"})
    return {
        "id": stripe_id("dp"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(_EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": now + _EVIDENCE_SECONDS,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": card["brand"],
                "case_type": "chargeback",
                "network": card["brand"],
                "network_reason_code": "10.4",
            },
            "type": "card",
        },
        "reason": reason,
        "status": "needs_response",
    }
