"""The SQL of purchases."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.purchases.rules import CheckoutSession, Purchase
from common.db.unit_of_work import UnitOfWork

_COLUMNS = """
    purchase_id, account_id, product_id, credits, amount_minor, currency, status, success_url, cancel_url,
    checkout_attempt, checkout_url, checkout_expires_at, stripe_session_id, stripe_payment_intent_id,
    request_hash, created_at, paid_at
"""
_SELECT = f"SELECT {_COLUMNS} FROM purchases "  # noqa: S608 - constants only

_BY_KEY = text(_SELECT + "WHERE account_id = :account_id AND idempotency_key = :idempotency_key")
_OF_ACCOUNT = text(_SELECT + "WHERE account_id = :account_id AND purchase_id = :purchase_id")
_PAGE = text(
    _SELECT
    + """
    WHERE account_id = :account_id AND (CAST(:before AS uuid) IS NULL OR purchase_id < CAST(:before AS uuid))
    ORDER BY purchase_id DESC LIMIT :limit
    """
)
_LOCK = text(_SELECT + "WHERE purchase_id = :purchase_id FOR UPDATE")
_INSERT = text(
    """
    INSERT INTO purchases (
        purchase_id, account_id, product_id, credits, amount_minor, currency,
        success_url, cancel_url, idempotency_key, request_hash
    ) VALUES (
        :purchase_id, :account_id, :product_id, :credits, :amount_minor, :currency,
        :success_url, :cancel_url, :idempotency_key, :request_hash
    ) ON CONFLICT DO NOTHING
    """
)
_OPEN = text(
    """
    UPDATE purchases
    SET stripe_session_id = coalesce(stripe_session_id, :session_id),
        checkout_url = coalesce(checkout_url, :url),
        checkout_expires_at = coalesce(checkout_expires_at, :expires_at),
        status = CASE WHEN status = 'created' THEN 'open' ELSE status END
    WHERE purchase_id = :purchase_id
    """
)
_NEXT_ATTEMPT = text(
    """
    UPDATE purchases SET checkout_attempt = checkout_attempt + 1
    WHERE purchase_id = :purchase_id AND checkout_attempt = :checkout_attempt AND stripe_session_id IS NULL
    """
)
_PAY = text(
    """
    UPDATE purchases
    SET status = 'paid', paid_at = now(),
        stripe_payment_intent_id = :payment_intent_id, stripe_session_id = :session_id
    WHERE purchase_id = :purchase_id AND status <> 'paid'
    """
)
_CLOSE = text(
    """
    UPDATE purchases SET status = :status, stripe_session_id = coalesce(stripe_session_id, :session_id)
    WHERE purchase_id = :purchase_id AND status IN ('created', 'open')
      AND coalesce(stripe_session_id, :session_id) = :session_id
    """
)


@dataclass(frozen=True, slots=True)
class NewPurchase:
    """What is written for an order; the id is chosen before the transaction, so that it can be repeated."""

    purchase_id: UUID
    account_id: UUID
    product_id: str
    credits: int
    amount_minor: int
    currency: str
    success_url: str
    cancel_url: str
    idempotency_key: str | None
    request_hash: str


async def insert_purchase(uow: UnitOfWork, new: NewPurchase) -> None:
    """Write an order, unless it or another one under its idempotency key is there already."""
    await uow.execute(_INSERT, {name: getattr(new, name) for name in new.__slots__})


async def purchase_under_key(uow: UnitOfWork, account_id: UUID, idempotency_key: str) -> Purchase | None:
    """The order an account made under an idempotency key."""
    return _purchase(await uow.first(_BY_KEY, {"account_id": account_id, "idempotency_key": idempotency_key}))


async def purchase_of(connection: AsyncConnection, account_id: UUID, purchase_id: UUID) -> Purchase | None:
    """One purchase of an account."""
    found = await connection.execute(_OF_ACCOUNT, {"account_id": account_id, "purchase_id": purchase_id})
    return _purchase(found.first())


async def purchases_page(
    connection: AsyncConnection, account_id: UUID, before: UUID | None, limit: int
) -> Sequence[Purchase]:
    """Purchases of an account, newest first, those made before `before`."""
    found = await connection.execute(_PAGE, {"account_id": account_id, "before": before, "limit": limit})
    return [Purchase(*row) for row in found.all()]


async def lock_purchase(uow: UnitOfWork, purchase_id: UUID) -> Purchase | None:
    """The purchase, locked until the transaction ends."""
    return _purchase(await uow.first(_LOCK, {"purchase_id": purchase_id}))


async def record_session(connection: AsyncConnection, purchase_id: UUID, session: CheckoutSession) -> None:
    """Remember the Checkout session of a purchase, unless it has one. Safe to repeat."""
    await connection.execute(
        _OPEN,
        {
            "purchase_id": purchase_id,
            "session_id": session.session_id,
            "url": session.url,
            "expires_at": session.expires_at,
        },
    )


async def begin_next_attempt(connection: AsyncConnection, purchase: Purchase) -> None:
    """Give up the vendor's idempotency key of this attempt: what is stored under it is no session."""
    await connection.execute(
        _NEXT_ATTEMPT, {"purchase_id": purchase.purchase_id, "checkout_attempt": purchase.checkout_attempt}
    )


async def mark_paid(uow: UnitOfWork, purchase_id: UUID, session: CheckoutSession) -> None:
    """The money arrived, by this session."""
    await uow.execute(
        _PAY,
        {
            "purchase_id": purchase_id,
            "session_id": session.session_id,
            "payment_intent_id": session.payment_intent_id,
        },
    )


async def mark_closed(uow: UnitOfWork, purchase_id: UUID, status: str, session: CheckoutSession) -> bool:
    """Its session ended without money; False when the purchase is beyond that, or has another session."""
    result = await uow.execute(_CLOSE, {"purchase_id": purchase_id, "status": status, "session_id": session.session_id})
    return bool(result.rowcount)


def _purchase(row: Row[Any] | None) -> Purchase | None:
    return Purchase(*tuple(row)) if row is not None else None
