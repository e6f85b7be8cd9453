"""Colouring books through the whole product: by credits, with its worker killed on the way; and by an order."""

import asyncio
import hashlib
import io
import signal
from typing import Any

import httpx2
import pytest
from pypdf import PdfReader

from atelier_local.stack import Stack
from common.ids import from_text, new_id
from sandbox.client import SandboxClient

from .conftest import query
from .studio import Customer, until
from .test_orders import a_buyer, closes_at_zero

BOOK_SECONDS_MAX = 180.0
"""A book takes some ten seconds of a processor; this is for machines with much else to do."""
_NAMELESS = "SELECT 1 FROM attempts WHERE job_id = $1 AND outcome IS NULL AND external_id IS NULL"
PICTURES = ("images.generate", "images.edit")


def book(title: str) -> dict[str, Any]:
    return {"theme": f"the forest {new_id().hex}", "title": title, "dedication": "For Mila", "age_band": "6-8"}


async def pdf_of(result: dict[str, Any]) -> PdfReader:
    """The printed book, from its link alone."""
    async with httpx2.AsyncClient(trust_env=False) as anybody:
        answer = await anybody.get(result["pdf"]["url"])
    assert hashlib.sha256(answer.content).hexdigest() == result["pdf_sha256"]
    return PdfReader(io.BytesIO(answer.content))


async def steps_of(stack: Stack, job_id: str) -> list[str]:
    rows = await query(stack, "generation", "SELECT name FROM steps WHERE job_id = $1", from_text("job", job_id))
    return [row["name"] for row in rows]


async def _die_between_purchases(stack: Stack, worker: str, job_id: str) -> None:
    """Kill a worker while no answer with the id of a purchase is on its way: such a purchase nobody could adopt."""

    async def killed() -> bool:
        await asyncio.to_thread(stack.kill, worker, signal.SIGSTOP)
        nameless = await query(stack, "generation", _NAMELESS, from_text("job", job_id))
        await asyncio.to_thread(stack.kill, worker, signal.SIGCONT if nameless else signal.SIGKILL)
        return not nameless

    await until(killed, what="a moment between purchases")


@pytest.mark.timeout(600)
async def test_a_book_survives_the_death_of_its_worker_and_no_picture_is_bought_twice(
    stack: Stack, customer: Customer, sandbox: SandboxClient
) -> None:
    await customer.buy_and_wait("pack-200", 200)
    for operation in PICTURES:  # so that Replicate makes them: what it was paid for can be fetched after a crash
        await sandbox.fault("openai", operation, {"status": 404}, times=None)
    wanted = book("Mila's forest")
    job_id = await customer.accepted("coloring-book", **wanted)

    async def under_way() -> bool:
        return len(await steps_of(stack, job_id)) >= 6

    await until(under_way, seconds=BOOK_SECONDS_MAX, what="some pages")
    (row,) = await query(
        stack, "generation", "SELECT lease_owner FROM runs WHERE job_id = $1", from_text("job", job_id)
    )
    (name,) = (one for one in ("worker", "worker-2") if row["lease_owner"].endswith(f":{stack.pid(one)}"))
    await _die_between_purchases(stack, name, job_id)
    job = await customer.outcome(job_id, BOOK_SECONDS_MAX)

    assert (job["status"], job["charge"]["charged"]) == ("succeeded", 60)
    asked = await sandbox.requests("replicate", "predictions.create")
    bought = [one for one in asked if wanted["theme"] in str(one["body"])]
    assert len(bought) == 24
    assert (await customer.credits())["available"] == 150
    result = job["result"]
    assert min(page["lines_kept"] for page in result["pages"]) > 0.9
    assert len((await pdf_of(result)).pages) == 26

    (mail,) = await until(lambda: sandbox.inbox(to=customer.email, subject="ready"), what="the mail")
    assert job_id in mail["text"]
    (attached,) = mail["attachments"]
    assert (attached["filename"], attached["size"]) == ("coloring-book.pdf", result["pdf"]["size_bytes"])

    again = await customer.submit("coloring-book", reroll={"job_id": job_id, "page": 7})
    assert (again.status_code, again.json()["charge"]["held"]) == (202, 4)
    anew = await customer.outcome(again.json()["id"], BOOK_SECONDS_MAX)
    assert (anew["status"], anew["charge"]["charged"]) == ("succeeded", 4), anew
    kept = [
        new["line_art_sha256"] == old["line_art_sha256"]
        for new, old in zip(anew["result"]["pages"], result["pages"], strict=True)
    ]
    assert kept == [number != 7 for number in range(1, 13)]


@pytest.mark.timeout(600)
async def test_anybody_buys_a_book_and_gets_it_by_mail(stack: Stack, sandbox: SandboxClient) -> None:
    async with a_buyer(stack, "fr") as buyer:
        answer = await buyer.ask("coloring-book", **book("La forêt de Mila"))
        assert answer.status_code == 201, answer.text
        buyer.order = answer.json()
        assert (buyer.order["price_minor"], buyer.order["currency"]) == (999, "eur")
        await buyer.pays()
        order = await buyer.waits_for("delivered", BOOK_SECONDS_MAX)
        received, ready = await buyer.mails(sandbox, 2)
        await closes_at_zero(stack, buyer)

    result = order["work"]["result"]
    cover, owner, *pages = (await pdf_of(result)).pages
    assert "La forêt de Mila" in cover.extract_text()
    assert "Ce livre appartient à" in owner.extract_text()
    assert len(pages) == 24
    assert "pièce jointe" in ready["text"]
    assert buyer.order["page_url"] in ready["text"]
    assert [file["size"] for file in ready["attachments"]] == [result["pdf"]["size_bytes"]]
    assert received["attachments"] == []
