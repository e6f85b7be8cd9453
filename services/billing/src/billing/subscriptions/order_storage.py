"""The SQL of orders of subscriptions, and of changes of their plans."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.purchases.rules import CheckoutSession
from billing.subscriptions.periods import Interval
from billing.subscriptions.rules import Effect, Order
from common.db.unit_of_work import UnitOfWork

_COLUMNS = """
    order_id, account_id, plan, billing_interval, amount_minor, currency, status, success_url, cancel_url,
    stripe_customer_id, stripe_price_id, checkout_attempt, checkout_url, checkout_expires_at, stripe_session_id,
    request_hash
"""
_SELECT = f"SELECT {_COLUMNS} FROM subscription_orders "  # noqa: S608 - constants only
_BY_ID = text(_SELECT + "WHERE order_id = :order_id")
_BY_KEY = text(_SELECT + "WHERE account_id = :account_id AND idempotency_key = :idempotency_key")
_OTHERS_OPEN = text(
    _SELECT
    + """
    WHERE account_id = :account_id AND order_id <> :order_id AND status IN ('created', 'open')
    ORDER BY order_id DESC LIMIT :limit
    """
)
_INSERT = text(
    """
    INSERT INTO subscription_orders (
        order_id, account_id, plan, billing_interval, amount_minor, currency, success_url, cancel_url,
        idempotency_key, request_hash
    ) VALUES (
        :order_id, :account_id, :plan, :billing_interval, :amount_minor, :currency, :success_url, :cancel_url,
        :idempotency_key, :request_hash
    ) ON CONFLICT DO NOTHING
    """
)
_PREPARE = text(
    """
    UPDATE subscription_orders SET stripe_customer_id = :stripe_customer_id, stripe_price_id = :stripe_price_id
    WHERE order_id = :order_id AND checkout_attempt = :checkout_attempt AND stripe_customer_id IS NULL
    """
)
_NEXT_ATTEMPT = text(
    """
    UPDATE subscription_orders
    SET checkout_attempt = checkout_attempt + 1, stripe_customer_id = NULL, stripe_price_id = NULL
    WHERE order_id = :order_id AND checkout_attempt = :checkout_attempt AND stripe_session_id IS NULL
    """
)
_OPEN = text(
    """
    UPDATE subscription_orders
    SET stripe_session_id = coalesce(stripe_session_id, :session_id),
        checkout_url = coalesce(checkout_url, :url),
        checkout_expires_at = coalesce(checkout_expires_at, :expires_at),
        status = CASE WHEN status = 'created' THEN 'open' ELSE status END
    WHERE order_id = :order_id
    """
)
_COMPLETE = text("UPDATE subscription_orders SET status = 'completed' WHERE order_id = :order_id")
_EXPIRE = text(
    "UPDATE subscription_orders SET status = 'expired' WHERE order_id = :order_id AND status IN ('created', 'open')"
)
_ACCOUNT = text("SELECT account_id FROM subscription_orders WHERE order_id = :order_id")
_CHANGE_COLUMNS = (
    "change_id, subscription_id, plan, billing_interval, stripe_price_id, takes_effect, status, request_hash"
)
_CHANGE_BY_ID = text(f"SELECT {_CHANGE_COLUMNS} FROM plan_changes WHERE change_id = :change_id")  # noqa: S608
_CHANGE_BY_KEY = text(
    f"SELECT {_CHANGE_COLUMNS} FROM plan_changes WHERE account_id = :account_id AND idempotency_key = :key"  # noqa: S608
)
_INSERT_CHANGE = text(
    """
    INSERT INTO plan_changes (
        change_id, account_id, subscription_id, plan, billing_interval, stripe_price_id, takes_effect,
        idempotency_key, request_hash
    ) VALUES (
        :change_id, :account_id, :subscription_id, :plan, :billing_interval, :stripe_price_id, :takes_effect,
        :idempotency_key, :request_hash
    ) ON CONFLICT DO NOTHING
    """
)
_CLOSE_CHANGE = text("UPDATE plan_changes SET status = :status WHERE change_id = :change_id AND status = 'pending'")
OTHERS_MAX = 20


@dataclass(frozen=True, slots=True)
class NewOrder:
    """What is written for an order; the id is chosen before the transaction, so that it can be repeated."""

    order_id: UUID
    account_id: UUID
    plan: str
    billing_interval: str
    amount_minor: int
    currency: str
    success_url: str
    cancel_url: str
    idempotency_key: str | None
    request_hash: str


@dataclass(frozen=True, slots=True)
class NewChange:
    """What is written for a wish to change a plan."""

    change_id: UUID
    account_id: UUID
    subscription_id: UUID
    plan: str
    billing_interval: str
    stripe_price_id: str
    takes_effect: Effect
    idempotency_key: str | None
    request_hash: str


@dataclass(frozen=True, slots=True)
class Change:
    """A wish to change a plan, and whether it was granted."""

    change_id: UUID
    subscription_id: UUID
    plan: str
    interval: Interval
    stripe_price_id: str
    takes_effect: Effect
    status: str
    request_hash: str


async def insert_order(uow: UnitOfWork, new: NewOrder) -> None:
    """Write an order, unless it or another one under its idempotency key is there already."""
    await uow.execute(_INSERT, {name: getattr(new, name) for name in new.__slots__})


async def order_under_key(uow: UnitOfWork, account_id: UUID, idempotency_key: str) -> Order | None:
    """The order an account made under an idempotency key."""
    return _order(await uow.first(_BY_KEY, {"account_id": account_id, "idempotency_key": idempotency_key}))


async def order_by_id(connection: AsyncConnection, order_id: UUID) -> Order | None:
    """An order."""
    return _order((await connection.execute(_BY_ID, {"order_id": order_id})).first())


async def others_open(connection: AsyncConnection, order: Order) -> list[Order]:
    """The account's other orders that can still be paid, the newest first."""
    parameters = {"account_id": order.account_id, "order_id": order.order_id, "limit": OTHERS_MAX}
    return [Order(*row) for row in (await connection.execute(_OTHERS_OPEN, parameters)).all()]


