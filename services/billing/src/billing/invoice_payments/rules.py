"""The rules of an invoice's payment: what a Checkout session means for it, and what cannot be asked of Stripe."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from billing.purchases.rules import CheckoutSession, Mismatch, Paid, Undecided
from common.ids import InvalidId, from_text, to_text

PREFIX = "inv"

BillStatus = Literal["link_due", "open", "paid", "void", "refused"]
"""`link_due`: it has no place to be paid yet. `void`: nobody is to pay it any more. `refused`: Stripe makes no link."""


@dataclass(frozen=True, slots=True)
class Bill:
    """An invoice as far as its money goes."""

    invoice_id: UUID
    account_id: UUID
    number: str
    title: str
    amount_minor: int
    currency: str
    language: str
    status: BillStatus
    stripe_link_id: str | None
    payment_url: str | None
    link_attempt: int
    link_closed_at: datetime | None
    stripe_payment_intent_id: str | None
    paid_at: datetime | None
    tries: int

    @property
    def reference(self) -> str:
        """The invoice as Stripe knows it, in the metadata of all that belongs to it."""
        return to_text(PREFIX, self.invoice_id)


@dataclass(frozen=True, slots=True)
class Surplus:
    """A payment for an invoice that was paid before or is void: it goes back."""

    payment_intent_id: str
    invoice_id: UUID
    refund_attempt: int
    tries: int

    @property
    def reference(self) -> str:
        """The invoice it was meant for."""
        return to_text(PREFIX, self.invoice_id)


def judge(bill: Bill, session: CheckoutSession) -> Paid | Undecided | Mismatch:
    """What a session means: an invoice is paid by exactly its amount, in its currency, at once (cards only)."""
    if session.status != "complete" or session.payment_status != "paid":
        return Undecided()
    if session.currency != bill.currency:
        return Mismatch(f"currency {session.currency}, expected {bill.currency}")
    if session.amount_total_minor != bill.amount_minor:
        return Mismatch(f"paid {session.amount_total_minor}, expected {bill.amount_minor}")
    if session.payment_intent_id is None:
        return Mismatch("paid without a payment intent")
    return Paid(session.payment_intent_id)


def invoice_id_in(reference: str | None) -> UUID | None:
    """The invoice that metadata name; None where they name none."""
    try:
        return from_text(PREFIX, reference or "")
    except InvalidId:
        return None
