"""Puts the parts of automatic top-ups together."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import APIRouter

from billing.purchases.checkout import CheckoutDesk
from billing.settings import BillingSettings
from billing.stripe.client import StripeApi
from billing.stripe.off_session import OffSessionApi
from billing.stripe.subscription_api import SubscriptionApi
from billing.top_ups import routes
from billing.top_ups.buying import Buyer
from billing.top_ups.rule_desk import RuleDesk
from billing.top_ups.worker import TopUpWorker
from common.db.database import Database
from common.http.identity import Caller


@dataclass(frozen=True, slots=True)
class TopUpParts:
    """Serve `router`, run `worker.run(stopping)` as a task."""

    router: APIRouter
    worker: TopUpWorker


def build_top_ups(
    settings: BillingSettings,
    database: Database,
    api: StripeApi,
    identify: Callable[..., Awaitable[Caller]],
    paused: Callable[[], bool] = lambda: False,
) -> TopUpParts:
    """The parts over one Stripe client; `identify` is the dependency that tells whose request it is.

    While `paused`, nothing is bought that was not begun before.
    """
    vendor = OffSessionApi(api)
    desk = RuleDesk(database, vendor, SubscriptionApi(api), settings.public_url)
    buyer = Buyer(database, vendor, CheckoutDesk(database, api, settings.public_url))
    return TopUpParts(routes.build_router(desk, identify), TopUpWorker(database, buyer, settings.public_url, paused))
