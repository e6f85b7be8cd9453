"""The ledger checks itself: the invariants, stated once in the database, looked at every minute."""

from dataclasses import dataclass

import structlog
from prometheus_client import Gauge
from sqlalchemy import text

from common.db.database import Database
from common.db.recurring import repeat

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 60.0
VIOLATIONS_MAX = 100

_violations = Gauge("ledger_violations", "Broken invariants of the ledger; anything but 0 pages somebody")
_AUDIT = text("SELECT invariant, subject, detail FROM ledger_audit() LIMIT :limit")


@dataclass(frozen=True, slots=True)
class Violation:
    """An invariant that does not hold, and where."""

    invariant: str
    subject: str
    detail: str


async def audit(database: Database) -> list[Violation]:
    """Every broken invariant, at most `VIOLATIONS_MAX`; an empty list is the only good answer."""
    async with database.autocommit() as connection:
        rows = await connection.execute(_AUDIT, {"limit": VIOLATIONS_MAX})
        return [Violation(*row) for row in rows]


async def run_audit(database: Database) -> None:
    """Audit for ever. A violation is logged as an error and shown in the gauge; nothing is repaired by itself."""

    async def turn() -> None:
        violations = await audit(database)
        _violations.set(len(violations))
        for found in violations:
            log.error("ledger_violation", invariant=found.invariant, subject=found.subject, detail=found.detail)

    await repeat(turn, PAUSE_SECONDS, skipped="ledger_audit_skipped")
