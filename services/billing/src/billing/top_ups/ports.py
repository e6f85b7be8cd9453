"""The port to the payment vendor as automatic top-ups need it: cards on file, and payments without their owner there.

Every method may raise `PaymentsUnavailable` and `PaymentsRefused` of `billing.purchases.ports`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from billing.top_ups.rules import Card, OffSessionPayment, TopUp


@dataclass(frozen=True, slots=True)
class CardPage:
    """A page of the vendor's on which somebody saves a card for later payments."""

    url: str
    expires_at: datetime


class CardVendor(Protocol):
    """Keeps cards and charges them."""

    async def open_card_page(self, customer_id: str, return_url: str, key: str) -> CardPage:
        """A page that saves a card, with its owner's consent to later payments without them."""

    async def card_of(self, customer_id: str) -> Card | None:
        """The card a customer is charged with: the default one, else the one saved last."""

    async def choose_newest_card(self, customer_id: str) -> Card | None:
        """Make the card that was saved last the default one; None when there is none."""

    async def buy(self, top_up: TopUp) -> OffSessionPayment:
        """Charge the attempt's card; under the attempt's key always the same payment.

        Raises:
            AttemptSpent: a stored error answers under this key.
        """

    async def find(self, top_up: TopUp) -> OffSessionPayment | None:
        """The payment of an attempt whose answer was lost, if the vendor has one."""

    async def look(self, payment_intent_id: str) -> OffSessionPayment:
        """A payment as it is now."""

    async def give_up(self, payment_intent_id: str) -> OffSessionPayment:
        """Cancel a payment that waits for its owner; it may turn out to be paid."""
