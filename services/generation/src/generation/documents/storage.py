"""The SQL of numbered documents."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from generation.documents.numbering import Number, Series
from generation.documents.offer import Offer
from generation.engine.artefact import FileArtefact
from generation.runs.json_text import to_json

_LAST = text("SELECT last FROM document_counters WHERE account_id = :account_id AND series = :series AND year = :year")
_COUNTER = text(
    """
    INSERT INTO document_counters (account_id, series, year) VALUES (:account_id, :series, :year)
    ON CONFLICT DO NOTHING
    """
)
_TAKE = text(
    """
    UPDATE document_counters SET last = :sequence
    WHERE account_id = :account_id AND series = :series AND year = :year AND last = :sequence - 1 RETURNING last
    """
)
_INSERT_QUOTE = text(
    """
    INSERT INTO quotes (quote_id, account_id, year, sequence, number, issued_on, content, pdf, mailed_to)
    VALUES (:quote_id, :account_id, :year, :sequence, :number, :issued_on, CAST(:content AS jsonb),
            CAST(:pdf AS jsonb), :mailed_to)
    RETURNING *
    """
)
_INSERT_INVOICE = text(
    """
    INSERT INTO invoices (invoice_id, account_id, quote_id, year, sequence, number, issued_on, due_on, gross_minor,
                          currency, content, pdf, mailed_to, payable, pay_token)
    VALUES (:invoice_id, :account_id, :quote_id, :year, :sequence, :number, :issued_on, :due_on, :gross_minor,
            :currency, CAST(:content AS jsonb), CAST(:pdf AS jsonb), :mailed_to, :payable, :pay_token)
    RETURNING *
    """
)
_QUOTE = "SELECT * FROM quotes WHERE quote_id = :id AND account_id = :account_id AND content IS NOT NULL"
_INVOICE = "SELECT * FROM invoices WHERE invoice_id = :id AND account_id = :account_id AND content IS NOT NULL"
_INVOICE_OF_QUOTE = text("SELECT * FROM invoices WHERE quote_id = :quote_id AND account_id = :account_id")
_PAID_BY = text("SELECT * FROM invoices WHERE pay_token = :token AND content IS NOT NULL")
_ACCEPT = text(
    """
    UPDATE quotes SET accepted_at = coalesce(accepted_at, now())
    WHERE quote_id = :id AND account_id = :account_id AND content IS NOT NULL RETURNING *
    """
)
_PAGES = {
    table: text(
        f"""
        SELECT * FROM {table} WHERE account_id = :account_id AND content IS NOT NULL
          AND (CAST(:before AS uuid) IS NULL OR {column} < :before)
        ORDER BY {column} DESC LIMIT :limit
        """  # noqa: S608 - constants
    )
    for table, column in (("quotes", "quote_id"), ("invoices", "invoice_id"))
}
_LINKED = text(
    """
    UPDATE invoices SET payment_url = :payment_url
    WHERE invoice_id = :id AND account_id = :account_id AND content IS NOT NULL
    """
)
_PAID = text(
    """
    UPDATE invoices SET paid_at = coalesce(paid_at, :paid_at) WHERE invoice_id = :id AND account_id = :account_id
    """
)
_COUNT_MAIL = text(
    """
    INSERT INTO client_mails AS counted (account_id, day, sent) VALUES (:account_id, :day, 1)
    ON CONFLICT (account_id, day) DO UPDATE SET sent = counted.sent + 1 WHERE counted.sent < :sent_max
    RETURNING sent
    """
)
_FORGET = (
    text("UPDATE quotes SET content = NULL, pdf = NULL, mailed_to = NULL WHERE account_id = :account_id"),
    text(
        """
        UPDATE invoices SET content = NULL, pdf = NULL, mailed_to = NULL, payment_url = NULL
        WHERE account_id = :account_id
        """
    ),
    text("DELETE FROM client_mails WHERE account_id = :account_id"),
)


@dataclass(frozen=True, slots=True)
class Quote:
    """A quote that was issued."""

    quote_id: UUID
    account_id: UUID
    number: str
    issued_on: date
    offer: Offer
    pdf: FileArtefact
    mailed_to: str | None
    created_at: datetime
    accepted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice that was issued."""

    invoice_id: UUID
    account_id: UUID
    quote_id: UUID
    number: str
    issued_on: date
    due_on: date
    offer: Offer
    pdf: FileArtefact
    mailed_to: str | None
    payable: bool
    pay_token: str
    payment_url: str | None
    created_at: datetime
    paid_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewDocument:
    """What is written when a document is issued."""

    number: Number
    offer: Offer
    pdf: FileArtefact
    mailed_to: str | None


async def last_sequence(database: Database, account_id: UUID, series: Series, year: int) -> int:
    """The last number given; it may be outdated by the time it is read."""
    key = {"account_id": account_id, "series": series, "year": year}
    async with database.autocommit() as connection:
        return (await connection.execute(_LAST, key)).scalar() or 0


async def take_number(uow: UnitOfWork, account_id: UUID, number: Number) -> bool:
    """Take this number if it is the next one. The counter stays locked until the transaction ends, and goes with it."""
    key = {"account_id": account_id, "series": number.series, "year": number.year}
    await uow.execute(_COUNTER, key)
    return await uow.first(_TAKE, {**key, "sequence": number.sequence}) is not None


