"""What the ledger tells the world after a transaction."""

from billing.ledger.rules import Account, Book
from common.db.unit_of_work import UnitOfWork
from common.events.credits import Balance, BalanceChanged


def balance_of(account: Account) -> Balance:
    """An account's balance as events carry it."""
    return Balance(
        available_credits=account.available,
        held_credits=account.held,
        debt_credits=account.debt,
        version=account.version,
    )


def announce_balances(uow: UnitOfWork, book: Book) -> None:
    """Say the new balance of every account that changed, once: for changes that no other event tells of."""
    for account in book.changes.accounts.values():
        uow.emit(
            BalanceChanged(
                account_id=account.account_id,
                available_credits=account.available,
                held_credits=account.held,
                debt_credits=account.debt,
                version=account.version,
            )
        )
