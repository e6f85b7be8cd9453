"""Which facts concern automatic top-ups."""

from collections.abc import Sequence

from billing.top_ups.rule_storage import switch_off
from common.bus.handlers import Handlers, Received
from common.db.unit_of_work import UnitOfWork
from common.events.deletion import AccountDeletionRequested


def register(handlers: Handlers) -> None:
    """Stop buying for accounts that are deleted, beside whatever else is done about that."""
    handlers.beside((AccountDeletionRequested,), stop_buying)


async def stop_buying(batch: Sequence[Received[AccountDeletionRequested]], uow: UnitOfWork) -> None:
    """Switch the rules of deleted accounts off."""
    for account_id in sorted({received.event.account_id for received in batch}):
        await switch_off(uow, account_id, "account_deleted")
