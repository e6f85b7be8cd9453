"""The port to the payment vendor as subscriptions need it, and the ways it can fail that mean something to them.

Every method may raise `PaymentsUnavailable` and `PaymentsRefused` of `billing.purchases.ports` too.
"""

from typing import Protocol
from uuid import UUID

from billing.purchases.ports import PaymentsRefused
from billing.purchases.rules import CheckoutSession
from billing.subscriptions.periods import Interval
from billing.subscriptions.rules import Facts, Order


class CustomerMissing(PaymentsRefused):
    """The vendor does not know the customer (any more)."""


class PriceMissing(PaymentsRefused):
    """The vendor does not sell at this price (any more)."""


class PaymentDeclined(PaymentsRefused):
    """The customer's card was declined; the message says why, to the customer."""


class SubscriptionReader(Protocol):
    """Says what the vendor knows of a subscription."""

    async def facts(self, stripe_subscription_id: str, invoice_id: str | None = None) -> Facts:
        """A subscription as it is now."""


class SubscriptionGateway(SubscriptionReader, Protocol):
    """Sells and changes subscriptions at the vendor."""

    async def create_customer(self, account_id: UUID, generation: int) -> str:
        """A customer for an account; the same one however often it is asked for with this generation."""

    async def open_session(self, order: Order) -> CheckoutSession:
        """The payment page of this attempt of an order: the same one however often it is asked for.

        Raises:
            AttemptSpent: a stored error answers for this attempt.
            CustomerMissing, PriceMissing: what the order refers to is gone.
        """

    async def expire_session(self, session_id: str) -> bool:
        """Close a payment page; False when it was paid."""

    async def change_price(
        self, stripe_subscription_id: str, stripe_item_id: str, stripe_price_id: str, *, at_once: bool, key: str
    ) -> None:
        """Sell another price, from now on or from the next renewal on; a plan for then is forgotten.

        Raises:
            PaymentDeclined: nothing has changed.
            PriceMissing: the price is gone.
        """

    async def change_at_period_end(
        self, stripe_subscription_id: str, stripe_price_id: str, interval: Interval, key: str
    ) -> None:
        """Sell another price, of another interval, from the next renewal on.

        Raises:
            PriceMissing: the price is gone.
        """

    async def cancel_at_period_end(self, stripe_subscription_id: str, *, cancel: bool, key: str) -> None:
        """Let a subscription end with its period, or take that back; a plan for then is forgotten."""

    async def cancel_now(self, stripe_subscription_id: str) -> None:
        """End a subscription at once; nothing where it is over."""

    async def open_portal(self, stripe_customer_id: str, return_url: str, key: str) -> str:
        """The address of the customer portal.

        Raises:
            CustomerMissing: the vendor does not know them.
        """
