"""Which fact has artefacts deleted."""

from common.bus.handlers import Handlers
from common.db.unit_of_work import UnitOfWork
from common.events.deletion import AccountDeletionRequested
from generation.artefacts.storage import insert_deletion


def register(handlers: Handlers) -> None:
    """Subscribe. The deleting itself is done by workers, which alone know the vendor."""

    async def note(event: AccountDeletionRequested, uow: UnitOfWork) -> None:
        await insert_deletion(uow, event.deletion_id, event.account_id)

    handlers.on(AccountDeletionRequested, note)
