"""The SQL of orders until they are paid, and of looking at them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.orders.rules import Order, OrderProduct
from billing.purchases.rules import CheckoutSession
from common.db.unit_of_work import UnitOfWork

COLUMNS = """
    order_id, job_id, kind, title, price_minor, currency, status, email, locale, input, job_class, price_credits,
    deadline_seconds, request_hash, checkout_attempt, checkout_url, checkout_expires_at, stripe_session_id,
    stripe_payment_intent_id, refund_attempt, tries, created_at, paid_at, ended_at,
    refunded_minor - refunds_failed_minor AS returned_minor
"""
_SELECT = f"SELECT {COLUMNS} FROM orders "  # noqa: S608 - constants only

_PRODUCTS = text("SELECT kind, title, price_minor, currency FROM order_products WHERE active ORDER BY kind")
_PRODUCT = text("SELECT kind, title, price_minor, currency FROM order_products WHERE active AND kind = :kind")
_BY_ID = text(_SELECT + "WHERE order_id = :order_id")
_BY_KEY = text(_SELECT + "WHERE idempotency_hash = :idempotency_hash")
_LOCK = text(_SELECT + "WHERE order_id = :order_id FOR UPDATE")
_INSERT = text(
    """
    INSERT INTO orders (
        order_id, job_id, kind, title, price_minor, currency, email, locale, input, job_class, price_credits,
        deadline_seconds, idempotency_hash, request_hash
    ) VALUES (
        :order_id, :job_id, :kind, :title, :price_minor, :currency, :email, :locale, :input, :job_class,
        :price_credits, :deadline_seconds, :idempotency_hash, :request_hash
    ) ON CONFLICT DO NOTHING
    """
).bindparams(bindparam("input", type_=JSONB))
_OPEN = text(
    """
    UPDATE orders
    SET stripe_session_id = coalesce(stripe_session_id, :session_id),
        checkout_url = coalesce(checkout_url, :url),
        checkout_expires_at = coalesce(checkout_expires_at, :expires_at)
    WHERE order_id = :order_id AND forgotten_at IS NULL
    """
)
_NEXT_ATTEMPT = text(
    """
    UPDATE orders SET checkout_attempt = checkout_attempt + 1
    WHERE order_id = :order_id AND checkout_attempt = :checkout_attempt AND stripe_session_id IS NULL
    """
)
_PAY = text(
    """
    UPDATE orders
    SET status = 'paid', paid_at = :paid_at, ended_at = NULL, stripe_session_id = :session_id,
        stripe_payment_intent_id = :payment_intent_id
    WHERE order_id = :order_id
    """
)
_EXPIRE = text(
    """
    UPDATE orders SET status = 'expired', ended_at = now(),
        stripe_session_id = coalesce(stripe_session_id, :session_id)
    WHERE order_id = :order_id AND status = 'open' AND coalesce(stripe_session_id, :session_id) = :session_id
    """
)


@dataclass(frozen=True, slots=True)
class NewOrder:
    """What is written for an order; its ids are chosen before the transaction, so that it can be repeated."""

    order_id: UUID
    job_id: UUID
    kind: str
    title: str
    price_minor: int
    currency: str
    email: str
    locale: str
    input: dict[str, Any]
    job_class: str
    price_credits: int
    deadline_seconds: int
    idempotency_hash: str | None
    request_hash: str


async def products_on_sale(connection: AsyncConnection) -> Sequence[OrderProduct]:
    """All that can be ordered."""
    return [OrderProduct(*tuple(row)) for row in await connection.execute(_PRODUCTS)]


async def product_of_kind(uow: UnitOfWork, kind: str) -> OrderProduct | None:
    """What a kind of work is sold as, where it is."""
    row = await uow.first(_PRODUCT, {"kind": kind})
    return OrderProduct(*tuple(row)) if row is not None else None


async def insert_order(uow: UnitOfWork, new: NewOrder) -> None:
    """Write an order, unless it or another one under its idempotency key is there already."""
    await uow.execute(_INSERT, {name: getattr(new, name) for name in new.__slots__})


async def order_under_key(uow: UnitOfWork, idempotency_hash: str) -> Order | None:
    """The order that was made under an idempotency key."""
    return order_in(await uow.first(_BY_KEY, {"idempotency_hash": idempotency_hash}))


async def order_of(connection: AsyncConnection, order_id: UUID) -> Order | None:
    """One order."""
    return order_in((await connection.execute(_BY_ID, {"order_id": order_id})).first())


async def lock_order(uow: UnitOfWork, order_id: UUID) -> Order | None:
    """The order, locked until the transaction ends."""
    return order_in(await uow.first(_LOCK, {"order_id": order_id}))


async def record_page(connection: AsyncConnection, order_id: UUID, session: CheckoutSession) -> None:
    """Remember the payment page of an order, unless it has one. Safe to repeat."""
    values = {"session_id": session.session_id, "url": session.url, "expires_at": session.expires_at}
    await connection.execute(_OPEN, {"order_id": order_id, **values})


async def begin_next_attempt(connection: AsyncConnection, order: Order) -> None:
    """Give up the vendor's idempotency key of this attempt: what is stored under it is no page."""
    await connection.execute(_NEXT_ATTEMPT, {"order_id": order.order_id, "checkout_attempt": order.checkout_attempt})


async def mark_paid(uow: UnitOfWork, order: Order, session: CheckoutSession, paid_at: Any) -> None:
    """The money arrived, by this session; also for an order that had expired."""
    values = {"session_id": session.session_id, "payment_intent_id": session.payment_intent_id, "paid_at": paid_at}
    await uow.execute(_PAY, {"order_id": order.order_id, **values})


async def mark_expired(uow: UnitOfWork, order_id: UUID, session: CheckoutSession) -> bool:
    """Its page closed without money; False when the order is beyond that, or has another page."""
    result = await uow.execute(_EXPIRE, {"order_id": order_id, "session_id": session.session_id})
    return bool(result.rowcount)


def order_in(row: Row[Any] | None) -> Order | None:
    """The order of a row with `COLUMNS`."""
    return Order(*tuple(row)) if row is not None else None
