"""The page of an invoice for whoever pays it: prepared, leading on, paid; and nothing for those who guess."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI

from common.db.database import Database
from generation.documents import storage
from generation.documents.desk import DocumentDesk, DocumentSettings, Draft, new_pay_token
from generation.documents.numbering import Series
from generation.documents.pay_pages import build_router
from generation.documents.storage import Invoice

from ..kinds.documents import FILE, accepted_quote
from ..stage import claimed, rows


@pytest_asyncio.fixture
async def page(database: Database) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    app.include_router(build_router(database))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://studio") as client:
        yield client


async def issued(database: Database, **changes: object) -> Invoice:
    account = uuid4()
    quote = await accepted_quote(database, account, **changes)
    run = await claimed(database, account=account, kind="invoice", job_class="document")
    desk = DocumentDesk(database, run, DocumentSettings())
    draft = Draft(await desk.next_number(Series.INVOICE), quote.offer, FILE, None)
    invoice = await desk.issue_invoice(quote, draft, new_pay_token())
    assert invoice is not None
    return invoice


async def test_a_page_is_prepared_then_leads_on_then_thanks(database: Database, page: httpx2.AsyncClient) -> None:
    invoice = await issued(database, language="fr")
    path = f"/pay/{invoice.pay_token}"

    soon = await page.get(path)
    assert (soon.status_code, 'http-equiv="refresh"' in soon.text) == (200, True)
    assert "12,00\xa0EUR" in soon.text
    await database.transact(storage.note_link, invoice.account_id, invoice.invoice_id, "https://pay.example/x")
    leads = await page.get(path)
    assert (leads.status_code, leads.headers["location"]) == (303, "https://pay.example/x")
    await database.transact(storage.note_payment, invoice.account_id, invoice.invoice_id, datetime.now(UTC))
    paid = await page.get(path)
    assert (paid.status_code, "refresh" in paid.text) == (200, False)
    assert f"La facture {invoice.number} est payée" in paid.text
    for answer in (soon, leads, paid):
        assert answer.headers["cache-control"] == "no-store"
    assert "script-src" not in paid.headers["content-security-policy"]
    assert (await page.head(path)).status_code == 200


async def test_who_guesses_sees_nothing(database: Database, page: httpx2.AsyncClient) -> None:
    invoice = await issued(database)
    for token in (invoice.pay_token[:-1], invoice.number, "x" * 5000, "%00", "%F0%9F%92%A9", "'%20OR%201=1"):
        assert (await page.get(f"/pay/{token}")).status_code == 404, token


@pytest.mark.parametrize("gross", [0, 100_000_000])
async def test_what_no_link_can_take_has_no_page(database: Database, page: httpx2.AsyncClient, gross: int) -> None:
    invoice = await issued(database, gross_minor=gross)
    assert (await page.get(f"/pay/{invoice.pay_token}")).status_code == 404


async def test_an_account_that_is_gone_is_paid_by_nobody(database: Database, page: httpx2.AsyncClient) -> None:
    invoice = await issued(database)
    await database.transact(storage.forget, invoice.account_id)
    assert (await page.get(f"/pay/{invoice.pay_token}")).status_code == 404
    (kept,) = await rows(database, "SELECT number, content, pdf FROM invoices")
    assert (kept.number, kept.content, kept.pdf) == (invoice.number, None, None)
