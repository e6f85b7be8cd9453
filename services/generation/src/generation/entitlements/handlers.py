"""Which fact tells since when an account pays."""

from common.bus.handlers import Handlers
from common.db.unit_of_work import UnitOfWork
from common.events.subscriptions import SubscriptionChanged
from generation.entitlements.storage import follow_subscription


def register(handlers: Handlers) -> None:
    """Subscribe."""

    async def subscription_changed(event: SubscriptionChanged, uow: UnitOfWork) -> None:
        await follow_subscription(uow, event.account_id, event.plan, event.paid_since, event.version)

    handlers.on(SubscriptionChanged, subscription_changed)
