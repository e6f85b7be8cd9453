"""Brings early news to jobs that have become known since.

A job of ours is in the read model before anybody speaks of it. That of an order enters with `order.paid`, on billing's
stream, while generation already speaks of it on its own; after an outage the one may be read long before the other.
What finds no job is kept by the projection's own statement (`jobs/projection.py`), and put before it again here.
"""

from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import text

from common.db.database import Database
from common.db.recurring import repeat
from common.db.unit_of_work import UnitOfWork
from gateway.jobs.projection import APPLY_NEWS, NEWS_COLUMNS

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 1.0
AT_ONCE_MAX = 100
KEPT = timedelta(days=7)
"""As long as streams are: what concerns no job by then concerns none."""

_TAKE = text(
    """
    DELETE FROM early_news WHERE news_id IN (
        SELECT news_id FROM early_news JOIN jobs USING (job_id)
        ORDER BY news_id LIMIT :limit FOR UPDATE OF early_news SKIP LOCKED
    )
    RETURNING news_id, news
    """
)
_FORGET = text("DELETE FROM early_news WHERE created_at < now() - CAST(:age AS interval)")


class EarlyNews:
    """May run on every replica; what one of them has is passed over by the others."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self) -> None:
        """Look for ever; run it as a task of the process."""
        await repeat(self._take_in_all, PAUSE_SECONDS, skipped="early_news_wait_for_database")

    async def _take_in_all(self) -> None:
        while await self._database.transact(take_in) == AT_ONCE_MAX:
            pass


async def take_in(uow: UnitOfWork) -> int:
    """Apply news whose jobs are known by now; how many. The order does not matter, as for all news."""
    rows = await uow.rows(_TAKE, {"limit": AT_ONCE_MAX})
    for row in sorted(rows, key=lambda row: int(row.news_id)):
        await uow.execute(APPLY_NEWS, _parameters(row.news))
    if rows:
        log.info("early_news_taken_in", count=len(rows))
    await uow.execute(_FORGET, {"age": KEPT})
    return len(rows)


def _parameters(news: dict[str, Any]) -> dict[str, list[Any]]:
    return {"event_ids": []} | {
        parameter: [_moment(news[column]) if column.endswith("_at") else news[column]]
        for parameter, column in NEWS_COLUMNS.items()
    }


def _moment(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)
