"""The kind `invoice`: an accepted quote's numbered invoice, with a page to pay it on. One for each quote, ever."""

from datetime import date
from uuid import UUID

from pydantic import Field

from common.events.kinds import PriceRule
from common.ids import InvalidId, from_text, to_text
from generation.documents.desk import PAYABLE_WITHIN, Draft, new_pay_token
from generation.documents.issuing import issue_numbered
from generation.documents.numbering import INVOICE_PREFIX, QUOTE_PREFIX, Number, Series
from generation.documents.offer import Item, Party
from generation.documents.papers import invoice_paper
from generation.documents.storage import Invoice, Quote
from generation.engine.artefact import FileArtefact
from generation.engine.context import JobContext, Step
from generation.engine.failures import JobFailed
from generation.kinds.kind import Kind, KindInput, KindResult

QUOTE_NOT_FOUND = "QUOTE_NOT_FOUND"
QUOTE_NOT_ACCEPTED = "QUOTE_NOT_ACCEPTED"


class InvoiceInput(KindInput):
    """Which quote has become work to be paid."""

    quote_id: str = Field(
        pattern=r"^quo_[0-9a-z]{26}$", description="An accepted quote; see `POST /v1/quotes/{id}/accept`."
    )
    mail_to_client: bool = Field(
        default=False, description="Mail the client the PDF and the page to pay on, where the quote has their address."
    )


class InvoiceResult(KindResult):
    """The invoice as it was issued; amounts are whole minor units (cents) of the currency."""

    invoice_id: str
    quote_id: str
    number: str = Field(description="Counted by account and year, without gaps.")
    issued_on: date
    due_on: date
    pdf: FileArtefact
    pay_url: str | None = Field(description="Our page that leads to the payment; null for amounts no link can take.")
    mailed_to: str | None
    already_issued: bool = Field(description="Whether an earlier job has issued it; nothing was made or mailed again.")
    title: str
    client: Party
    issuer: Party | None
    items: list[Item]
    currency: str
    tax_rate_percent: str
    net_minor: int
    tax_minor: int
    gross_minor: int
    language: str


async def run(request: InvoiceInput, job: JobContext) -> InvoiceResult:
    """Issue the quote's invoice, or find the one it has."""
    quote = await _accepted(request, job)

    async def issue(step: Step) -> InvoiceResult:
        invoice = await job.documents.invoice_of(quote.quote_id)
        if invoice is None:
            await job.progress(0.3, "Writing the document")
            invoice = await _issue(request, quote, job, step)
        return _result(invoice, job)

    return await job.step("issue", InvoiceResult, issue)


async def _accepted(request: InvoiceInput, job: JobContext) -> Quote:
    quote = await job.documents.quote(_id(request.quote_id))
    if quote is None:
        raise JobFailed(QUOTE_NOT_FOUND, "There is no such quote.")
    if quote.accepted_at is None:
        raise JobFailed(QUOTE_NOT_ACCEPTED, "The quote has not been accepted.")
    return quote


async def _issue(request: InvoiceInput, quote: Quote, job: JobContext, step: Step) -> Invoice:
    offer, token = quote.offer, new_pay_token()
    pay_url = job.documents.settings.pay_url(token) if offer.payable else None
    mail_to = offer.client.email if request.mail_to_client else None

    async def issue(number: Number, pdf: FileArtefact) -> Invoice | None:
        return await job.documents.issue_invoice(quote, Draft(number, offer, pdf, mail_to), token)

    return await issue_numbered(
        step,
        await job.folder(),
        job.documents,
        Series.INVOICE,
        draw=lambda number: invoice_paper(
            number, offer, quote=quote.number, due_on=number.issued_on + PAYABLE_WITHIN, pay_url=pay_url
        ),
        issue=issue,
    )


def _result(invoice: Invoice, job: JobContext) -> InvoiceResult:
    return InvoiceResult(
        invoice_id=to_text(INVOICE_PREFIX, invoice.invoice_id),
        quote_id=to_text(QUOTE_PREFIX, invoice.quote_id),
        number=invoice.number,
        issued_on=invoice.issued_on,
        due_on=invoice.due_on,
        pdf=invoice.pdf,
        pay_url=job.documents.settings.pay_url(invoice.pay_token) if invoice.payable else None,
        mailed_to=invoice.mailed_to,
        already_issued=invoice.invoice_id != job.job_id,
        **invoice.offer.model_dump(),
    )


def _id(quote_id: str) -> UUID:
    try:
        return from_text(QUOTE_PREFIX, quote_id)
    except InvalidId:
        raise JobFailed(QUOTE_NOT_FOUND, "There is no such quote.") from None


KIND = Kind(
    name="invoice",
    title="Invoice",
    summary="An accepted quote's invoice: a numbered PDF without gaps in the numbering, and a page to pay it on, once.",
    job_class="document",
    price=PriceRule(base_credits=0),
    input=InvoiceInput,
    result=InvoiceResult,
    example={"quote_id": "quo_01kbb0a2m8f3ht8v7y3q5n6c4d", "mail_to_client": True},
    run=run,
)
