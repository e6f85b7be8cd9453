"""Facts about quotes and invoices. Generation issues them, on the stream `runs`; billing collects, on `credits`.

`client_email` is there when, and only when, the document is to be mailed to its client.
"""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from common.events.envelope import Event


class _DocumentIssued(Event):
    """What both say. `title`, `client_name` and `issuer_name` are words of users and models: data, never markup."""

    topic: ClassVar[str] = "runs"

    account_id: UUID
    quote_id: UUID
    number: str
    title: str
    client_name: str
    issuer_name: str | None = None
    client_email: str | None = None
    language: Literal["en", "fr"]
    gross_minor: int = Field(ge=0)
    currency: str
    pdf_url: str
    pdf_bytes: int = Field(default=0, ge=0)
    """Its size; 0 from a release that did not say."""
    issued_on: date


class QuoteIssued(_DocumentIssued):
    """A quote has its number and its file."""

    type: ClassVar[str] = "quote.issued"


class InvoiceIssued(_DocumentIssued):
    """An accepted quote has its invoice. `pay_url` is our page to pay it on; null where no link can take the amount."""

    type: ClassVar[str] = "invoice.issued"

    invoice_id: UUID
    pay_url: str | None
    due_on: date


class _InvoiceMoney(Event):
    """What billing says of the money for an invoice."""

    topic: ClassVar[str] = "credits"

    account_id: UUID
    invoice_id: UUID


class InvoiceLinkCreated(_InvoiceMoney):
    """There is a place where the invoice can be paid, once."""

    type: ClassVar[str] = "invoice.link_created"

    payment_url: str


class InvoicePaid(_InvoiceMoney):
    """The money for an invoice has arrived. Said once; it is no credit of the account's."""

    type: ClassVar[str] = "invoice.paid"

    number: str
    amount_minor: int = Field(ge=1)
    currency: str
    paid_at: datetime
