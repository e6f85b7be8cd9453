"""Use case: give credits, each grant exactly once."""

from collections.abc import Sequence
from dataclasses import dataclass

from billing.ledger import storage
from billing.ledger.announcements import announce_balances
from billing.ledger.rules import GrantRequest as Grant
from billing.ledger.rules import GrantSource
from common.db.unit_of_work import UnitOfWork

__all__ = ["Grant", "GrantOutcome", "GrantSource", "post_grants"]


@dataclass(frozen=True, slots=True)
class GrantOutcome:
    """Whether this call gave the credits (False: an earlier one had), and what the account has now."""

    granted: bool
    available_credits: int


async def post_grants(uow: UnitOfWork, grants: Sequence[Grant]) -> list[GrantOutcome]:
    """Give credits. A grant whose `(source, reference)` was given before, here or ever, is passed over.

    Raises:
        ValueError: an amount is out of range.
    """
    account_ids = sorted({grant.account_id for grant in grants})
    await storage.open_accounts(uow, account_ids)
    book = await storage.load_book(uow, account_ids)
    given = await storage.granted_references(uow, [(grant.source, grant.reference) for grant in grants])
    granted: list[bool] = []
    for grant in grants:
        key = (grant.source, grant.reference)
        granted.append(key not in given)
        if key not in given:
            book.grant(grant)
            given.add(key)
    await storage.save(uow, book.changes)
    announce_balances(uow, book)
    return [
        GrantOutcome(fresh, book.account(grant.account_id).available)
        for fresh, grant in zip(granted, grants, strict=True)
    ]
