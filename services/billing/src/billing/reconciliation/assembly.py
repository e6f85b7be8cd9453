"""Puts a reconciler together."""

from collections.abc import Callable

from billing.reconciliation.feeding import Feeder
from billing.reconciliation.reconciler import Reconciler
from billing.settings import BillingSettings
from billing.stripe.client import StripeApi
from billing.stripe.listing import StripeListing
from billing.stripe.signature import is_live_key
from common.db.database import Database


def build_reconciler(
    settings: BillingSettings, database: Database, api: StripeApi, wake: Callable[[], None]
) -> Reconciler:
    """Over these parts; `wake` tells the inbox worker of this process that there is something to do."""
    livemode = is_live_key(settings.stripe_api_key.get_secret_value())
    feeder = Feeder(database, livemode=livemode, wake=wake)
    return Reconciler(database, StripeListing(api), feeder, days=settings.reconciliation_days)
