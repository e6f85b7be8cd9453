"""Puts together the Stripe client, the inbox, and the routes of catalogue, purchases, subscriptions and webhook."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter

from billing.catalogue import routes as catalogue_routes
from billing.catalogue.sync import CatalogueSync
from billing.invoice_payments.collecting import Collector
from billing.invoice_payments.worker import InvoicePaymentWorker
from billing.orders import routes as order_routes
from billing.orders.ordering import OrderDesk
from billing.orders.refunding import Refunder
from billing.orders.worker import OrderWorker
from billing.purchases import routes as purchases_routes
from billing.purchases.checkout import CheckoutDesk
from billing.settings import BillingSettings
from billing.stripe import webhook
from billing.stripe.catalogue_api import CatalogueApi
from billing.stripe.client import StripeApi
from billing.stripe.inbox import Inbox
from billing.stripe.invoice_api import InvoiceApi
from billing.stripe.order_api import OrderApi
from billing.stripe.signature import WebhookVerifier, is_live_key
from billing.stripe.subscription_api import SubscriptionApi
from billing.subscriptions import routes as subscription_routes
from billing.subscriptions.changing import SubscriptionOffice
from billing.subscriptions.checkout import SubscriptionDesk
from billing.subscriptions.clock import SubscriptionClock
from billing.subscriptions.closing import SubscriptionClosing
from common.db.database import Database
from common.http.identity import Caller

BODY_LIMITS = {webhook.PATH: webhook.BODY_BYTES_MAX}
"""For `create_app(body_limits=…)`."""


@dataclass(frozen=True, slots=True)
class StripeParts:
    """Serve `routers`; run all that has a `run` as tasks; close `api` at the end."""

    api: StripeApi
    inbox: Inbox
    orders: OrderWorker
    invoices: InvoicePaymentWorker
    catalogue: CatalogueSync
    clock: SubscriptionClock
    closing: SubscriptionClosing
    routers: tuple[APIRouter, ...]


def build_stripe(
    settings: BillingSettings, database: Database, identify: Callable[..., Awaitable[Caller]]
) -> StripeParts:
    """The parts, ready to run; `identify` is the dependency that tells whose request it is.

    Raises:
        ValueError: the configuration does not permit a start.
    """
    api_key = settings.stripe_api_key.get_secret_value()
    api = StripeApi(api_key, settings.stripe_api_base)
    grace = timedelta(days=settings.payment_grace_days)
    inbox = Inbox(database, api, grace=grace)
    desk = CheckoutDesk(database, api, settings.public_url, settings.checkout_return_origins)
    catalogue = CatalogueSync(database, CatalogueApi(api), settings.catalogue_sync_seconds)
    subscription_api = SubscriptionApi(api)
    subscription_desk = SubscriptionDesk(
        database, subscription_api, catalogue, settings.public_url, settings.checkout_return_origins
    )
    office = SubscriptionOffice(database, subscription_api, catalogue, grace)
    closing = SubscriptionClosing(database, subscription_api, grace)
    order_api = OrderApi(api)
    order_desk = OrderDesk(database, order_api, settings.public_url, settings.identity_secrets)
    orders = OrderWorker(database, Refunder(database, order_api), timedelta(days=settings.order_buyer_days))
    invoices = InvoicePaymentWorker(database, Collector(database, InvoiceApi(api)))
    verifier = WebhookVerifier(settings.stripe_webhook_secrets, livemode=is_live_key(api_key))
    routers = (
        catalogue_routes.build_router(database),
        purchases_routes.build_router(database, desk, identify),
        order_routes.build_router(database, order_desk, identify),
        subscription_routes.build_router(database, subscription_desk, office, identify, settings.public_url),
        webhook.build_router(database, verifier, inbox.wake),
    )
    return StripeParts(api, inbox, orders, invoices, catalogue, SubscriptionClock(database, grace), closing, routers)
