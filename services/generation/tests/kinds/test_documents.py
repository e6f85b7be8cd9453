"""Quotes and invoices on paper and in numbers: gapless whatever happens at the same time, mailed once, told once."""

import asyncio
from collections import Counter
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import DBAPIError

from common.bus.handlers import Handlers
from common.db.database import Database
from common.events.documents import InvoiceIssued, InvoiceLinkCreated, InvoicePaid, QuoteIssued
from common.ids import from_text, new_id, to_text
from generation.documents import storage
from generation.documents.desk import DocumentDesk, DocumentSettings, Draft, new_pay_token
from generation.documents.handlers import register
from generation.documents.numbering import Number, Series
from generation.documents.storage import Quote
from generation.engine import executor as executor_module
from generation.kinds.invoice import KIND as INVOICE
from generation.kinds.quote import KIND as QUOTE
from generation.providers.bootstrap import Providers
from generation.runs.lease import LeaseLost
from sandbox.client import SandboxClient

from ..stage import claim_next, claimed, enqueue_one, rows, said
from .documents import FILE, OFFER, PUBLIC_URL, accept, accepted_quote, make_document, opened

YEAR = datetime.now(UTC).year
HOSTILE = '<b>Zoé & "Fils" <img src="/etc/passwd"/>'
JOB: dict[str, Any] = {
    "work": "Peindre un salon de 24 m², deux couches.",
    "client": {"name": HOSTILE, "address": "1, rue de l’Œuvre\n75000 Paris", "email": "zoe@client.example"},
    "issuer": {"name": "Bâti <SARL>", "registration": "SIRET 123 456 789"},
}


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor_module, "RETRY_PAUSE_SECONDS", 0.01)


async def events(database: Database, job_id: UUID, of: type[Any]) -> list[Any]:
    return [event for event in await said(database, job_id) if isinstance(event, of)]


async def test_a_quote_becomes_an_invoice_with_papers(database: Database, providers: Providers) -> None:
    """The whole way of one customer: the files hold what the results say, hostile words as words, mails once."""
    account = uuid4()
    quote = await make_document(
        database, providers, QUOTE, account=account, locale="fr", credits=2, mail_to_client=True, **JOB
    )
    assert quote.state == "completed", quote.error_detail
    assert quote.result["number"] == f"Q-{YEAR}-0001"
    pages, text = await opened(quote.result["pdf"])
    for part in (f"Devis Q-{YEAR}-0001", HOSTILE, "1, rue de l’Œuvre", "Bâti <SARL>", "SIRET 123", "TVA 20 %"):
        assert part in text, part
    assert all(item["description"][:20] in text for item in quote.result["items"])
    assert [list(page.images) for page in pages.pages] == [[]] * len(pages.pages)
    (issued,) = await events(database, quote.job_id, QuoteIssued)
    assert (issued.client_email, issued.language, issued.client_name) == ("zoe@client.example", "fr", HOSTILE)

    quote_id = quote.result["quote_id"]
    early = await make_document(database, providers, INVOICE, account=account, quote_id=quote_id)
    assert (early.state, early.error_code) == ("failed", "QUOTE_NOT_ACCEPTED")
    await accept(database, account, from_text("quo", quote_id))
    first, again = [
        await make_document(database, providers, INVOICE, account=account, quote_id=quote_id, mail_to_client=True)
        for _ in range(2)
    ]
    assert first.state == again.state == "completed", first.error_detail
    assert first.result["number"] == f"INV-{YEAR}-0001", "the job that failed has burnt no number"
    assert (first.result["already_issued"], again.result["already_issued"]) == (False, True)
    assert {**again.result, "already_issued": False} == first.result
    assert first.result["gross_minor"] == quote.result["gross_minor"]
    pages, text = await opened(first.result["pdf"])
    for part in (f"Facture INV-{YEAR}-0001", f"Q-{YEAR}-0001", "Payer cette facture en ligne", HOSTILE):
        assert part in text, part
    (link,) = [note.get_object()["/A"]["/URI"] for page in pages.pages for note in page.get("/Annots", [])]
    assert link == first.result["pay_url"]
    assert link.startswith(f"{PUBLIC_URL}/pay/")
    (told,) = await events(database, first.job_id, InvoiceIssued)
    assert (told.pay_url, told.client_email) == (link, "zoe@client.example")
    assert await events(database, again.job_id, InvoiceIssued) == []

    foreign = await make_document(database, providers, INVOICE, account=uuid4(), quote_id=quote_id)
    assert (foreign.state, foreign.error_code) == ("failed", "QUOTE_NOT_FOUND")