async def insert_quote(uow: UnitOfWork, quote_id: UUID, account_id: UUID, new: NewDocument) -> Quote:
    """Write a quote."""
    return _quote((await uow.execute(_INSERT_QUOTE, {"quote_id": quote_id, **_row(account_id, new)})).one())


async def insert_invoice(
    uow: UnitOfWork, invoice_id: UUID, quote_id: UUID, account_id: UUID, new: NewDocument, *, due_on: date, token: str
) -> Invoice:
    """Write an invoice."""
    values = {
        **_row(account_id, new),
        "invoice_id": invoice_id,
        "quote_id": quote_id,
        "due_on": due_on,
        "gross_minor": new.offer.gross_minor,
        "currency": new.offer.currency,
        "payable": new.offer.payable,
        "pay_token": token,
    }
    return _invoice((await uow.execute(_INSERT_INVOICE, values)).one())


async def find_quote(uow: UnitOfWork, account_id: UUID, quote_id: UUID, *, lock: bool = False) -> Quote | None:
    """A quote of the account's; locked, nobody else makes its invoice meanwhile."""
    row = await uow.first(text(f"{_QUOTE} FOR UPDATE" if lock else _QUOTE), {"account_id": account_id, "id": quote_id})
    return None if row is None else _quote(row)


async def find_invoice(uow: UnitOfWork, account_id: UUID, invoice_id: UUID) -> Invoice | None:
    """An invoice of the account's."""
    row = await uow.first(text(_INVOICE), {"account_id": account_id, "id": invoice_id})
    return None if row is None else _invoice(row)


async def invoice_of_quote(uow: UnitOfWork, account_id: UUID, quote_id: UUID) -> Invoice | None:
    """The invoice that a quote has led to."""
    row = await uow.first(_INVOICE_OF_QUOTE, {"account_id": account_id, "quote_id": quote_id})
    return None if row is None else _invoice(row)


async def invoice_to_pay(uow: UnitOfWork, token: str) -> Invoice | None:
    """The invoice whose page has this token in its address."""
    row = await uow.first(_PAID_BY, {"token": token})
    return None if row is None else _invoice(row)


async def accept_quote(uow: UnitOfWork, account_id: UUID, quote_id: UUID) -> Quote | None:
    """Note that a quote was accepted; the first time stands."""
    row = await uow.first(_ACCEPT, {"account_id": account_id, "id": quote_id})
    return None if row is None else _quote(row)


async def quotes_of(uow: UnitOfWork, account_id: UUID, *, before: UUID | None, limit: int) -> list[Quote]:
    """The account's quotes, newest first."""
    rows = await uow.rows(_PAGES["quotes"], {"account_id": account_id, "before": before, "limit": limit})
    return [_quote(row) for row in rows]


async def invoices_of(uow: UnitOfWork, account_id: UUID, *, before: UUID | None, limit: int) -> list[Invoice]:
    """The account's invoices, newest first."""
    rows = await uow.rows(_PAGES["invoices"], {"account_id": account_id, "before": before, "limit": limit})
    return [_invoice(row) for row in rows]


async def note_link(uow: UnitOfWork, account_id: UUID, invoice_id: UUID, payment_url: str) -> None:
    """There is a place where the invoice can be paid."""
    await uow.execute(_LINKED, {"account_id": account_id, "id": invoice_id, "payment_url": payment_url})


async def note_payment(uow: UnitOfWork, account_id: UUID, invoice_id: UUID, paid_at: datetime) -> None:
    """The invoice was paid."""
    await uow.execute(_PAID, {"account_id": account_id, "id": invoice_id, "paid_at": paid_at})


async def count_mail(uow: UnitOfWork, account_id: UUID, day: date, sent_max: int) -> bool:
    """Count a mail to a client; False, and nothing counted, where the day has had all it may have."""
    if sent_max < 1:
        return False
    return await uow.first(_COUNT_MAIL, {"account_id": account_id, "day": day, "sent_max": sent_max}) is not None


async def forget(uow: UnitOfWork, account_id: UUID) -> None:
    """Empty the documents of a deleted account; that their numbers were given stays, with date and amount."""
    for statement in _FORGET:
        await uow.execute(statement, {"account_id": account_id})


def _row(account_id: UUID, new: NewDocument) -> dict[str, Any]:
    return {
        "account_id": account_id,
        "year": new.number.year,
        "sequence": new.number.sequence,
        "number": new.number.text,
        "issued_on": new.number.issued_on,
        "content": to_json(new.offer.model_dump(mode="json")),
        "pdf": to_json(new.pdf.model_dump(mode="json")),
        "mailed_to": new.mailed_to,
    }


def _quote(row: Row[Any]) -> Quote:
    return Quote(**_of(row, Quote.__slots__), offer=Offer.model_validate(row.content), pdf=_file(row))


def _invoice(row: Row[Any]) -> Invoice:
    return Invoice(**_of(row, Invoice.__slots__), offer=Offer.model_validate(row.content), pdf=_file(row))


def _file(row: Row[Any]) -> FileArtefact:
    return FileArtefact.model_validate(row.pdf)


def _of(row: Row[Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names if name not in ("offer", "pdf")}
