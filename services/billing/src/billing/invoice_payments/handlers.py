"""Which facts concern the money of invoices."""

from collections.abc import Sequence

from billing.invoice_payments.storage import insert_bill, void_bills
from common.bus.handlers import Handlers, Received
from common.db.unit_of_work import UnitOfWork
from common.events.deletion import AccountDeletionRequested
from common.events.documents import InvoiceIssued


def register(handlers: Handlers) -> None:
    """Collect what is issued, and nothing more for accounts that are deleted."""

    async def issued(event: InvoiceIssued, uow: UnitOfWork) -> None:
        if event.pay_url is not None:
            await insert_bill(uow, event)

    handlers.on(InvoiceIssued, issued)
    handlers.beside((AccountDeletionRequested,), stop_collecting)


async def stop_collecting(batch: Sequence[Received[AccountDeletionRequested]], uow: UnitOfWork) -> None:
    """Nobody is to pay an account that is gone."""
    for account_id in sorted({received.event.account_id for received in batch}):
        await void_bills(uow, account_id)
