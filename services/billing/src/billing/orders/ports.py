"""The port to the payment vendor as orders need it: a page to pay on, and the way back for the money."""

from dataclasses import dataclass
from typing import Protocol

from billing.orders.rules import Order
from billing.purchases.reversals import Reversals
from billing.purchases.rules import CheckoutSession


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund as the vendor has it. `under_way` is false when the money will not arrive."""

    refund_id: str
    under_way: bool


class OrderVendor(Protocol):
    """All may raise `PaymentsUnavailable`, `PaymentsRefused` and `AttemptSpent` (see `billing.purchases.ports`)."""

    async def open_page(self, order: Order, return_url: str, cancel_url: str) -> CheckoutSession:
        """The payment page of this attempt of the order: the same one however often it is asked for."""

    async def pay_back(self, order: Order) -> Refund:
        """Give back all that is left of an order's payment: the same refund however often it is asked for."""

    async def reversals(self, order: Order) -> Reversals:
        """What of an order's payment was ever refunded or disputed."""
