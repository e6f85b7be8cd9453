"""Balance transactions: what every movement of pretended money did to the account, fees included."""

import time

from sandbox.tokens import stripe_id
from sandbox.vendors.stripe.store import StripeObject, StripeStore

_FEE_BASIS_POINTS = 150
_FEE_FIXED = 25
_DISPUTE_FEE = 2_000
_AVAILABLE_AFTER_SECONDS = 2 * 86_400
_CATEGORIES = {
    "charge": "charge",
    "payment": "charge",
    "refund": "refund",
    "payment_refund": "refund",
    "refund_failure": "refund_failure",
}


class Balance:
    """Files the transactions. Charges cost 1.5 % + 25, disputes 2000, both in the currency's minor unit."""

    def __init__(self, store: StripeStore) -> None:
        self._store = store

    def charged(self, charge: StripeObject) -> StripeObject:
        """Money of a successful charge, less the fee."""
        fee = charge["amount"] * _FEE_BASIS_POINTS // 10_000 + _FEE_FIXED
        kind = "charge" if charge["payment_method_details"]["type"] == "card" else "payment"
        return self._add(kind, charge["amount"], charge, fee)

    def refunded(self, refund: StripeObject) -> StripeObject:
        """Money given back; the fee stays."""
        return self._add("refund", -refund["amount"], refund, 0)

    def refund_failed(self, refund: StripeObject) -> StripeObject:
        """Money of a refund that came back."""
        return self._add("refund_failure", refund["amount"], refund, 0)

    def withdrawn(self, dispute: StripeObject) -> StripeObject:
        """Money taken for a dispute, with the fee."""
        return self._add("adjustment", -dispute["amount"], dispute, _DISPUTE_FEE, "dispute")

    def reinstated(self, dispute: StripeObject) -> StripeObject:
        """Money of a dispute that was won, with the fee."""
        return self._add("adjustment", dispute["amount"], dispute, -_DISPUTE_FEE, "dispute_reversal")

    def _add(self, kind: str, amount: int, source: StripeObject, fee: int, category: str = "") -> StripeObject:
        now = int(time.time())
        detail = {"amount": fee, "application": None, "currency": source["currency"], "type": "stripe_fee"}
        return self._store.add(
            {
                "id": stripe_id("txn"),
                "object": "balance_transaction",
                "amount": amount,
                "available_on": now + _AVAILABLE_AFTER_SECONDS,
                "balance_type": "payments",
                "created": now,
                "currency": source["currency"],
                "description": source.get("description"),
                "exchange_rate": None,
                "fee": fee,
                "fee_details": [{**detail, "description": "Stripe processing fees"}] if fee else [],
                "net": amount - fee,
                "reporting_category": category or _CATEGORIES[kind],
                "source": source["id"],
                "status": "pending",
                "type": kind,
            }
        )
