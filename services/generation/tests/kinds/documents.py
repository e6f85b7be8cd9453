"""What tests of documents need: jobs from ring to ending over real storage and child processes, and their files."""

import asyncio
import io
from typing import Any
from uuid import UUID

import httpx2
import pypdf

from common.db.database import Database
from generation.documents import storage
from generation.documents.desk import DocumentDesk, DocumentSettings, Draft
from generation.documents.numbering import Series
from generation.documents.offer import Item, Offer, Party
from generation.documents.storage import Quote
from generation.engine.artefact import FileArtefact
from generation.kinds.kind import Kind
from generation.local.pool import LocalPool, PoolLimits
from generation.providers.bootstrap import Providers

from ..stage import change, claimed, enqueue_one, executor_of, row_of

PUBLIC_URL = "https://studio.example"
FILE = FileArtefact(id="f/quote.pdf", version=1, url="https://x.example/f", media_type="application/pdf", size_bytes=1)
ITEM = Item(description="Paint", quantity="1", unit="m²", unit_price_minor=1000, total_minor=1000)
OFFER = Offer(
    title="Painting", client=Party(name="Client", email="c@client.example"), items=[ITEM], currency="EUR",
    tax_rate_percent="20", net_minor=1000, tax_minor=200, gross_minor=1200, language="en",
)  # fmt: skip
pools: list[LocalPool] = []


def pool() -> LocalPool:
    """One for all tests, ended with them (see `conftest`)."""
    if not pools:
        pools.append(LocalPool(PoolLimits()))
    return pools[0]


async def make_document(
    database: Database,
    providers: Providers,
    kind: Kind[Any, Any],
    *,
    account: UUID | None = None,
    locale: str = "en",
    credits: int = 0,
    mails_a_day: int = 20,
    **job_input: Any,
) -> Any:
    """One job of a document kind from ring to ending; answers its row."""
    job_id = await enqueue_one(
        database, account=account, kind=kind.name, job_class="document", job_input=job_input, credits=credits
    )
    await change(database, job_id, f"locale = '{locale}'")
    settings = DocumentSettings(PUBLIC_URL, mails_a_day)
    executor = executor_of(database, providers, kind, pool=pool(), documents=settings)
    async with asyncio.timeout(40):
        while (row := await row_of(database, job_id)).state not in ("completed", "failed"):
            executor.answer("document")  # again and again, as the sweeper rings
            await asyncio.sleep(0.02)
    await asyncio.gather(executor.drain(1))
    return row


async def opened(artefact: dict[str, Any]) -> tuple[pypdf.PdfReader, str]:
    """The stored file, fetched by its link, and its words on one line."""
    async with httpx2.AsyncClient() as http:
        answer = await http.get(artefact["url"])
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    assert len(answer.content) == artefact["size_bytes"]
    pages = pypdf.PdfReader(io.BytesIO(answer.content), strict=True)
    return pages, " ".join(" ".join(page.extract_text() for page in pages.pages).split())


async def accept(database: Database, account: UUID, quote_id: UUID) -> Quote:
    quote = await database.transact(storage.accept_quote, account, quote_id)
    assert quote is not None
    return quote


async def accepted_quote(database: Database, account: UUID, **changes: Any) -> Quote:
    """A quote that was issued and accepted, without a model or a file."""
    run = await claimed(database, account=account, kind="quote", job_class="document")
    desk = DocumentDesk(database, run, DocumentSettings())
    while True:
        draft = Draft(await desk.next_number(Series.QUOTE), OFFER.model_copy(update=changes), FILE, None)
        if await desk.issue_quote(draft) is not None:
            return await accept(database, account, run.job_id)
