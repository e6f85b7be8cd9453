"""Carries an invoice's money on by one step: makes its link, closes it once it was used, gives back what is too much.

What is to be done stands in a row before the vendor is asked, and the vendor is asked under a key of the invoice's own
id. So a crash at any point leaves a step that the next process takes, and there is one link and one refund.
"""

import asyncio
from datetime import timedelta

import structlog

from billing.invoice_payments import storage
from billing.invoice_payments.ports import InvoiceVendor, PaymentLink
from billing.invoice_payments.rules import Bill, Surplus
from billing.purchases.ports import AttemptSpent, PaymentsRefused, PaymentsUnavailable
from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.events.documents import InvoiceLinkCreated

log = structlog.get_logger(__name__)

ASKING_SECONDS_MAX = 20.0
PAUSE_FIRST_SECONDS = 2.0
PAUSE_MAX_SECONDS = 600.0
REFUSED_TRIES_MAX = 8
"""A key that was revoked is soon another one; what is refused for minutes is refused."""


class Collector:
    """Takes steps that were claimed for this process."""

    def __init__(self, database: Database, vendor: InvoiceVendor) -> None:
        self._database = database
        self._vendor = vendor

    async def go_on(self, bill: Bill) -> str:
        """The next step of a bill; a word on how it went."""
        try:
            async with asyncio.timeout(ASKING_SECONDS_MAX):
                return await self._step(bill)
        except AttemptSpent as error:
            async with self._database.autocommit() as connection:
                await storage.use_next_link_key(connection, bill)
            return await self._later(bill, error)
        except (PaymentsUnavailable, TimeoutError) as error:
            return await self._later(bill, error)
        except PaymentsRefused as error:
            if bill.tries < REFUSED_TRIES_MAX or bill.status != "link_due":
                return await self._later(bill, error)
            log.error("invoice_link_refused", invoice_id=bill.reference, error=str(error)[:200])  # noqa: TRY400
            async with self._database.autocommit() as connection:
                await storage.refuse(connection, bill, str(error))
            return "refused"

    async def give_back(self, surplus: Surplus) -> str:
        """Give a payment back; a word on how it went."""
        try:
            async with asyncio.timeout(ASKING_SECONDS_MAX):
                refund_id = await self._vendor.pay_back(surplus)
        except AttemptSpent as error:
            async with self._database.autocommit() as connection:
                await storage.use_next_refund_key(connection, surplus)
            return await self._refund_later(surplus, error)
        except (PaymentsUnavailable, TimeoutError) as error:
            return await self._refund_later(surplus, error)
        except PaymentsRefused as error:
            if surplus.tries < REFUSED_TRIES_MAX:
                return await self._refund_later(surplus, error)
            log.error("surplus_refund_failed", invoice_id=surplus.reference, error=str(error)[:200])  # noqa: TRY400
            async with self._database.autocommit() as connection:
                await storage.mark_refund_failed(connection, surplus, str(error))
            return "refund_failed"
        async with self._database.autocommit() as connection:
            await storage.mark_refunded(connection, surplus, refund_id)
        return "refunded"

    async def _step(self, bill: Bill) -> str:
        if bill.status == "link_due":
            link = await self._vendor.make_link(bill)
            return "linked" if await self._database.transact(self._linked, bill, link) else "linked_before"
        await self._vendor.close_link(bill)
        async with self._database.autocommit() as connection:
            await storage.note_closed(connection, bill.invoice_id)
        return "closed"

    async def _linked(self, uow: UnitOfWork, bill: Bill, link: PaymentLink) -> bool:
        """Keep the link and say so; one that has become void meanwhile is closed by the next step."""
        status = await storage.note_link(uow, bill.invoice_id, link)
        if status == "open":
            uow.emit(InvoiceLinkCreated(account_id=bill.account_id, invoice_id=bill.invoice_id, payment_url=link.url))
        return status is not None

    async def _later(self, bill: Bill, error: Exception) -> str:
        log.warning("invoice_step_waits", invoice_id=bill.reference, tries=bill.tries, error=repr(error)[:200])
        async with self._database.autocommit() as connection:
            await storage.go_on_later(connection, bill, pause(bill.tries), repr(error))
        return "waits"

    async def _refund_later(self, surplus: Surplus, error: Exception) -> str:
        log.warning("surplus_refund_waits", invoice_id=surplus.reference, error=repr(error)[:200])
        async with self._database.autocommit() as connection:
            await storage.refund_later(connection, surplus, pause(surplus.tries), repr(error))
        return "waits"


def pause(tries: int) -> timedelta:
    """How long to wait after so many tries without an answer: 2 s, doubling to ten minutes."""
    return timedelta(seconds=min(PAUSE_MAX_SECONDS, PAUSE_FIRST_SECONDS * 2.0 ** min(tries - 1, 12)))
