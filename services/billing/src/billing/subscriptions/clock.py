"""What time alone brings: the credits of a month that begins, and the end of a grace period."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from billing.subscriptions.following import review_next
from billing.subscriptions.grants import grant_next_month
from common.clock import now
from common.db.database import Database
from common.db.recurring import repeat

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 30.0
AT_ONCE_MAX = 10_000


class SubscriptionClock:
    """Runs in every billing process; each month and each account is taken by one of them at a time.

    After an outage it catches up month by month.
    """

    def __init__(self, database: Database, grace: timedelta, *, read_clock: Callable[[], datetime] = now) -> None:
        self._database = database
        self._grace = grace
        self._read_clock = read_clock

    async def run(self) -> None:
        """Tick for ever."""
        await repeat(self.tick, PAUSE_SECONDS, skipped="subscription_clock_skipped")

    async def tick(self) -> tuple[int, int]:
        """Give every month that has begun and judge every account whose time has come; says how many of each."""
        months = reviews = 0
        while months < AT_ONCE_MAX:
            if await self._database.transact(grant_next_month, self._read_clock(), None) is None:
                break
            months += 1
        while reviews < AT_ONCE_MAX and await self._database.transact(review_next, self._grace, self._read_clock()):
            reviews += 1
        if months or reviews:
            log.info("subscription_clock_ticked", months_granted=months, accounts_reviewed=reviews)
        return months, reviews
