"""Orders for reconciliation: what they and the journal say about payments that Stripe lists."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.ledger.reversals import credits_to_take_back
from billing.orders.rules import order_id_in
from billing.reconciliation.rules import Booked, Kind, Listed

# What the journal gave for a payment less what it took back: the house's side of its grants and clawbacks.
_ORDERS = text(
    """
    WITH paid AS (
        SELECT stripe_payment_intent_id AS payment_id, price_minor, currency, price_credits,
               'stripe:' || stripe_payment_intent_id || '\\:credits' AS lot_reference
        FROM orders WHERE stripe_payment_intent_id = ANY(CAST(:ids AS text[]))
    ), numbered AS (
        SELECT paid.*, coalesce(reversal.reversed_minor - reversal.reinstated_minor, 0) AS reversed_minor,
               coalesce(reversal.postings, 0) AS postings
        FROM paid LEFT JOIN payment_reversals reversal USING (lot_reference)
    ), named AS (
        SELECT payment_id, 'grant' AS kind, 'purchase:' || lot_reference AS reference FROM numbered
        UNION ALL
        SELECT payment_id, 'grant', 'purchase:' || lot_reference || '\\:reinstated\\:' || number
        FROM numbered, generate_series(1, postings) AS number
        UNION ALL
        SELECT payment_id, 'clawback', lot_reference || ':' || number
        FROM numbered, generate_series(1, postings) AS number
    ), journal AS (
        SELECT payment_id, -sum(entries.amount_credits) AS credits
        FROM named JOIN transfers USING (kind, reference) JOIN entries USING (transfer_id)
        WHERE entries.account_id IS NULL GROUP BY payment_id
    )
    SELECT payment_id, price_minor, currency, price_credits, reversed_minor,
           coalesce(journal.credits, 0) AS booked_credits
    FROM numbered LEFT JOIN journal USING (payment_id)
    """
)
_ACTIVE = text(
    """
    SELECT stripe_payment_intent_id FROM orders
    WHERE paid_at >= :since AND paid_at < :until AND stripe_payment_intent_id > :after
    ORDER BY stripe_payment_intent_id LIMIT :limit
    """
)


class OrderBook:
    """One-off orders. Implements `billing.reconciliation.books.Book`."""

    kinds: frozenset[Kind] = frozenset({"payment"})

    async def look_up(self, connection: AsyncConnection, listed: Sequence[Listed]) -> Mapping[str, Booked | None]:
        """See `Book.look_up`; a payment is ours when it refers to an order, or an order to it."""
        found: dict[str, Booked | None] = {
            one.payment_id: None for one in listed if order_id_in(one.reference) is not None
        }
        for row in await connection.execute(_ORDERS, {"ids": [one.payment_id for one in listed]}):
            taken_back = credits_to_take_back(row.price_credits, row.price_minor, row.reversed_minor)
            found[row.payment_id] = Booked(
                payment_id=row.payment_id,
                paid_minor=row.price_minor,
                reversed_minor=int(row.reversed_minor),
                currency=row.currency,
                booked_credits=int(row.booked_credits),
                due_credits=row.price_credits - taken_back,
            )
        return found

    async def active(
        self, connection: AsyncConnection, since: datetime, until: datetime, after: str, limit: int
    ) -> Sequence[str]:
        """See `Book.active`; reversals of orders are among those of the purchases, which look at all of them."""
        window = {"since": since, "until": until, "after": after, "limit": limit}
        return (await connection.execute(_ACTIVE, window)).scalars().all()
