"""Puts together the Stripe client, the inbox, and the routes of catalogue, purchases and webhook."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import APIRouter

from billing.catalogue import routes as catalogue_routes
from billing.purchases import routes as purchases_routes
from billing.purchases.checkout import CheckoutDesk
from billing.settings import BillingSettings
from billing.stripe import webhook
from billing.stripe.client import StripeApi
from billing.stripe.inbox import Inbox
from billing.stripe.signature import WebhookVerifier, is_live_key
from common.db.database import Database
from common.http.identity import Caller

BODY_LIMITS = {webhook.PATH: webhook.BODY_BYTES_MAX}
"""For `create_app(body_limits=…)`."""


@dataclass(frozen=True, slots=True)
class StripeParts:
    """Serve `routers`, run `inbox.run(stopping)` as a task, close `api` at the end."""

    api: StripeApi
    inbox: Inbox
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
    inbox = Inbox(database, api)
    desk = CheckoutDesk(database, api, settings.public_url, settings.checkout_return_origins)
    verifier = WebhookVerifier(settings.stripe_webhook_secrets, livemode=is_live_key(api_key))
    routers = (
        catalogue_routes.build_router(database),
        purchases_routes.build_router(database, desk, identify),
        webhook.build_router(database, verifier, inbox.wake),
    )
    return StripeParts(api, inbox, routers)
