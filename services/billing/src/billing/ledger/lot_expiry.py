"""Lots whose time has come expire: as a posting under a key of its own, never as a filter on reading."""

import structlog
from sqlalchemy import text

from billing.ledger import storage
from billing.ledger.announcements import announce_balances
from common.db.database import Database
from common.db.recurring import repeat
from common.db.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 30.0
BATCH_MAX = 200

_DUE = text(
    """
    SELECT lot_id, account_id FROM lots
    WHERE remaining_credits > 0 AND expires_at IS NOT NULL AND expires_at <= now()
    ORDER BY expires_at LIMIT :limit
    """
)


async def expire_lots(uow: UnitOfWork) -> int:
    """Expire what is due; says how many credits expired."""
    due = await uow.rows(_DUE, {"limit": BATCH_MAX})
    if not due:
        return 0
    book = await storage.load_book(uow, sorted({row.account_id for row in due}))
    expired = sum(book.expire(row.lot_id, row.account_id) for row in due)
    await storage.save(uow, book.changes)
    announce_balances(uow, book)
    return expired


async def run_lot_expiry(database: Database) -> None:
    """Look for lots whose time has come, for ever."""

    async def turn() -> None:
        while expired := await database.transact(expire_lots):
            log.info("lots_expired", credits=expired)

    await repeat(turn, PAUSE_SECONDS, skipped="lot_expiry_skipped")