async def test_a_document_that_cannot_be_stored_takes_no_number(
    database: Database, providers: Providers, sandbox: SandboxClient
) -> None:
    account = uuid4()
    one, other = [await accepted_quote(database, account) for _ in range(2)]
    await sandbox.fault("cloudinary", "upload", {"status": 401}, times=None)
    failed = await make_document(database, providers, INVOICE, account=account, quote_id=to_text("quo", one.quote_id))
    assert failed.state == "failed"
    assert await rows(database, "SELECT * FROM invoices") == []
    await sandbox.reset()
    for quote, number in ((other, 1), (one, 2)):
        made = await make_document(
            database, providers, INVOICE, account=account, quote_id=to_text("quo", quote.quote_id)
        )
        assert made.result["number"] == f"INV-{YEAR}-{number:04d}"


class _Crash(Exception):
    """The process ends here, as far as the database can tell."""


async def test_twenty_invoices_at_once_are_numbered_without_gaps(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five of them die after they took their number, before they commit; what they do again later has one too."""
    account = uuid4()
    quotes = [await accepted_quote(database, account) for _ in range(20)]
    insert, crashes = storage.insert_invoice, Counter[UUID]()

    async def insert_or_crash(uow: Any, invoice_id: UUID, quote_id: UUID, *args: Any, **more: Any) -> Any:
        made = await insert(uow, invoice_id, quote_id, *args, **more)
        crashes[quote_id] += 1
        if quote_id in {quote.quote_id for quote in quotes[::4]} and crashes[quote_id] == 1:
            raise _Crash
        return made

    monkeypatch.setattr(storage, "insert_invoice", insert_or_crash)

    async def issue(quote: Quote) -> None:
        run = await claimed_beside(database, account)
        desk = DocumentDesk(database, run, DocumentSettings())
        for _ in range(200):
            draft = Draft(await desk.next_number(Series.INVOICE), quote.offer, FILE, None)
            try:
                if await desk.issue_invoice(quote, draft, new_pay_token()) is not None:
                    return
            except _Crash:
                continue
        raise AssertionError("never issued")

    async with asyncio.TaskGroup() as group:
        for quote in quotes:
            group.create_task(issue(quote))

    issued = await rows(database, "SELECT * FROM invoices ORDER BY sequence")
    assert [row.sequence for row in issued] == list(range(1, 21))
    assert [row.number for row in issued] == [f"INV-{YEAR}-{number:04d}" for number in range(1, 21)]
    assert {row.quote_id for row in issued} == {quote.quote_id for quote in quotes}
    told = await rows(database, "SELECT * FROM outbox WHERE type = 'invoice.issued'")
    assert len(told) == 20


async def claimed_beside(database: Database, account: UUID) -> Any:
    """A claimed run while others are claimed at the same time."""
    await enqueue_one(database, account=account, kind="invoice", job_class="document")
    run = await claim_next(database, "document")
    assert run is not None
    return run


async def test_two_jobs_of_a_quote_at_once_issue_one_invoice(database: Database) -> None:
    account = uuid4()
    quote = await accepted_quote(database, account)
    runs = [await claimed(database, account=account, kind="invoice", job_class="document") for _ in range(2)]
    desks = [DocumentDesk(database, run, DocumentSettings()) for run in runs]
    draft = Draft(await desks[0].next_number(Series.INVOICE), OFFER, FILE, "c@client.example")
    made = await asyncio.gather(*(desk.issue_invoice(quote, draft, new_pay_token()) for desk in desks))
    assert made[0] == made[1] is not None
    assert len(await rows(database, "SELECT * FROM outbox WHERE type = 'invoice.issued'")) == 1
    assert [row.sent for row in await rows(database, "SELECT * FROM client_mails")] == [1]


async def test_years_accounts_and_series_are_counted_apart(database: Database) -> None:
    account, other = uuid4(), uuid4()

    async def take(owner: UUID, series: Series, year: int, sequence: int) -> bool:
        number = Number(series, date(year, 1, 1), sequence)
        return bool(await database.transact(storage.take_number, owner, number))

    assert await take(account, Series.INVOICE, 2026, 1)
    assert not await take(account, Series.INVOICE, 2026, 1)
    assert not await take(account, Series.INVOICE, 2026, 3)
    for owner, series, year in (
        (account, Series.INVOICE, 2027),
        (account, Series.QUOTE, 2026),
        (other, Series.INVOICE, 2026),
    ):
        assert not await take(owner, series, year, 2)
        assert await take(owner, series, year, 1)
    assert await take(account, Series.INVOICE, 2026, 2)
    assert Number(Series.INVOICE, date(2026, 5, 1), 12_345).text == "INV-2026-12345"


async def test_the_database_refuses_a_number_twice(database: Database) -> None:
    account = uuid4()
    await accepted_quote(database, account)
    with pytest.raises(DBAPIError, match="uq_quotes_account_id_year_sequence"):
        await rows(
            database,
            "INSERT INTO quotes (quote_id, account_id, year, sequence, number, issued_on)"
            " SELECT :id, account_id, year, sequence, number, issued_on FROM quotes RETURNING 1",
            id=new_id(),
        )


async def test_a_stale_worker_issues_nothing(database: Database) -> None:
    account = uuid4()
    quote = await accepted_quote(database, account)
    run = await claimed(database, account=account, kind="invoice", job_class="document")
    await rows(database, "UPDATE runs SET attempt = attempt + 1 WHERE job_id = :id RETURNING 1", id=run.job_id)
    desk = DocumentDesk(database, run, DocumentSettings())
    draft = Draft(await desk.next_number(Series.INVOICE), OFFER, FILE, None)
    with pytest.raises(LeaseLost):
        await desk.issue_invoice(quote, draft, new_pay_token())
    assert (await desk.next_number(Series.INVOICE)).sequence == 1


async def test_clients_are_mailed_so_often_a_day_and_no_more(database: Database, providers: Providers) -> None:
    account = uuid4()
    made = [
        await make_document(
            database, providers, QUOTE, account=account, credits=2, mails_a_day=1, mail_to_client=True, **JOB
        )
        for _ in range(2)
    ]
    assert [row.result["mailed_to"] for row in made] == ["zoe@client.example", None]
    told = [(await events(database, row.job_id, QuoteIssued))[0].client_email for row in made]
    assert told == ["zoe@client.example", None]


@pytest.mark.parametrize("gross", [0, 49, 100_000_000])
async def test_amounts_that_no_link_can_take_get_none(database: Database, providers: Providers, gross: int) -> None:
    account = uuid4()
    quote = await accepted_quote(database, account, gross_minor=gross)
    made = await make_document(database, providers, INVOICE, account=account, quote_id=to_text("quo", quote.quote_id))
    assert made.result["pay_url"] is None
    (told,) = await events(database, made.job_id, InvoiceIssued)
    assert told.pay_url is None


async def test_billing_says_where_an_invoice_is_paid_and_that_it_was(database: Database) -> None:
    account = uuid4()
    quote = await accepted_quote(database, account)
    run = await claimed(database, account=account, kind="invoice", job_class="document")
    desk = DocumentDesk(database, run, DocumentSettings())
    draft = Draft(await desk.next_number(Series.INVOICE), OFFER, FILE, None)
    invoice = await desk.issue_invoice(quote, draft, new_pay_token())
    assert invoice is not None
    handlers = Handlers()
    register(handlers)
    moments = [datetime(2026, 11, 30, 12, minute, tzinfo=UTC) for minute in (0, 5)]
    facts: list[Any] = [
        InvoiceLinkCreated(account_id=account, invoice_id=invoice.invoice_id, payment_url="https://pay.example"),
        *(
            InvoicePaid(
                account_id=account, invoice_id=invoice.invoice_id, number=invoice.number, amount_minor=1200,
                currency="EUR", paid_at=moment,
            )
            for moment in moments
        ),
        InvoicePaid(
            account_id=uuid4(), invoice_id=invoice.invoice_id, number="x", amount_minor=1, currency="EUR",
            paid_at=moments[0],
        ),
    ]  # fmt: skip
    for fact in facts:
        handler = handlers.single(type(fact))
        assert handler is not None
        async with database.unit_of_work() as uow:
            await handler(fact, uow)
    after = await database.transact(storage.invoice_to_pay, invoice.pay_token)
    assert after is not None
    assert (after.payment_url, after.paid_at) == ("https://pay.example", moments[0])
