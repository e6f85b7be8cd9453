"""Keeps Stripe's products and prices equal to the catalogue: on start, every few minutes, and when asked.

Everything is found by names of our own, product ids and lookup keys, so that it can be repeated, and done by several
processes at once. A price at Stripe never changes: another amount is another price, and the old one is archived.
"""

import asyncio
from collections import defaultdict

import structlog

from billing.catalogue.plans_storage import (
    archive_others,
    current_price,
    generation_of,
    plans_on_sale,
    record_price,
)
from billing.catalogue.ports import CatalogueGateway
from billing.catalogue.rules import Sellable, sellables
from billing.catalogue.storage import products_on_sale
from billing.purchases.ports import PaymentsRefused, PaymentsUnavailable
from common.db.database import Database, is_transient

log = structlog.get_logger(__name__)

AGAIN_SECONDS_MIN = 5.0


class CatalogueSync:
    """Brings Stripe in line with our tables.

    Args:
        every_seconds: how often, so that a changed price is in force that much later at most.
    """

    def __init__(self, database: Database, gateway: CatalogueGateway, every_seconds: float) -> None:
        self._database = database
        self._gateway = gateway
        self._every_seconds = every_seconds

    async def run(self) -> None:
        """Synchronise for ever, sooner again after a failure."""
        pause = AGAIN_SECONDS_MIN
        while True:
            try:
                await self.sync()
            except (PaymentsUnavailable, PaymentsRefused) as error:
                log.warning("catalogue_not_synchronised", error=str(error)[:200])
                pause = min(pause * 2, self._every_seconds)
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("catalogue_not_synchronised", error=repr(error)[:200])
                pause = min(pause * 2, self._every_seconds)
            else:
                pause = self._every_seconds
            await asyncio.sleep(pause)

    async def sync(self) -> int:
        """Make Stripe what our tables are; answers how many prices were made anew.

        Raises:
            PaymentsUnavailable: Stripe does not answer; what is missing is done by the next one.
            PaymentsRefused: Stripe does not let us.
        """
        async with self._database.autocommit() as connection:
            wanted = sellables(await products_on_sale(connection), await plans_on_sale(connection))
        by_product: dict[str, list[Sellable]] = defaultdict(list)
        for sellable in wanted:
            by_product[sellable.stripe_product_id].append(sellable)
        made = 0
        for stripe_product_id, of_product in by_product.items():
            made += await self._sync_product(stripe_product_id, of_product)
        archived = await self._database.transact(archive_others, [sellable.lookup_key for sellable in wanted])
        for stripe_price_id in archived:
            await self._gateway.archive_price(stripe_price_id)
        if made or archived:
            log.info("catalogue_synchronised", made=made, archived=len(archived))
        return made

    async def price_for(self, sellable: Sellable) -> str:
        """Stripe's price for something at what it costs now, made if need be.

        Raises:
            PaymentsUnavailable, PaymentsRefused: as `sync`.
        """
        async with self._database.autocommit() as connection:
            known = await current_price(connection, sellable)
        if known is not None:
            return known
        await self._sync_product(sellable.stripe_product_id, [sellable])
        async with self._database.autocommit() as connection:
            known = await current_price(connection, sellable)
        if known is None:
            raise PaymentsUnavailable("the price was changed a moment ago")
        return known

    async def _sync_product(self, stripe_product_id: str, wanted: list[Sellable]) -> int:
        """Bring one product and these of its prices up to date; other prices of theirs are archived."""
        await self._gateway.ensure_product(stripe_product_id, wanted[0].name)
        # Counted before the look: a price that another process makes meanwhile is seen, or made under the same key.
        async with self._database.autocommit() as connection:
            generations = [await generation_of(connection, sellable.lookup_key) for sellable in wanted]
        existing = await self._gateway.prices_of(stripe_product_id)
        made = 0
        for sellable, generation in zip(wanted, generations, strict=True):
            price = next((one for one in existing if one.stands_for(sellable)), None)
            if price is None:
                price = await self._gateway.create_price(sellable, generation)
                made += 1
            await self._database.transact(record_price, sellable, price.stripe_price_id)
            for other in existing:
                if other.interval == sellable.interval and other.stripe_price_id != price.stripe_price_id:
                    await self._gateway.archive_price(other.stripe_price_id)
        return made
