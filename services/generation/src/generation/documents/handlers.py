"""What billing says of invoices: where one can be paid, and that it was."""

from common.bus.handlers import Handlers
from common.db.unit_of_work import UnitOfWork
from common.events.documents import InvoiceLinkCreated, InvoicePaid
from generation.documents.storage import note_link, note_payment


def register(handlers: Handlers) -> None:
    """Subscribe."""

    async def linked(event: InvoiceLinkCreated, uow: UnitOfWork) -> None:
        await note_link(uow, event.account_id, event.invoice_id, event.payment_url)

    async def paid(event: InvoicePaid, uow: UnitOfWork) -> None:
        await note_payment(uow, event.account_id, event.invoice_id, event.paid_at)

    handlers.on(InvoiceLinkCreated, linked)
    handlers.on(InvoicePaid, paid)
