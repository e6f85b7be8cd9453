"""Which facts change an account's plan."""

from functools import partial

from common.bus.handlers import Handlers
from common.db.unit_of_work import UnitOfWork
from common.events.subscriptions import AccountChanged
from gateway.subscriptions.changed_plans import ChangedPlans
from gateway.subscriptions.storage import follow_plan


def register(handlers: Handlers, changed_plans: ChangedPlans) -> None:
    """Subscribe the accounts' plans."""

    async def account_changed(event: AccountChanged, uow: UnitOfWork) -> None:
        if await follow_plan(uow, event.account_id, event.plan, event.version):
            uow.after_commit(partial(changed_plans.note, event.account_id, event.plan))

    handlers.on(AccountChanged, account_changed)
