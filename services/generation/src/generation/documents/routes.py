"""HTTP of quotes and invoices: list them, look at one, accept a quote."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from common.db.database import Database
from common.errors import NotFound, ValidationFailed
from common.http.identity import Caller
from common.http.problems import problem_responses
from common.ids import InvalidId, from_text
from generation.documents import storage
from generation.documents.desk import DocumentSettings
from generation.documents.numbering import INVOICE_PREFIX, QUOTE_PREFIX
from generation.documents.views import (
    Fresh,
    InvoicePage,
    InvoiceSummary,
    InvoiceView,
    QuotePage,
    QuoteSummary,
    QuoteView,
    invoice_facts,
    quote_facts,
)

QUOTES_PATH, INVOICES_PATH = "/v1/quotes", "/v1/invoices"
PAGE_DEFAULT = 20
PAGE_MAX = 100

Limit = Annotated[int, Query(ge=1, le=PAGE_MAX)]
Cursor = Annotated[str | None, Query(max_length=64)]


def build_router(
    database: Database, settings: DocumentSettings, fresh: Fresh, identify: Callable[..., Awaitable[Caller]]
) -> APIRouter:
    """The routes; `fresh` signs addresses anew, `identify` is the dependency that tells whose request it is."""
    router = APIRouter(tags=["documents"], responses=problem_responses("UNAUTHORIZED"))
    SomeCaller = Annotated[Caller, Depends(identify)]  # noqa: N806 - a type

    @router.get(QUOTES_PATH, operation_id="list_quotes", responses=problem_responses("VALIDATION_FAILED"))
    async def list_quotes(caller: SomeCaller, limit: Limit = PAGE_DEFAULT, cursor: Cursor = None) -> QuotePage:
        """The account's quotes, newest first."""
        before = _cursor(QUOTE_PREFIX, cursor)
        found = await database.transact(storage.quotes_of, caller.account_id, before=before, limit=limit + 1)
        items = [QuoteSummary.model_validate(quote_facts(quote, fresh)) for quote in found[:limit]]
        return QuotePage(items=items, next_cursor=items[-1].id if len(found) > limit else None)

    @router.get(f"{QUOTES_PATH}/{{quote_id}}", operation_id="get_quote", responses=problem_responses("NOT_FOUND"))
    async def get_quote(quote_id: str, caller: SomeCaller) -> QuoteView:
        """One quote with its lines."""
        quote = await database.transact(storage.find_quote, caller.account_id, _id(QUOTE_PREFIX, quote_id))
        if quote is None:
            raise NotFound
        return QuoteView.model_validate(quote_facts(quote, fresh))

    @router.post(
        f"{QUOTES_PATH}/{{quote_id}}/accept", operation_id="accept_quote", responses=problem_responses("NOT_FOUND")
    )
    async def accept_quote(quote_id: str, caller: SomeCaller) -> QuoteView:
        """Note that the client has accepted a quote, so that it can have its invoice. Again changes nothing."""
        quote = await database.transact(storage.accept_quote, caller.account_id, _id(QUOTE_PREFIX, quote_id))
        if quote is None:
            raise NotFound
        return QuoteView.model_validate(quote_facts(quote, fresh))

    @router.get(INVOICES_PATH, operation_id="list_invoices", responses=problem_responses("VALIDATION_FAILED"))
    async def list_invoices(caller: SomeCaller, limit: Limit = PAGE_DEFAULT, cursor: Cursor = None) -> InvoicePage:
        """The account's invoices, newest first."""
        before = _cursor(INVOICE_PREFIX, cursor)
        found = await database.transact(storage.invoices_of, caller.account_id, before=before, limit=limit + 1)
        items = [InvoiceSummary.model_validate(invoice_facts(invoice, settings, fresh)) for invoice in found[:limit]]
        return InvoicePage(items=items, next_cursor=items[-1].id if len(found) > limit else None)

    @router.get(f"{INVOICES_PATH}/{{invoice_id}}", operation_id="get_invoice", responses=problem_responses("NOT_FOUND"))
    async def get_invoice(invoice_id: str, caller: SomeCaller) -> InvoiceView:
        """One invoice with its lines, and whether it has been paid."""
        invoice = await database.transact(storage.find_invoice, caller.account_id, _id(INVOICE_PREFIX, invoice_id))
        if invoice is None:
            raise NotFound
        return InvoiceView.model_validate(invoice_facts(invoice, settings, fresh))

    return router


def _id(prefix: str, text: str) -> UUID:
    try:
        return from_text(prefix, text)
    except InvalidId:
        raise NotFound from None


def _cursor(prefix: str, cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return from_text(prefix, cursor)
    except InvalidId:
        raise ValidationFailed(
            [{"pointer": "/query/cursor", "detail": "is not a cursor of this list", "code": "invalid"}]
        ) from None
