"""What a test of invoices' money does: hear of an invoice, let the worker look, pay, and see what became of it."""

import json
from datetime import date
from typing import Any
from uuid import UUID

from billing.invoice_payments.handlers import register
from billing.invoice_payments.worker import InvoicePaymentWorker
from common.bus.handlers import Handlers, Received
from common.events.documents import InvoiceIssued
from common.ids import new_id, to_text

from ..stripe.shop import Shop

AMOUNT = 120_000


class Till:
    """Clients pay here; `shop` has the vendor and the inbox."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.worker: InvoicePaymentWorker = shop.parts.invoices

    async def hear(self, event: Any) -> None:
        """What the consumer does with a fact."""
        handlers = Handlers()
        register(handlers)
        async with self.shop.database.unit_of_work() as uow:
            if (batch := handlers.batch(type(event))) is not None:
                await batch([Received(event, None)], uow)
            elif (single := handlers.single(type(event))) is not None:
                await single(event, uow)

    async def issued(self, **changes: Any) -> UUID:
        """An invoice of the shop's account that billing has heard of; answers its id."""
        facts: dict[str, Any] = {
            "account_id": self.shop.account_id, "quote_id": new_id(), "invoice_id": new_id(), "client_name": "Ada",
            "number": "INV-2026-0001", "title": "A\nbathroom <b>", "language": "fr", "gross_minor": AMOUNT,
            "currency": "EUR", "pdf_url": "https://files.example/i.pdf", "issued_on": date(2026, 11, 30),
            "due_on": date(2026, 12, 30), "pay_url": "https://atelier.example/pay/token",
        }  # fmt: skip
        event = InvoiceIssued(**{**facts, **changes})
        await self.hear(event)
        return event.invoice_id

    async def look(self) -> None:
        """Do what the worker does, until there is nothing left to do."""
        while await self.worker.look():
            pass

    async def linked(self) -> tuple[UUID, str]:
        """An invoice with its link."""
        invoice_id = await self.issued()
        await self.look()
        return invoice_id, (await self.bill(invoice_id)).payment_url

    async def visit(self, url: str) -> str:
        """Open the link; answers the page of a session of its own."""
        answer = await self.shop.vendor.get(url)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    async def pay(self, page: str) -> int:
        """Pay on a page; answers the status."""
        return (await self.shop.vendor.post(page)).status_code

    async def paid_aside(self, invoice_id: UUID, amount: int = AMOUNT, **more: str) -> None:
        """A payment for an invoice that did not come by its link, as when two pages are paid at the same moment."""
        form = {
            "mode": "payment", "line_items[0][quantity]": "1", "line_items[0][price_data][currency]": "eur",
            "line_items[0][price_data][unit_amount]": str(amount),
            "line_items[0][price_data][product_data][name]": "x", "success_url": "https://atelier.example/",
            "metadata[atelier_invoice]": to_text("inv", invoice_id), **more,
        }  # fmt: skip
        opened = await self.shop.vendor.post("/stripe/v1/checkout/sessions", data=form)
        assert opened.status_code == 200, opened.text
        assert await self.pay(opened.json()["url"]) == 303

    async def bill(self, invoice_id: UUID) -> Any:
        """Its row."""
        return (await self.shop.rows("SELECT * FROM invoice_payments WHERE invoice_id = :id", id=invoice_id))[0]

    async def told(self, event_type: str) -> list[dict[str, Any]]:
        """The events of a type that were told."""
        rows = await self.shop.rows("SELECT body FROM outbox WHERE type = :type ORDER BY event_id", type=event_type)
        return [json.loads(row.body) for row in rows]

    async def listed(self, what: str) -> list[dict[str, Any]]:
        """All objects of a kind that the vendor has."""
        return list((await self.shop.vendor.get(f"/stripe/v1/{what}")).json()["data"])
