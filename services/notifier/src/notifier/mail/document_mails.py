"""Which mails are due when a quote or an invoice is issued or paid, to its client and to its owner.

A client is somebody we know only from what an owner typed: they get one mail for a document, with its link and where to
pay, and their answer goes to the owner.
"""

from typing import Any

from common.events.documents import InvoiceIssued, InvoicePaid, QuoteIssued
from common.events.envelope import Event
from notifier.mail.rules import Addressee, Mail, Template

DOCUMENT_FACTS: tuple[type[Event], ...] = (QuoteIssued, InvoiceIssued, InvoicePaid)
"""The facts about documents that are mailed about."""

TO_CLIENTS: tuple[Template, ...] = ("quote_client", "invoice_client")
"""Mails to people who are not ours: they wait until the owner's address is known, which is where answers go."""


def document_mails(event: Event, traceparent: str | None) -> list[Mail]:
    """The mails that a fact about a document makes due."""
    match event:
        case QuoteIssued(client_email=str(address)):
            key = f"quote_client:{event.quote_id}"
            return [_to_client("quote_client", key, event, address, traceparent)]
        case InvoiceIssued(client_email=str(address)):
            key, due_on = f"invoice_client:{event.invoice_id}", event.due_on.isoformat()
            more = {"pay_url": event.pay_url, "due_on": due_on}
            return [_to_client("invoice_client", key, event, address, traceparent, **more)]
        case InvoicePaid():
            context = {"number": event.number, "amount_minor": event.amount_minor, "currency": event.currency.upper()}
            key = f"invoice_paid:{event.invoice_id}"
            return [Mail(event.account_id, "invoice_paid", key, context, traceparent=traceparent)]
        case _:
            return []


def _to_client(
    template: Template,
    key: str,
    event: QuoteIssued | InvoiceIssued,
    address: str,
    traceparent: str | None,
    **more: Any,
) -> Mail:
    context = {
        "number": event.number,
        "title": _one_line(event.title),
        "client": _one_line(event.client_name),
        "issuer": _one_line(event.issuer_name or ""),
        "amount_minor": event.gross_minor,
        "currency": event.currency.upper(),
        "pdf_url": event.pdf_url,
        "file": _file(event) if event.pdf_bytes else None,
        **more,
    }
    addressee = Addressee(address, event.language)
    return Mail(event.account_id, template, key, context, traceparent=traceparent, addressee=addressee)


def _file(event: QuoteIssued | InvoiceIssued) -> dict[str, Any]:
    """The PDF, to go along with the mail."""
    pdf = {"url": event.pdf_url, "media_type": "application/pdf", "size_bytes": event.pdf_bytes}
    return {**pdf, "name": event.number}


def _one_line(words: str) -> str:
    return " ".join(words.split())
