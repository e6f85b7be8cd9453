"""Use cases: look at an account's rule, change it, and save a card for it."""

from dataclasses import dataclass
from uuid import UUID

import structlog

from billing.catalogue.storage import product_on_sale
from billing.purchases.ports import PaymentsRefused, PaymentsUnavailable
from billing.subscriptions.ports import SubscriptionGateway
from billing.subscriptions.storage import add_customer, customer_of, customers_before
from billing.top_ups import rule_storage
from billing.top_ups.ports import CardPage, CardVendor
from billing.top_ups.rules import Card, Rule, month_of
from common.clock import now
from common.db.database import Database
from common.errors import Conflict, DependencyUnavailable, ValidationFailed
from common.ids import new_id

log = structlog.get_logger(__name__)

RETRY_AFTER_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants their rule to be."""

    enabled: bool
    threshold_credits: int
    product_id: str
    monthly_ceiling_minor: int


@dataclass(frozen=True, slots=True)
class RuleView:
    """A rule, and what attempts of this calendar month have cost or may still cost."""

    rule: Rule | None
    spent_this_month_minor: int


class RuleDesk:
    """Takes wishes about automatic top-ups.

    Args:
        customers: makes an account's customer at the vendor where there is none.
        public_url: the base address of our own pages, where people return to.
    """

    def __init__(self, database: Database, vendor: CardVendor, customers: SubscriptionGateway, public_url: str) -> None:
        self._database = database
        self._vendor = vendor
        self._customers = customers
        self._public_url = public_url

    async def view(self, account_id: UUID) -> RuleView:
        """The rule as it is; the vendor is not asked."""
        async with self._database.autocommit() as connection:
            return RuleView(
                await rule_storage.rule_of(connection, account_id),
                await rule_storage.spent_since(connection, account_id, month_of(now())),
            )

    async def change(self, account_id: UUID, wish: Wish) -> RuleView:
        """Replace the rule. Switching it on takes the card that was saved last, and makes it the default one.

        Raises:
            ValidationFailed: no such pack, or the ceiling is below its price.
            Conflict: switched on without a card on file.
            DependencyUnavailable: Stripe does not answer; the same request may be sent again.
        """
        await self._check(wish)
        card = await self._card(account_id) if wish.enabled else None
        if wish.enabled and card is None:
            raise Conflict("There is no card on file; save one first.")
        await self._database.transact(
            rule_storage.save_rule,
            account_id,
            enabled=wish.enabled,
            threshold_credits=wish.threshold_credits,
            product_id=wish.product_id,
            monthly_ceiling_minor=wish.monthly_ceiling_minor,
            card=card,
        )
        return await self.view(account_id)

    async def open_card_page(self, account_id: UUID) -> CardPage:
        """The vendor's page on which a card is saved for payments without its owner there.

        Raises:
            DependencyUnavailable: Stripe does not answer; the same request may be sent again.
        """
        try:
            customer_id = await self._customer(account_id)
            return await self._vendor.open_card_page(
                customer_id, f"{self._public_url}/?card=saved", f"card_page:{new_id()}"
            )
        except (PaymentsUnavailable, PaymentsRefused) as error:
            raise _unavailable(error) from error

    async def _check(self, wish: Wish) -> None:
        async with self._database.autocommit() as connection:
            product = await product_on_sale(connection, wish.product_id)
        if product is None:
            raise ValidationFailed(
                [{"pointer": "/body/product_id", "detail": "There is no such product.", "code": "unknown_product"}]
            )
        if wish.monthly_ceiling_minor < product.amount_minor:
            detail = f"Must be at least {product.amount_minor}, the price of the pack."
            raise ValidationFailed(
                [{"pointer": "/body/monthly_ceiling_minor", "detail": detail, "code": "ceiling_too_low"}]
            )

    async def _card(self, account_id: UUID) -> Card | None:
        async with self._database.autocommit() as connection:
            customer_id = await customer_of(connection, account_id)
        if customer_id is None:
            return None
        try:
            return await self._vendor.choose_newest_card(customer_id)
        except (PaymentsUnavailable, PaymentsRefused) as error:
            raise _unavailable(error) from error

    async def _customer(self, account_id: UUID) -> str:
        async with self._database.autocommit() as connection:
            known = await customer_of(connection, account_id)
            generation = await customers_before(connection, account_id)
        if known is not None:
            return known
        made = await self._customers.create_customer(account_id, generation)
        async with self._database.autocommit() as connection:
            await add_customer(connection, account_id, made)
            return await customer_of(connection, account_id) or made


def _unavailable(error: Exception) -> DependencyUnavailable:
    log.warning("top_up_card_unavailable", error=str(error)[:200])
    return DependencyUnavailable(retry_after_seconds=RETRY_AFTER_SECONDS)
