"""What a quote offers and an invoice charges: the parties, the lines and their sums, as both documents print them."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

EMAIL_PATTERN = r"^[^@\s<>,;:\"]+@[^@\s<>,;:\"]+\.[^@\s<>,;:\".]+$"
PAYABLE_MINOR_MIN = 50
PAYABLE_MINOR_MAX = 99_999_999
"""What Stripe lets somebody pay at once, in the currencies with two decimals."""

Language = Literal["en", "fr"]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Item(BaseModel):
    """A line: `quantity` is a decimal, amounts are whole minor units of the currency."""

    model_config = ConfigDict(frozen=True)

    description: str
    quantity: str
    unit: str
    unit_price_minor: int
    total_minor: int


class Party(BaseModel):
    """Somebody as documents name them. `registration` is a company's number and the like."""

    model_config = ConfigDict(frozen=True)

    name: str
    address: str | None = None
    email: str | None = None
    registration: str | None = None


class Offer(BaseModel):
    """The whole content of a quote, and of the invoice for it."""

    model_config = ConfigDict(frozen=True)

    title: str
    client: Party
    issuer: Party | None = None
    items: list[Item] = Field(min_length=1)
    currency: str
    tax_rate_percent: str
    net_minor: int
    tax_minor: int
    gross_minor: int
    language: Language

    @property
    def payable(self) -> bool:
        """Whether somebody can pay it at once by a link."""
        return PAYABLE_MINOR_MIN <= self.gross_minor <= PAYABLE_MINOR_MAX
