"""Our side of the comparison: what purchases, subscriptions and the journal say about payments that Stripe lists."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.ledger.reversals import credits_to_take_back
from billing.orders.book import OrderBook
from billing.purchases.rules import purchase_id_in
from billing.reconciliation.rules import Booked, Kind, Listed

# What the journal gave for a payment less what it took back: the house's side of its grants and clawbacks.
_PURCHASES = text(
    """
    WITH asked AS (
        SELECT payment_id, 'stripe:' || payment_id || '\\:credits' AS lot_reference
        FROM unnest(CAST(:ids AS text[])) AS payment_id
    ), numbered AS (
        SELECT asked.*, coalesce(reversal.reversed_minor - reversal.reinstated_minor, 0) AS reversed_minor,
               coalesce(reversal.postings, 0) AS postings
        FROM asked LEFT JOIN payment_reversals reversal USING (lot_reference)
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
    SELECT payment_id, purchases.amount_minor, purchases.currency, purchases.credits, numbered.reversed_minor,
           purchases.stripe_payment_intent_id IS NULL AS free, coalesce(journal.credits, 0) AS booked_credits
    FROM numbered LEFT JOIN journal USING (payment_id)
    JOIN purchases ON purchases.status = 'paid'
        AND (purchases.stripe_payment_intent_id = payment_id
             OR (purchases.stripe_payment_intent_id IS NULL AND purchases.stripe_session_id = payment_id))
    """
)
_PURCHASES_ACTIVE = text(
    """
    SELECT coalesce(stripe_payment_intent_id, stripe_session_id) AS payment_id FROM purchases
    WHERE status = 'paid' AND paid_at >= :since AND paid_at < :until
      AND coalesce(stripe_payment_intent_id, stripe_session_id) > :after
    UNION
    SELECT split_part(lot_reference, ':', 2) FROM payment_reversals
    WHERE updated_at >= :since AND updated_at < :until AND lot_reference LIKE 'stripe\\:%\\:credits'
      AND split_part(lot_reference, ':', 2) > :after
    ORDER BY payment_id LIMIT :limit
    """
)
_INVOICES = text(
    """
    SELECT stripe_invoice_id, total_minor, currency, reversed_minor - reinstated_minor AS reversed_minor,
           coalesce((SELECT sum(granted_credits - taken_back_credits) FROM subscription_grants
                     WHERE subscription_grants.stripe_invoice_id = invoice.stripe_invoice_id), 0) AS booked_credits
    FROM subscription_invoices invoice WHERE paid AND stripe_invoice_id = ANY(CAST(:ids AS text[]))
    """
)
_INVOICES_ACTIVE = text(
    """
    SELECT stripe_invoice_id FROM subscription_invoices
    WHERE paid AND created_at >= :since AND created_at < :until AND stripe_invoice_id > :after
    ORDER BY stripe_invoice_id LIMIT :limit
    """
)
_OUR_CUSTOMERS = text(
    "SELECT stripe_customer_id FROM stripe_customers WHERE stripe_customer_id = ANY(CAST(:ids AS text[]))"
)


class Book(Protocol):
    """One kind of thing that people pay for."""

    kinds: frozenset[Kind]

    async def look_up(self, connection: AsyncConnection, listed: Sequence[Listed]) -> Mapping[str, Booked | None]:
        """What is booked of payments that Stripe lists. Those that are none of ours are left out."""

    async def active(
        self, connection: AsyncConnection, since: datetime, until: datetime, after: str, limit: int
    ) -> Sequence[str]:
        """Payments we booked, or whose reversal we booked, in a window, in the order of their ids."""


class PurchaseBook:
    """Packs of credits, bought on a page or by an automatic top-up."""

    kinds: frozenset[Kind] = frozenset({"payment", "session"})

    async def look_up(self, connection: AsyncConnection, listed: Sequence[Listed]) -> Mapping[str, Booked | None]:
        """See `Book.look_up`; a payment is ours when it refers to a purchase, or a purchase to it."""
        found: dict[str, Booked | None] = {
            one.payment_id: None for one in listed if purchase_id_in(one.reference) is not None
        }
        for row in await connection.execute(_PURCHASES, {"ids": [one.payment_id for one in listed]}):
            paid_minor = 0 if row.free else row.amount_minor
            taken_back = credits_to_take_back(row.credits, paid_minor, row.reversed_minor) if paid_minor else 0
            found[row.payment_id] = Booked(
                payment_id=row.payment_id,
                paid_minor=paid_minor,
                reversed_minor=int(row.reversed_minor),
                currency=row.currency,
                booked_credits=int(row.booked_credits),
                due_credits=row.credits - taken_back,
            )
        return found

    async def active(
        self, connection: AsyncConnection, since: datetime, until: datetime, after: str, limit: int
    ) -> Sequence[str]:
        """See `Book.active`."""
        window = {"since": since, "until": until, "after": after, "limit": limit}
        return (await connection.execute(_PURCHASES_ACTIVE, window)).scalars().all()


class InvoiceBook:
    """Invoices of subscriptions. Their credits come month by month, so that only the money is compared."""

    kinds: frozenset[Kind] = frozenset({"invoice"})

    async def look_up(self, connection: AsyncConnection, listed: Sequence[Listed]) -> Mapping[str, Booked | None]:
        """See `Book.look_up`; an invoice is ours when its customer is."""
        customers = [one.customer_id for one in listed if one.customer_id is not None]
        ours = set((await connection.execute(_OUR_CUSTOMERS, {"ids": customers})).scalars())
        found: dict[str, Booked | None] = {one.payment_id: None for one in listed if one.customer_id in ours}
        for row in await connection.execute(_INVOICES, {"ids": [one.payment_id for one in listed]}):
            found[row.stripe_invoice_id] = Booked(
                payment_id=row.stripe_invoice_id,
                paid_minor=int(row.total_minor),
                reversed_minor=int(row.reversed_minor),
                currency=row.currency,
                booked_credits=int(row.booked_credits),
            )
        return found

    async def active(
        self, connection: AsyncConnection, since: datetime, until: datetime, after: str, limit: int
    ) -> Sequence[str]:
        """See `Book.active`."""
        window = {"since": since, "until": until, "after": after, "limit": limit}
        return (await connection.execute(_INVOICES_ACTIVE, window)).scalars().all()


BOOKS: tuple[Book, ...] = (PurchaseBook(), OrderBook(), InvoiceBook())
