"""The port to the payment vendor as invoices need it: a link that sells once, and the way back for what is too much."""

from dataclasses import dataclass
from typing import Protocol

from billing.invoice_payments.rules import Bill, Surplus


@dataclass(frozen=True, slots=True)
class PaymentLink:
    """Where an invoice can be paid."""

    link_id: str
    url: str


class InvoiceVendor(Protocol):
    """All may raise `PaymentsUnavailable`, `PaymentsRefused` and `AttemptSpent` (see `billing.purchases.ports`)."""

    async def make_link(self, bill: Bill) -> PaymentLink:
        """The link of this attempt: the same one however often it is asked for. It takes one payment."""

    async def close_link(self, bill: Bill) -> None:
        """Have the link take no payment any more."""

    async def pay_back(self, surplus: Surplus) -> str:
        """Give a payment back: the same refund, whose id is answered, however often it is asked for."""
