"""Mails to clients of the account: one for a document, in its language, answers to its owner; and that it was paid."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from common.clock import now
from common.events.accounts import UserRegistered
from common.events.documents import InvoiceIssued, InvoicePaid, QuoteIssued
from common.ids import new_id

from .test_mail import inbox, send_all

__all__ = ["inbox", "send_all"]

PDF, PAY = "https://files.example/quote.pdf", "https://studio.example/pay/token"
NAME = 'Zoé\n<b>"Fils"</b>'


@pytest.fixture
async def notifier(build: Callable[..., Any], inbox: Any) -> Any:
    return build(smtp_url=f"smtp://127.0.0.1:{inbox.port}?tls=off", mail_from="Atelier <studio@atelier.test>")


class Sale:
    """An account, a quote of theirs and its invoice."""

    def __init__(self, language: str = "en") -> None:
        self.account_id, self.quote_id, self.invoice_id = new_id(), new_id(), new_id()
        self.language = language

    def registered(self) -> UserRegistered:
        return UserRegistered(
            account_id=self.account_id, user_id=new_id(), email="owner@example.org", locale="en", plan="free"
        )

    def _issued(self, email: str | None) -> dict[str, Any]:
        return {
            "account_id": self.account_id, "quote_id": self.quote_id, "title": "A bathroom", "client_name": NAME,
            "issuer_name": "Bâti\r\nBcc: x@evil.example", "client_email": email, "language": self.language,
            "gross_minor": 123456, "currency": "EUR", "pdf_url": PDF, "issued_on": date(2026, 11, 30),
        }  # fmt: skip

    def quote(self, email: str | None = "client@client.example") -> QuoteIssued:
        return QuoteIssued(number="Q-2026-0001", **self._issued(email))

    def invoice(self, email: str | None = "client@client.example", pay_url: str | None = PAY) -> InvoiceIssued:
        return InvoiceIssued(
            number="INV-2026-0001", invoice_id=self.invoice_id, pay_url=pay_url, due_on=date(2026, 12, 30),
            **self._issued(email),
        )  # fmt: skip

    def paid(self) -> InvoicePaid:
        return InvoicePaid(
            account_id=self.account_id, invoice_id=self.invoice_id, number="INV-2026-0001", amount_minor=123456,
            currency="EUR", paid_at=now(),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("language", "quote", "invoice"),
    [("en", "Quote Q-2026-0001 from Bâti Bcc: x@evil.example", "Invoice INV-2026-0001 from Bâti Bcc: x@evil.example"),
     ("fr", "Devis Q-2026-0001 de Bâti Bcc: x@evil.example", "Facture INV-2026-0001 de Bâti Bcc: x@evil.example")],
)  # fmt: skip
async def test_a_client_gets_each_document_once_and_answers_to_its_owner(
    notifier, inbox, handle, send_all, language, quote, invoice
):
    sale = Sale(language)
    await handle(notifier, sale.registered())
    for _ in range(2):
        await handle(notifier, sale.quote(), sale.invoice())
    await send_all()

    mails = [mail for mail in inbox.mails if mail["To"] == "client@client.example"]
    assert sorted(mail["Subject"] for mail in mails) == sorted([quote, invoice])
    for mail in mails:
        assert (mail["Reply-To"], mail["From"], mail["Bcc"]) == ("owner@example.org", inbox.mails[0]["From"], None)
        plain, rich = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
        assert PDF in plain
        assert "<b>" not in rich
        assert "&lt;b&gt;" in rich
    assert [PAY in mail.get_body(("plain",)).get_content() for mail in mails].count(True) == 1


async def test_a_mail_to_a_client_waits_for_its_owners_address(notifier, inbox, handle, send_all):
    sale = Sale()
    await handle(notifier, sale.quote())
    await send_all()
    assert inbox.mails == []
    await handle(notifier, sale.registered())
    await send_all()
    assert "client@client.example" in {mail["To"] for mail in inbox.mails}


async def test_the_file_goes_along(notifier, handle, rows):
    sale = Sale()
    await handle(notifier, sale.registered(), sale.quote().model_copy(update={"pdf_bytes": 4711}))
    (mail,) = await rows(notifier, "SELECT context FROM deliveries WHERE template = 'quote_client'")
    file = {"url": PDF, "media_type": "application/pdf", "size_bytes": 4711, "name": "Q-2026-0001"}
    assert mail.context["file"] == file


async def test_only_what_is_to_be_mailed_is_mailed(notifier, inbox, handle, send_all):
    sale = Sale()
    await handle(notifier, sale.registered(), sale.quote(None), sale.invoice(None))
    await send_all()
    assert {mail["To"] for mail in inbox.mails} == {"owner@example.org"}


async def test_an_owner_is_told_once_that_an_invoice_is_paid(notifier, inbox, handle, send_all, rows):
    sale = Sale()
    for _ in range(2):
        await handle(notifier, sale.registered(), sale.paid())
    await send_all()
    subjects = [mail["Subject"] for mail in inbox.mails if mail["To"] == "owner@example.org"]
    assert subjects.count("Invoice INV-2026-0001 is paid: 1234.56\u00a0EUR") == 1
    told = await rows(notifier, "SELECT type FROM account_events")
    assert "invoice.paid" in {row.type for row in told}
