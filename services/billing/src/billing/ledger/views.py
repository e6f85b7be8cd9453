"""What an account's owner reads of the ledger."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from common.db.database import Database

LOTS_MAX = 100

_BALANCE = text(
    "SELECT available_credits, held_credits, debt_credits, version FROM balances WHERE account_id = :account_id"
)
_LOTS = text(
    """
    SELECT lot_id, source, granted_credits, remaining_credits, expires_at, created_at FROM lots
    WHERE account_id = :account_id AND remaining_credits > 0
    ORDER BY expires_at NULLS LAST, lot_id LIMIT :limit
    """
)


@dataclass(frozen=True, slots=True)
class LotView:
    """Credits that came together and expire together."""

    lot_id: UUID
    source: str
    granted: int
    remaining: int
    expires_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CreditsView:
    """What an account has: the very numbers that decide about its next job."""

    available: int
    held: int
    debt: int
    version: int
    lots: list[LotView]


async def credits_of(database: Database, account_id: UUID) -> CreditsView:
    """The balances and open lots of an account; zeros where it never had any."""
    async with database.autocommit() as connection:
        balance = (await connection.execute(_BALANCE, {"account_id": account_id})).first()
        lots = (await connection.execute(_LOTS, {"account_id": account_id, "limit": LOTS_MAX})).all()
    available, held, debt, version = balance if balance is not None else (0, 0, 0, 0)
    return CreditsView(available, held, debt, version, [LotView(*row) for row in lots])