async def prepare_attempt(
    connection: AsyncConnection, order: Order, stripe_customer_id: str, stripe_price_id: str
) -> None:
    """Fix whom and at what price this attempt is for, unless that is fixed."""
    await connection.execute(
        _PREPARE,
        {
            "order_id": order.order_id,
            "checkout_attempt": order.checkout_attempt,
            "stripe_customer_id": stripe_customer_id,
            "stripe_price_id": stripe_price_id,
        },
    )


async def begin_next_attempt(connection: AsyncConnection, order: Order) -> None:
    """Give up the vendor's idempotency key of this attempt, and what it was for."""
    await connection.execute(_NEXT_ATTEMPT, {"order_id": order.order_id, "checkout_attempt": order.checkout_attempt})


async def record_session(connection: AsyncConnection, order_id: UUID, session: CheckoutSession) -> None:
    """Remember the payment page of an order, unless it has one. Safe to repeat."""
    await connection.execute(
        _OPEN,
        {
            "order_id": order_id,
            "session_id": session.session_id,
            "url": session.url,
            "expires_at": session.expires_at,
        },
    )


async def complete_order(uow: UnitOfWork, order_id: UUID) -> None:
    """The order has led to a subscription."""
    await uow.execute(_COMPLETE, {"order_id": order_id})


async def expire_order(connection: AsyncConnection, order_id: UUID) -> None:
    """Nothing comes of the order."""
    await connection.execute(_EXPIRE, {"order_id": order_id})


async def account_of_order(uow: UnitOfWork, order_id: UUID) -> UUID | None:
    """Whose order it is."""
    row = await uow.first(_ACCOUNT, {"order_id": order_id})
    return row.account_id if row is not None else None


async def insert_change(uow: UnitOfWork, new: NewChange) -> Change:
    """Write a wish, or find the one this request or its key made before."""
    await uow.execute(_INSERT_CHANGE, {name: getattr(new, name) for name in new.__slots__})
    if new.idempotency_key is None:
        row = await uow.first(_CHANGE_BY_ID, {"change_id": new.change_id})
    else:
        row = await uow.first(_CHANGE_BY_KEY, {"account_id": new.account_id, "key": new.idempotency_key})
    if row is None:
        raise AssertionError("a change that was not inserted must be there")
    return Change(*tuple(row))


async def change_under_key(connection: AsyncConnection, account_id: UUID, key: str) -> Change | None:
    """The wish an account made under an idempotency key."""
    row = (await connection.execute(_CHANGE_BY_KEY, {"account_id": account_id, "key": key})).first()
    return Change(*tuple(row)) if row is not None else None


async def close_change(connection: AsyncConnection, change_id: UUID, status: str) -> None:
    """The wish was granted, or the card was declined."""
    await connection.execute(_CLOSE_CHANGE, {"change_id": change_id, "status": status})


def _order(row: Row[Any] | None) -> Order | None:
    return Order(*tuple(row)) if row is not None else None
