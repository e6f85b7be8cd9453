"""One migrated database of billing for all tests of the shop, emptied for each."""

import asyncpg

from billing.tables import metadata

CATALOGUE = frozenset({"products", "plans", "plan_prices", "order_products"})
"""Filled by the migrations."""
_CATALOGUE_AS_MIGRATED = (
    "UPDATE products SET active = true, credits = CASE product_id WHEN 'pack-50' THEN 50 WHEN 'pack-200' THEN 200"
    " ELSE 1000 END, amount_minor = CASE product_id WHEN 'pack-50' THEN 499 WHEN 'pack-200' THEN 1799 ELSE 7999 END",
    "UPDATE plans SET active = true, credits_monthly = CASE plan WHEN 'pro' THEN 300 WHEN 'free' THEN 0 ELSE 5000 END",
    "UPDATE plan_prices SET active = true, amount_minor = CASE plan WHEN 'pro' THEN 1900 ELSE 24900 END"
    " * CASE billing_interval WHEN 'year' THEN 10 ELSE 1 END",
)


class ShopDatabase:
    """Emptying it takes a tenth of the time a fresh one needs."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.plain_url = url.replace("postgresql+asyncpg:", "postgresql:")

    async def empty(self) -> None:
        """Back to the state after the migrations; the ledger's append-only triggers are passed over here alone."""
        emptied = [f"DELETE FROM {table.name}" for table in metadata.sorted_tables if table.name not in CATALOGUE]  # noqa: S608
        connection = await asyncpg.connect(self.plain_url, timeout=5)
        try:
            await connection.execute(
                "; ".join(["SET session_replication_role = replica", *emptied, *_CATALOGUE_AS_MIGRATED])
            )
        finally:
            await connection.close()
