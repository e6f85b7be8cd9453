"""The SQL of orders once they are paid: outcomes followed, refunds taken under a lease, buyers forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.orders.rules import EXPIRY_MARGIN, PAGE_LIFE, Order, OrderStatus
from billing.orders.storage import COLUMNS
from common.db.unit_of_work import UnitOfWork

LEASE = timedelta(seconds=20)  # longer than a step takes (`refunding.ASKING_SECONDS_MAX`)

# What became of an order's work is what became of its hold: charged, or given back for whatever reason.
_FOLLOW_OUTCOMES = text(
    """
    WITH settled AS (
        SELECT orders.order_id, holds.state FROM orders JOIN holds USING (job_id)
        WHERE orders.status = 'paid' AND holds.state <> 'held'
        ORDER BY orders.order_id LIMIT :limit FOR UPDATE OF orders SKIP LOCKED
    )
    UPDATE orders
    SET status = CASE WHEN settled.state <> 'captured' THEN 'refund_due'
                      WHEN refunded_minor - refunds_failed_minor >= price_minor THEN 'refunded'
                      ELSE 'delivered' END,
        ended_at = CASE settled.state WHEN 'captured' THEN now() END, tries = 0, next_step_at = now()
    FROM settled WHERE orders.order_id = settled.order_id
    RETURNING orders.order_id, orders.status
    """
)
_EXPIRE = text(
    """
    UPDATE orders SET status = 'expired', ended_at = now()
    WHERE order_id IN (
        SELECT order_id FROM orders WHERE status = 'open' AND created_at < now() - CAST(:age AS interval)
        ORDER BY created_at LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    """
)
_CLAIM = text(
    f"""
    WITH due AS (
        SELECT order_id AS due_id FROM orders WHERE status = 'refund_due' AND next_step_at <= now()
        ORDER BY next_step_at LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE orders SET tries = tries + 1, next_step_at = now() + CAST(:lease AS interval)
    FROM due WHERE order_id = due_id RETURNING {COLUMNS}
    """  # noqa: S608 - constants
)
_LATER = text(
    """
    UPDATE orders SET next_step_at = now() + CAST(:pause AS interval), refund_error = :error
    WHERE order_id = :order_id AND tries = :tries AND status = 'refund_due'
    """
)
_NEXT_KEY = text(
    """
    UPDATE orders SET refund_attempt = refund_attempt + 1
    WHERE order_id = :order_id AND refund_attempt = :refund_attempt AND status = 'refund_due'
    """
)
_REFUNDED = text(
    """
    UPDATE orders SET status = 'refunded', ended_at = now(), stripe_refund_id = :refund_id, refund_error = NULL
    WHERE order_id = :order_id AND status = 'refund_due'
    """
)
_RETURNED = text(
    "UPDATE orders SET status = 'refunded', ended_at = now(), refund_error = NULL WHERE order_id = :order_id"
)
_NOTE = text(
    """
    UPDATE orders
    SET refunded_minor = greatest(refunded_minor, :refunded),
        refunds_failed_minor = greatest(refunds_failed_minor, :failed)
    WHERE order_id = :order_id RETURNING refunded_minor - refunds_failed_minor AS returned_minor
    """
)
_TELL = text(
    """
    UPDATE orders SET refund_told_minor = :amount WHERE order_id = :order_id AND refund_told_minor < :amount
    """
)
_FAILED = text(
    """
    UPDATE orders SET status = 'refund_failed', ended_at = NULL, refund_error = :error
    WHERE order_id = :order_id AND status = :was
    """
)
_FORGET = text(
    """
    UPDATE orders
    SET email = NULL, input = NULL, idempotency_hash = NULL, checkout_url = NULL, forgotten_at = now()
    WHERE order_id IN (
        SELECT order_id FROM orders
        WHERE forgotten_at IS NULL AND ended_at < now() - CAST(:age AS interval)
        ORDER BY ended_at LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    RETURNING order_id, job_id
    """
)
_WAITING_FOR_PEOPLE = text("SELECT count(*) FROM orders WHERE status = 'refund_failed'")


@dataclass(frozen=True, slots=True)
class Forgotten:
    """An order whose buyer was forgotten just now."""

    order_id: UUID
    job_id: UUID


async def follow_outcomes(uow: UnitOfWork, limit: int) -> dict[UUID, str]:
    """Move orders whose work has its outcome, and say to which status."""
    return {row.order_id: row.status for row in await uow.rows(_FOLLOW_OUTCOMES, {"limit": limit})}


async def expire_abandoned(uow: UnitOfWork, limit: int) -> int:
    """Close orders that can no longer be paid, where Stripe has not said so; how many."""
    return (await uow.execute(_EXPIRE, {"age": PAGE_LIFE + EXPIRY_MARGIN, "limit": limit})).rowcount


async def claim_due(connection: AsyncConnection, limit: int, lease: timedelta) -> list[Order]:
    """Take refunds whose next step is due, for the length of a lease."""
    found = await connection.execute(_CLAIM, {"limit": limit, "lease": lease})
    return [Order(*tuple(row)) for row in found.all()]


async def go_on_later(connection: AsyncConnection, order: Order, pause: timedelta, error: str) -> None:
    """The next step after a pause, unless somebody else has taken the refund since."""
    values = {"order_id": order.order_id, "tries": order.tries, "pause": pause, "error": error[:300]}
    await connection.execute(_LATER, values)


async def use_next_key(connection: AsyncConnection, order: Order) -> None:
    """What is stored under this key is no refund: ask under the next."""
    await connection.execute(_NEXT_KEY, {"order_id": order.order_id, "refund_attempt": order.refund_attempt})


async def mark_refunded(uow: UnitOfWork, order_id: UUID, refund_id: str | None) -> bool:
    """The vendor gives the money back; False when the order was closed before."""
    return bool((await uow.execute(_REFUNDED, {"order_id": order_id, "refund_id": refund_id})).rowcount)


async def mark_returned(uow: UnitOfWork, order_id: UUID) -> None:
    """The money is back with the buyer, by whoever's doing."""
    await uow.execute(_RETURNED, {"order_id": order_id})


async def note_refunds(uow: UnitOfWork, order_id: UUID, refunded_minor: int, failed_minor: int) -> int:
    """Keep what Stripe shows of refunds, both of which only grow there; what has gone back by that."""
    values = {"order_id": order_id, "refunded": refunded_minor, "failed": failed_minor}
    row = await uow.first(_NOTE, values)
    return int(row.returned_minor) if row is not None else 0


async def may_tell(uow: UnitOfWork, order_id: UUID, amount_minor: int) -> bool:
    """Keep that the buyer is told of so much; False when they were, or of more."""
    return bool((await uow.execute(_TELL, {"order_id": order_id, "amount": amount_minor})).rowcount)


async def mark_failed(uow: UnitOfWork, order_id: UUID, was: OrderStatus, error: str) -> bool:
    """The money cannot go back by itself: for a person. False when the order is not what it `was`."""
    values = {"order_id": order_id, "was": was, "error": error[:300]}
    return bool((await uow.execute(_FAILED, values)).rowcount)


async def forget_buyers(uow: UnitOfWork, age: timedelta, limit: int) -> Sequence[Forgotten]:
    """Erase who bought, and what they typed, of orders that ended so long ago."""
    return [Forgotten(*tuple(row)) for row in await uow.rows(_FORGET, {"age": age, "limit": limit})]


async def waiting_for_people(connection: AsyncConnection) -> int:
    """How many orders owe a refund that did not work."""
    return int((await connection.execute(_WAITING_FOR_PEOPLE)).scalar_one())
