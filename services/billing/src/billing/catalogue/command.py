"""`python -m billing sync-catalogue`: bring packs, plans and prices to Stripe now, after a price was changed."""

import sys

from billing.catalogue.sync import CatalogueSync
from billing.settings import BillingSettings
from billing.stripe.catalogue_api import CatalogueApi
from billing.stripe.client import StripeApi
from common.db.database import Database
from common.runtime import Process, run_process


def sync_catalogue(settings: BillingSettings) -> None:
    """Synchronise once and say how many prices were made.

    Raises:
        PaymentsUnavailable: Stripe does not answer; run it again.
        PaymentsRefused: Stripe does not let us.
    """

    async def main(process: Process) -> None:
        database = Database(settings.database_url_for("billing"), application="billing-catalogue", pool_size=2)
        process.stack.push_async_callback(database.close)
        api = StripeApi(settings.stripe_api_key.get_secret_value(), settings.stripe_api_base)
        process.stack.push_async_callback(api.close)
        made = await CatalogueSync(database, CatalogueApi(api), settings.catalogue_sync_seconds).sync()
        sys.stdout.write(f"sync-catalogue: {made} prices made anew\n")

    run_process("billing", settings, main)
