"""Which facts end subscriptions."""

from billing.subscriptions.closing import close_accounts
from common.bus.handlers import Handlers
from common.events.deletion import AccountDeletionRequested


def register(handlers: Handlers) -> None:
    """Subscribe the subscriptions, beside whoever else ends something with an account."""
    handlers.beside((AccountDeletionRequested,), close_accounts)
