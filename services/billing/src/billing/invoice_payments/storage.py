"""The SQL of invoices' money."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.invoice_payments.ports import PaymentLink
from billing.invoice_payments.rules import Bill, Surplus
from common.db.unit_of_work import UnitOfWork
from common.events.documents import InvoiceIssued

LEASE = timedelta(seconds=30)
"""Longer than a step takes (`collecting.ASKING_SECONDS_MAX`)."""
ERROR_CHARACTERS_MAX = 300

_COLUMNS = ", ".join(field.name for field in fields(Bill))
_SURPLUS_COLUMNS = ", ".join(field.name for field in fields(Surplus))

_INSERT = text(
    """
    INSERT INTO invoice_payments (invoice_id, account_id, number, title, amount_minor, currency, language)
    VALUES (:invoice_id, :account_id, :number, :title, :amount_minor, :currency, :language)
    ON CONFLICT (invoice_id) DO NOTHING
    """
)
_VOID = text(
    """
    UPDATE invoice_payments SET status = 'void', tries = 0, next_step_at = now()
    WHERE account_id = :account_id AND status IN ('link_due', 'open', 'refused')
    """
)
_CLAIM = text(
    f"""
    WITH due AS (
        SELECT invoice_id AS due_id FROM invoice_payments
        WHERE (status = 'link_due'
               OR (status IN ('paid', 'void') AND stripe_link_id IS NOT NULL AND link_closed_at IS NULL))
          AND next_step_at <= now()
        ORDER BY next_step_at LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE invoice_payments SET tries = tries + 1, next_step_at = now() + CAST(:lease AS interval)
    FROM due WHERE invoice_id = due_id RETURNING {_COLUMNS}
    """  # noqa: S608 - constants
)
_LINKED = text(
    """
    UPDATE invoice_payments
    SET stripe_link_id = :link_id, payment_url = :url, tries = 0, error = NULL, next_step_at = now(),
        status = CASE status WHEN 'link_due' THEN 'open' ELSE status END
    WHERE invoice_id = :invoice_id AND stripe_link_id IS NULL RETURNING status
    """
)
_CLOSED = text("UPDATE invoice_payments SET link_closed_at = now(), error = NULL WHERE invoice_id = :invoice_id")
_LATER = text(
    """
    UPDATE invoice_payments SET next_step_at = now() + CAST(:pause AS interval), error = :error
    WHERE invoice_id = :invoice_id AND tries = :tries
    """
)
_NEXT_LINK_KEY = text(
    """
    UPDATE invoice_payments SET link_attempt = link_attempt + 1
    WHERE invoice_id = :invoice_id AND link_attempt = :link_attempt AND stripe_link_id IS NULL
    """
)
_REFUSED = text(
    """
    UPDATE invoice_payments SET status = 'refused', error = :error
    WHERE invoice_id = :invoice_id AND status = 'link_due'
    """
)
_LOCK = text(f"SELECT {_COLUMNS} FROM invoice_payments WHERE invoice_id = :invoice_id FOR UPDATE")  # noqa: S608 - constants
_PAID = text(
    """
    UPDATE invoice_payments
    SET status = 'paid', paid_at = :paid_at, stripe_payment_intent_id = :payment, tries = 0, next_step_at = now()
    WHERE invoice_id = :invoice_id
    """
)
_REVERSED = text(
    """
    UPDATE invoice_payments SET reversed_minor = :reversed_minor
    WHERE stripe_payment_intent_id = :payment AND reversed_minor <> :reversed_minor
    """
)
_INSERT_SURPLUS = text(
    """
    INSERT INTO surplus_payments (payment_intent_id, invoice_id, amount_minor)
    VALUES (:payment, :invoice_id, :amount_minor) ON CONFLICT DO NOTHING RETURNING 1
    """
)
_CLAIM_SURPLUS = text(
    f"""
    WITH due AS (
        SELECT payment_intent_id AS due_id FROM surplus_payments WHERE status = 'refund_due' AND next_step_at <= now()
        ORDER BY next_step_at LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE surplus_payments SET tries = tries + 1, next_step_at = now() + CAST(:lease AS interval)
    FROM due WHERE payment_intent_id = due_id RETURNING {_SURPLUS_COLUMNS}
    """  # noqa: S608 - constants
)
_SURPLUS_LATER = text(
    """
    UPDATE surplus_payments SET next_step_at = now() + CAST(:pause AS interval), error = :error
    WHERE payment_intent_id = :payment AND tries = :tries AND status = 'refund_due'
    """
)
_NEXT_REFUND_KEY = text(
    """
    UPDATE surplus_payments SET refund_attempt = refund_attempt + 1
    WHERE payment_intent_id = :payment AND refund_attempt = :refund_attempt AND status = 'refund_due'
    """
)
_SURPLUS_ENDED = text(
    """
    UPDATE surplus_payments SET status = :status, refund_id = :refund_id, error = :error
    WHERE payment_intent_id = :payment AND status = 'refund_due'
    """
)
_WAITING_FOR_PEOPLE = text("SELECT count(*) FROM surplus_payments WHERE status = 'refund_failed'")


async def insert_bill(uow: UnitOfWork, event: InvoiceIssued) -> None:
    """Note that an invoice is to be paid."""
    values = {
        "invoice_id": event.invoice_id,
        "account_id": event.account_id,
        "number": event.number,
        "title": event.title,
        "amount_minor": event.gross_minor,
        "currency": event.currency.lower(),
        "language": event.language,
    }
    await uow.execute(_INSERT, values)


async def void_bills(uow: UnitOfWork, account_id: UUID) -> None:
    """Nobody is to pay what this account has asked for and not been paid."""
    await uow.execute(_VOID, {"account_id": account_id})


async def claim_due(connection: AsyncConnection, limit: int) -> list[Bill]:
    """Take bills whose next step is due, for the length of a lease."""
    found = await connection.execute(_CLAIM, {"limit": limit, "lease": LEASE})
    return [Bill(*tuple(row)) for row in found.all()]


async def note_link(uow: UnitOfWork, invoice_id: UUID, link: PaymentLink) -> str | None:
    """Keep the link; the bill's status then, or None where it had one already."""
    row = await uow.first(_LINKED, {"invoice_id": invoice_id, "link_id": link.link_id, "url": link.url})
    return None if row is None else str(row.status)


async def note_closed(connection: AsyncConnection, invoice_id: UUID) -> None:
    """The link takes no payment any more."""
    await connection.execute(_CLOSED, {"invoice_id": invoice_id})


async def go_on_later(connection: AsyncConnection, bill: Bill, pause: timedelta, error: str) -> None:
    """The next step after a pause, unless somebody else has taken it since."""
    values = {"invoice_id": bill.invoice_id, "tries": bill.tries, "pause": pause}
    await connection.execute(_LATER, {**values, "error": error[:ERROR_CHARACTERS_MAX]})


async def use_next_link_key(connection: AsyncConnection, bill: Bill) -> None:
    """What is stored under this key is no link: ask under the next."""
    await connection.execute(_NEXT_LINK_KEY, {"invoice_id": bill.invoice_id, "link_attempt": bill.link_attempt})


async def refuse(connection: AsyncConnection, bill: Bill, error: str) -> None:
    """Stripe makes no link for it: for a person."""
    await connection.execute(_REFUSED, {"invoice_id": bill.invoice_id, "error": error[:ERROR_CHARACTERS_MAX]})


async def lock_bill(uow: UnitOfWork, invoice_id: UUID) -> Bill | None:
    """The bill, locked."""
    row = await uow.first(_LOCK, {"invoice_id": invoice_id})
    return None if row is None else Bill(*tuple(row))


async def mark_paid(uow: UnitOfWork, invoice_id: UUID, payment_intent_id: str, paid_at: datetime) -> None:
    """It was paid, by this payment."""
    await uow.execute(_PAID, {"invoice_id": invoice_id, "payment": payment_intent_id, "paid_at": paid_at})


async def note_reversed(uow: UnitOfWork, payment_intent_id: str, reversed_minor: int) -> bool:
    """What is refunded or disputed of a payment now; whether that is news."""
    values = {"payment": payment_intent_id, "reversed_minor": reversed_minor}
    return bool((await uow.execute(_REVERSED, values)).rowcount)


async def insert_surplus(uow: UnitOfWork, invoice_id: UUID, payment_intent_id: str, amount_minor: int) -> bool:
    """A payment is one too many and goes back; False where that was known."""
    values = {"invoice_id": invoice_id, "payment": payment_intent_id, "amount_minor": amount_minor}
    return await uow.first(_INSERT_SURPLUS, values) is not None


async def claim_surplus(connection: AsyncConnection, limit: int) -> Sequence[Surplus]:
    """Take payments that are to go back, for the length of a lease."""
    found = await connection.execute(_CLAIM_SURPLUS, {"limit": limit, "lease": LEASE})
    return [Surplus(*tuple(row)) for row in found.all()]


async def refund_later(connection: AsyncConnection, surplus: Surplus, pause: timedelta, error: str) -> None:
    """Ask again after a pause."""
    values = {"payment": surplus.payment_intent_id, "tries": surplus.tries, "pause": pause}
    await connection.execute(_SURPLUS_LATER, {**values, "error": error[:ERROR_CHARACTERS_MAX]})


async def use_next_refund_key(connection: AsyncConnection, surplus: Surplus) -> None:
    """What is stored under this key is no refund: ask under the next."""
    values = {"payment": surplus.payment_intent_id, "refund_attempt": surplus.refund_attempt}
    await connection.execute(_NEXT_REFUND_KEY, values)


async def mark_refunded(connection: AsyncConnection, surplus: Surplus, refund_id: str) -> None:
    """The payment went back."""
    values = {"payment": surplus.payment_intent_id, "status": "refunded", "refund_id": refund_id, "error": None}
    await connection.execute(_SURPLUS_ENDED, values)


async def mark_refund_failed(connection: AsyncConnection, surplus: Surplus, error: str) -> None:
    """The payment cannot go back by itself: for a person."""
    values = {"payment": surplus.payment_intent_id, "status": "refund_failed", "refund_id": None}
    await connection.execute(_SURPLUS_ENDED, {**values, "error": error[:ERROR_CHARACTERS_MAX]})


async def waiting_for_people(connection: AsyncConnection) -> int:
    """How many payments that are too much could not be given back."""
    return int((await connection.execute(_WAITING_FOR_PEOPLE)).scalar_one())
