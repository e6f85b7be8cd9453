"""What the ledger tells the world after a transaction."""

from billing.ledger.rules import Book
from common.db.unit_of_work import UnitOfWork
from common.events.credits import BalanceChanged


def announce_balances(uow: UnitOfWork, book: Book, traceparents: dict[object, str | None] | None = None) -> None:
    """Say the new balance of every account that changed, once."""
    for account in book.changes.accounts.values():
        uow.emit(
            BalanceChanged(
                account_id=account.account_id,
                available_credits=account.available,
                held_credits=account.held,
                debt_credits=account.debt,
                version=account.version,
            ),
            (traceparents or {}).get(account.account_id),
        )
