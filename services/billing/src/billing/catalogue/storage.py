"""The SQL of products."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.catalogue.rules import Product

PRODUCTS_MAX = 100

_ON_SALE = text(
    """
    SELECT product_id, credits, amount_minor, currency FROM products
    WHERE active ORDER BY position, product_id LIMIT :limit
    """
)
_BY_ID = text(
    """
    SELECT product_id, credits, amount_minor, currency FROM products
    WHERE product_id = :product_id AND active
    """
)


async def products_on_sale(connection: AsyncConnection) -> list[Product]:
    """All active products in the order of the shop window."""
    return [Product(*row) for row in (await connection.execute(_ON_SALE, {"limit": PRODUCTS_MAX})).all()]


async def product_on_sale(connection: AsyncConnection, product_id: str) -> Product | None:
    """One active product."""
    row = (await connection.execute(_BY_ID, {"product_id": product_id})).first()
    return Product(*row) if row is not None else None
