"""Use cases of numbered documents within a run: which number is next, and issuing a quote or an invoice, once.

Kinds come here through `job.documents`. A document is drawn and stored first, with the number that would be next;
issuing takes that number, writes the document and says so in one transaction, or answers that somebody else was
faster. So no number is given without its document, and a run that fails or dies before has changed nothing.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from common.clock import now
from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.events.documents import InvoiceIssued, QuoteIssued
from generation.documents import storage
from generation.documents.numbering import Number, Series
from generation.documents.offer import Offer
from generation.documents.storage import Invoice, NewDocument, Quote
from generation.engine.artefact import FileArtefact
from generation.runs.lease import ClaimedRun, ensure_held

PAYABLE_WITHIN = timedelta(days=30)
PAY_PATH = "/pay/"
_TOKEN_BYTES = 24

D = TypeVar("D", Quote, Invoice)


@dataclass(frozen=True, slots=True)
class DocumentSettings:
    """Where our pages are, and how many mails to clients an account may have sent on a day (UTC)."""

    public_url: str = "http://127.0.0.1:8000"
    client_mails_a_day: int = 20

    def pay_url(self, token: str) -> str:
        """The page of an invoice for whoever pays it."""
        return f"{self.public_url.rstrip('/')}{PAY_PATH}{token}"


@dataclass(frozen=True, slots=True)
class Draft:
    """A document as it is about to be issued."""

    number: Number
    offer: Offer
    pdf: FileArtefact
    mail_to: str | None


def new_pay_token() -> str:
    """A token for the address of an invoice's page: nobody guesses it, and it lets its bearer pay and nothing else."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


class DocumentDesk:
    """The documents of the account that a run belongs to."""

    def __init__(self, database: Database, run: ClaimedRun, settings: DocumentSettings) -> None:
        self._database = database
        self._run = run
        self.settings = settings

    async def next_number(self, series: Series) -> Number:
        """The number that a document issued now would have, unless another one is issued before."""
        today = now().date()
        last = await storage.last_sequence(self._database, self._run.account_id, series, today.year)
        return Number(series, today, last + 1)

    async def quote(self, quote_id: UUID) -> Quote | None:
        """A quote of the account's."""
        return await self._database.transact(storage.find_quote, self._run.account_id, quote_id)

    async def invoice_of(self, quote_id: UUID) -> Invoice | None:
        """The invoice that a quote of the account's has led to."""
        return await self._database.transact(storage.invoice_of_quote, self._run.account_id, quote_id)

    async def issued_quote(self) -> Quote | None:
        """The quote that this run has issued, before it was interrupted perhaps."""
        return await self.quote(self._run.job_id)

    async def issue_quote(self, draft: Draft) -> Quote | None:
        """Issue it; None where its number is not the next one any more.

        Raises:
            LeaseLost: another worker has the run.
        """
        return await self._database.transact(self._issue_quote, draft)

    async def issue_invoice(self, quote: Quote, draft: Draft, token: str) -> Invoice | None:
        """Issue it, or answer the one that the quote has already; None where its number is not the next one any more.

        Raises:
            LeaseLost: another worker has the run.
        """
        return await self._database.transact(self._issue_invoice, quote, draft, token)

    async def _issue_quote(self, uow: UnitOfWork, draft: Draft) -> Quote | None:
        run = self._run
        await ensure_held(uow, run, "issue_quote")
        issued = await storage.find_quote(uow, run.account_id, run.job_id)
        if issued is not None:
            return issued
        if not await storage.take_number(uow, run.account_id, draft.number):
            return None
        quote = await storage.insert_quote(uow, run.job_id, run.account_id, await self._new(uow, draft))
        uow.emit(QuoteIssued(quote_id=quote.quote_id, **_told(quote)))
        return quote

    async def _issue_invoice(self, uow: UnitOfWork, quote: Quote, draft: Draft, token: str) -> Invoice | None:
        run = self._run
        await ensure_held(uow, run, "issue_invoice")
        await storage.find_quote(uow, run.account_id, quote.quote_id, lock=True)
        issued = await storage.invoice_of_quote(uow, run.account_id, quote.quote_id)
        if issued is not None:
            return issued
        if not await storage.take_number(uow, run.account_id, draft.number):
            return None
        new, due_on = await self._new(uow, draft), draft.number.issued_on + PAYABLE_WITHIN
        invoice = await storage.insert_invoice(
            uow, run.job_id, quote.quote_id, run.account_id, new, due_on=due_on, token=token
        )
        pay_url = self.settings.pay_url(token) if invoice.payable else None
        uow.emit(
            InvoiceIssued(
                quote_id=quote.quote_id,
                invoice_id=invoice.invoice_id,
                pay_url=pay_url,
                due_on=due_on,
                **_told(invoice),
            )
        )
        return invoice

    async def _new(self, uow: UnitOfWork, draft: Draft) -> NewDocument:
        mail_to = draft.mail_to
        if mail_to is not None and not await storage.count_mail(
            uow, self._run.account_id, now().date(), self.settings.client_mails_a_day
        ):
            mail_to = None
        return NewDocument(draft.number, draft.offer, draft.pdf, mail_to)


def _told(document: Quote | Invoice) -> dict[str, object]:
    offer = document.offer
    return {
        "account_id": document.account_id,
        "number": document.number,
        "title": offer.title,
        "client_name": offer.client.name,
        "issuer_name": None if offer.issuer is None else offer.issuer.name,
        "client_email": document.mailed_to,
        "language": offer.language,
        "gross_minor": offer.gross_minor,
        "currency": offer.currency,
        "pdf_url": document.pdf.url,
        "pdf_bytes": document.pdf.size_bytes,
        "issued_on": document.issued_on,
    }
