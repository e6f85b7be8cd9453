"""From a description of work to money by public interfaces: quoted, accepted, invoiced, mailed, paid once, told."""

import io
import re
from datetime import UTC, datetime
from typing import Any

import httpx2
import pypdf

from atelier_local.stack import Stack
from common.ids import from_text, new_id
from sandbox.client import SandboxClient

from .conftest import query
from .studio import Customer, until

_ENDED = """
UPDATE quotes SET pdf = pdf || '{"url": "https://ended.example/", "url_expires_at": "2020-01-01T00:00:00Z"}'::jsonb
WHERE number = $1 AND account_id = $2
"""
HOSTILE = 'Zoé <b>"Fils"</b> <img src="/etc/passwd">'


async def _made(customer: Customer, kind: str, **job_input: Any) -> dict[str, Any]:
    job = await customer.outcome(await customer.accepted(kind, **job_input))
    assert job["status"] == "succeeded", job["error"]
    return dict(job)


async def _mails(sandbox: SandboxClient, address: str, count: int) -> list[dict[str, Any]]:
    async def there() -> list[dict[str, Any]] | None:
        mails = await sandbox.inbox(to=address)
        return mails[::-1] if len(mails) >= count else None

    return list(await until(there, what=f"{count} mails to {address}"))


async def test_a_quote_is_accepted_invoiced_and_paid(stack: Stack, customer: Customer, sandbox: SandboxClient) -> None:
    address = f"client-{new_id().hex}@client.example"
    work = {
        "work": "Renovate a bathroom of 6 m²: new tiles on floor and walls.",
        "client": {"name": HOSTILE, "email": address},
        "issuer": {"name": "Example Builders"},
        "tax_rate_percent": "10",
        "mail_to_client": True,
    }
    quote = (await _made(customer, "quote", **work))["result"]
    assert re.fullmatch(r"Q-\d{4}-0001", quote["number"])
    path = f"/v1/quotes/{quote['quote_id']}"
    assert (await customer.http.get(path)).json()["status"] == "issued"
    too_early = await customer.accepted("invoice", key=f"early-{address}", quote_id=quote["quote_id"])
    early = await customer.outcome(too_early)
    assert (early["status"], early["error"]["code"]) == ("failed", "QUOTE_NOT_ACCEPTED")
    accepted = [(await customer.http.post(f"{path}/accept")).json() for _ in range(2)]
    assert accepted[0] == accepted[1]
    assert accepted[0]["status"] == "accepted"

    job = await _made(customer, "invoice", quote_id=quote["quote_id"], mail_to_client=True)
    invoice = job["result"]
    assert re.fullmatch(r"INV-\d{4}-0001", invoice["number"])
    assert job["charge"]["charged"] == 0
    again = (await _made(customer, "invoice", key=f"again-{address}", quote_id=quote["quote_id"]))["result"]
    assert (again["number"], again["already_issued"]) == (invoice["number"], True)
    assert (await customer.credits())["available"] == 8

    async with httpx2.AsyncClient(timeout=30, trust_env=False) as client:
        pages = pypdf.PdfReader(io.BytesIO((await client.get(invoice["pdf"]["url"])).content), strict=True)
        text = " ".join(" ".join(page.extract_text() for page in pages.pages).split())
        for part in (invoice["number"], quote["number"], HOSTILE, invoice["pay_url"].rpartition("/")[2]):
            assert part in text, part
        quoted, invoiced = await _mails(sandbox, address, 2)
        assert (quote["number"] in quoted["subject"], invoice["number"] in invoiced["subject"]) == (True, True)
        assert invoice["pay_url"] in invoiced["text"]

        page = stack.urls["gateway"] + httpx2.URL(invoice["pay_url"]).path
        link = await until(lambda: _leads_to(client, page), what="a place to pay")
        one, other = [(await client.get(link)).headers["location"] for _ in range(2)]
        assert (await client.post(one)).status_code == 200
        assert (await client.post(other)).status_code >= 400

        async def paid() -> dict[str, Any] | None:
            found = (await customer.http.get(f"/v1/invoices/{invoice['invoice_id']}")).json()
            return found if found["status"] == "paid" else None

        shown = await until(paid, what="the invoice being paid")
        assert shown["paid_at"] is not None
        thanks = await client.get(page)
        assert (thanks.status_code, invoice["number"] in thanks.text) == (200, True)
        assert (await client.get(link)).status_code == 410
    told = [event for event in await customer.event_log() if event["type"] == "invoice.paid"]
    assert [(event["number"], event["amount_minor"]) for event in told] == [(invoice["number"], quote["gross_minor"])]
    await _mails(sandbox, customer.email, 1)
    assert len(await sandbox.inbox(to=address)) == 2, "mailed once, whatever was asked for twice"
    assert [item["id"] for item in (await customer.http.get("/v1/invoices")).json()["items"]] == [shown["id"]]


async def test_a_document_is_still_read_when_the_address_it_was_issued_with_has_ended(
    stack: Stack, customer: Customer
) -> None:
    client = {"name": "Example Ltd", "email": f"client-{new_id().hex}@client.example"}
    issued = (await _made(customer, "quote", work="New tiles.", client=client, tax_rate_percent="10"))["result"]
    await query(
        stack,
        "generation",
        _ENDED,
        issued["number"],
        from_text("acc", (await customer.http.get("/v1/me")).json()["account"]["id"]),
    )

    shown = [(await customer.http.get(f"/v1/quotes/{issued['quote_id']}")).json()["pdf"]]
    shown += [item["pdf"] for item in (await customer.http.get("/v1/quotes")).json()["items"]]

    async with httpx2.AsyncClient(trust_env=False) as anybody:
        for pdf in shown:
            assert datetime.fromisoformat(pdf["url_expires_at"]) > datetime.now(UTC)
            assert (await anybody.get(pdf["url"])).content.startswith(b"%PDF-")
    assert len(shown) == 2


async def _leads_to(client: httpx2.AsyncClient, page: str) -> str | None:
    answer = await client.get(page)
    return str(answer.headers["location"]) if answer.status_code == 303 else None
