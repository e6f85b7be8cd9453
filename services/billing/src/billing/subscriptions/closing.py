"""An account that was deleted pays no more: its subscriptions are cancelled at Stripe, whatever comes between.

That an account is closed is kept in the transaction of the event; Stripe is asked afterwards, again and again until no
subscription of a closed account goes on. One that was being paid for meanwhile is found as well.
"""

from collections.abc import Sequence
from datetime import timedelta

import structlog
from sqlalchemy import text

from billing.purchases.ports import PaymentsRefused, PaymentsUnavailable
from billing.subscriptions.following import follow, look
from billing.subscriptions.periods import UnknownPrice
from billing.subscriptions.ports import SubscriptionGateway
from common.bus.handlers import Received
from common.db.database import Database
from common.db.recurring import repeat
from common.db.unit_of_work import UnitOfWork
from common.events.deletion import AccountDeletionRequested

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 15.0
AT_ONCE_MAX = 50

_CLOSE = text(
    """
    INSERT INTO account_plans (account_id, closed_at) SELECT unnest(CAST(:account_ids AS uuid[])), now()
    ON CONFLICT (account_id) DO UPDATE SET closed_at = coalesce(account_plans.closed_at, now())
    """
)
_GOING_ON = text(
    """
    SELECT stripe_subscription_id FROM account_plans JOIN subscriptions USING (account_id)
    WHERE closed_at IS NOT NULL AND subscriptions.status NOT IN ('canceled', 'incomplete_expired')
    ORDER BY closed_at LIMIT :limit
    """
)


async def close_accounts(batch: Sequence[Received[AccountDeletionRequested]], uow: UnitOfWork) -> None:
    """Keep that these accounts were deleted."""
    await uow.execute(_CLOSE, {"account_ids": sorted({received.event.account_id for received in batch})})


class SubscriptionClosing:
    """Runs in every billing process; cancelling twice is cancelling once."""

    def __init__(self, database: Database, gateway: SubscriptionGateway, grace: timedelta) -> None:
        self._database = database
        self._gateway = gateway
        self._grace = grace

    async def run(self) -> None:
        """Look for subscriptions of closed accounts, for ever."""
        await repeat(self.tick, PAUSE_SECONDS, skipped="subscription_closing_skipped")

    async def tick(self) -> int:
        """Cancel those there are; says how many. One that cannot be cancelled now is for the next time."""
        async with self._database.autocommit() as connection:
            found = (await connection.execute(_GOING_ON, {"limit": AT_ONCE_MAX})).scalars().all()
        return sum([await self._cancel(stripe_subscription_id) for stripe_subscription_id in found])

    async def _cancel(self, stripe_subscription_id: str) -> bool:
        try:
            await self._gateway.cancel_now(stripe_subscription_id)
            seen = await look(self._database, self._gateway, stripe_subscription_id)
            await self._database.transact(follow, seen, self._grace)
        except (PaymentsUnavailable, PaymentsRefused, UnknownPrice) as error:
            log.warning("subscription_not_cancelled", subscription=stripe_subscription_id, error=str(error)[:200])
            return False
        log.info("subscription_of_closed_account_cancelled", subscription=stripe_subscription_id)
        return True
