"""Holds whose job never came to an outcome are given back, long after its deadline."""

import structlog
from sqlalchemy import text

from billing.ledger.settlements import Settlement, settle
from common.db.database import Database
from common.db.recurring import repeat
from common.db.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 30.0
BATCH_MAX = 100

_LAPSED = text(
    """
    SELECT account_id, job_id FROM holds WHERE state = 'held' AND expires_at < now()
    ORDER BY account_id LIMIT :limit
    """
)


async def expire_holds(uow: UnitOfWork) -> int:
    """Give back what lapsed; says how many holds were looked at."""
    rows = await uow.rows(_LAPSED, {"limit": BATCH_MAX})
    if rows:
        await settle(uow, [Settlement(row.account_id, row.job_id, 0, "expired", None) for row in rows])
    return len(rows)


async def run_expiry(database: Database) -> None:
    """Look for lapsed holds for ever."""

    async def turn() -> None:
        if expired := await database.transact(expire_holds):
            log.warning("holds_expired", count=expired)

    await repeat(turn, PAUSE_SECONDS, skipped="hold_expiry_skipped")
