"""What the API shows of quotes and invoices."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from common.ids import to_text
from generation.documents.desk import DocumentSettings
from generation.documents.numbering import INVOICE_PREFIX, QUOTE_PREFIX
from generation.documents.offer import Item, Party
from generation.documents.storage import Invoice, Quote
from generation.engine.artefact import FileArtefact


class _DocumentSummary(BaseModel):
    """What both have; amounts are whole minor units (cents) of the currency."""

    number: str
    issued_on: date
    title: str
    client_name: str
    currency: str
    gross_minor: int
    pdf: FileArtefact
    mailed_to: str | None = Field(description="The client's address, where the document is mailed.")
    created_at: datetime


class _DocumentContent(BaseModel):
    client: Party
    issuer: Party | None
    items: list[Item]
    tax_rate_percent: str
    net_minor: int
    tax_minor: int
    language: Literal["en", "fr"]


class QuoteSummary(_DocumentSummary):
    """A quote in a list."""

    id: str
    status: Literal["issued", "accepted"]
    accepted_at: datetime | None


class QuoteView(_DocumentContent, QuoteSummary):
    """A quote with its lines."""


class InvoiceSummary(_DocumentSummary):
    """An invoice in a list. `pay_url` is the page to pay it on, null for amounts that no link can take."""

    id: str
    quote_id: str
    status: Literal["issued", "paid"]
    due_on: date
    pay_url: str | None
    paid_at: datetime | None


class InvoiceView(_DocumentContent, InvoiceSummary):
    """An invoice with its lines."""


class QuotePage(BaseModel):
    """Newest first; `next_cursor` asks for what follows and is null on the last page."""

    items: list[QuoteSummary]
    next_cursor: str | None


class InvoicePage(BaseModel):
    """Newest first; `next_cursor` asks for what follows and is null on the last page."""

    items: list[InvoiceSummary]
    next_cursor: str | None


Fresh = Callable[[FileArtefact], FileArtefact]
"""Gives a file an address that works: the one it was issued with ends, and a document stays as long as its account."""


def quote_facts(quote: Quote, fresh: Fresh) -> dict[str, Any]:
    """All that views of a quote are made of."""
    return {
        **_facts(quote, fresh),
        "id": to_text(QUOTE_PREFIX, quote.quote_id),
        "status": "accepted" if quote.accepted_at else "issued",
        "accepted_at": quote.accepted_at,
    }


def invoice_facts(invoice: Invoice, settings: DocumentSettings, fresh: Fresh) -> dict[str, Any]:
    """All that views of an invoice are made of."""
    return {
        **_facts(invoice, fresh),
        "id": to_text(INVOICE_PREFIX, invoice.invoice_id),
        "quote_id": to_text(QUOTE_PREFIX, invoice.quote_id),
        "status": "paid" if invoice.paid_at else "issued",
        "due_on": invoice.due_on,
        "pay_url": settings.pay_url(invoice.pay_token) if invoice.payable else None,
        "paid_at": invoice.paid_at,
    }


def _facts(document: Quote | Invoice, fresh: Fresh) -> dict[str, Any]:
    return {
        **document.offer.model_dump(),
        "number": document.number,
        "issued_on": document.issued_on,
        "client_name": document.offer.client.name,
        "pdf": fresh(document.pdf),
        "mailed_to": document.mailed_to,
        "created_at": document.created_at,
    }
