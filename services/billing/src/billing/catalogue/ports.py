"""The port to the payment vendor as the catalogue needs it."""

from typing import Protocol

from billing.catalogue.rules import Sellable, StripePrice


class CatalogueGateway(Protocol):
    """Makes products and prices at the vendor what they are here.

    Each raises `PaymentsUnavailable` or `PaymentsRefused` (`billing.purchases.ports`).
    """

    async def ensure_product(self, stripe_product_id: str, name: str) -> None:
        """The product exists under our id, is sold and has this name."""

    async def prices_of(self, stripe_product_id: str) -> list[StripePrice]:
        """The prices of a product that are sold."""

    async def create_price(self, sellable: Sellable, generation: int) -> StripePrice:
        """A new price, which takes the lookup key over; `generation` counts those there were before it."""

    async def archive_price(self, stripe_price_id: str) -> None:
        """The price is sold no more; subscriptions keep it. Nothing where there is no such price."""
