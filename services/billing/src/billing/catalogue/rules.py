"""What is for sale: packs of credits, and plans by the month or year; and how Stripe is to know them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Interval = Literal["month", "year"]


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


@dataclass(frozen=True, slots=True)
class PlanPrice:
    """What a plan costs for a month or a year, in the smallest unit of the currency."""

    interval: Interval
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan with what it costs; the free one has no prices. One of higher rank is the better one."""

    plan: str
    rank: int
    credits_monthly: int
    prices: tuple[PlanPrice, ...]

    def price(self, interval: Interval) -> PlanPrice | None:
        """The price for an interval, if the plan is sold so."""
        return next((price for price in self.prices if price.interval == interval), None)


@dataclass(frozen=True, slots=True)
class Sellable:
    """A price as it is to be at Stripe. `lookup_key` names it there whatever it costs."""

    lookup_key: str
    stripe_product_id: str
    name: str
    amount_minor: int
    currency: str
    plan: str | None = None
    interval: Interval | None = None


@dataclass(frozen=True, slots=True)
class StripePrice:
    """A price as Stripe has it."""

    stripe_price_id: str
    stripe_product_id: str
    lookup_key: str | None
    amount_minor: int
    currency: str
    interval: str | None
    active: bool

    def stands_for(self, sellable: Sellable) -> bool:
        """Whether buying at this price is buying this."""
        return self.active and (
            self.stripe_product_id,
            self.lookup_key,
            self.amount_minor,
            self.currency,
            self.interval,
        ) == (
            sellable.stripe_product_id,
            sellable.lookup_key,
            sellable.amount_minor,
            sellable.currency,
            sellable.interval,
        )


def sellables(products: Sequence[Product], plans: Sequence[Plan]) -> list[Sellable]:
    """Everything that Stripe is to have a price for. Stripe's product ids are made of ours."""
    packs = [
        Sellable(
            lookup_key=f"pack:{product.product_id}",
            stripe_product_id=f"atelier_pack_{product.product_id}",
            name=product.name,
            amount_minor=product.amount_minor,
            currency=product.currency,
        )
        for product in products
    ]
    return packs + [sellable_plan(plan, price) for plan in plans for price in plan.prices]


def sellable_plan(plan: Plan, price: PlanPrice) -> Sellable:
    """A plan's price as it is to be at Stripe."""
    return Sellable(
        lookup_key=f"plan:{plan.plan}:{price.interval}",
        stripe_product_id=f"atelier_plan_{plan.plan}",
        name=plan.plan.capitalize(),
        amount_minor=price.amount_minor,
        currency=price.currency,
        plan=plan.plan,
        interval=price.interval,
    )
