"""What a product is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Product:
    """A pack of credits; `amount_minor` in the smallest unit of `currency` (ISO 4217, lower case)."""

    product_id: str
    credits: int
    amount_minor: int
    currency: str

    @property
    def name(self) -> str:
        """What the buyer reads at Stripe and on the receipt."""
        return f"{self.credits} credits"
