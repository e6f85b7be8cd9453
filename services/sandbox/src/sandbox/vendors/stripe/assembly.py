"""Puts Stripe's parts together."""

from starlette.routing import Route

from sandbox.faults.registry import FaultRegistry
from sandbox.journal.record import Journal
from sandbox.pace import Pace
from sandbox.vendors.stripe.catalogue import Catalogue
from sandbox.vendors.stripe.checkout import Checkout
from sandbox.vendors.stripe.events import Events
from sandbox.vendors.stripe.idempotency import IdempotencyKeys
from sandbox.vendors.stripe.page import PaymentPage
from sandbox.vendors.stripe.payments import Payments
from sandbox.vendors.stripe.routes import StripeRoutes
from sandbox.vendors.stripe.store import StripeStore
from sandbox.vendors.stripe.webhooks import WebhookDispatcher, WebhookTarget


class StripeVendor:
    """Stripe as a whole: routes, state, and the deliveries under way."""

    def __init__(
        self,
        target: WebhookTarget,
        faults: FaultRegistry,
        journal: Journal,
        pace: Pace,
        public_url: str,
        kept_max: int,
    ) -> None:
        self._store = StripeStore(kept_max)
        self._webhooks = WebhookDispatcher(target, faults, journal)
        self._keys = IdempotencyKeys()
        events = Events(self._store, self._webhooks)
        catalogue = Catalogue(self._store, events)
        payments = Payments(self._store, events)
        checkout = Checkout(self._store, events, catalogue, payments, public_url)
        self._api = StripeRoutes(self._store, catalogue, checkout, payments, self._keys, pace)
        self._page = PaymentPage(checkout, pace)

    def routes(self) -> list[Route]:
        """The API and the payment page, relative to `/stripe`."""
        return [*self._api.routes(), *self._page.routes()]

    def clear(self) -> None:
        """Forgets every object, key and delivery."""
        self._store.clear()
        self._keys.clear()
        self._webhooks.clear()

    async def close(self) -> None:
        """Stops the deliveries."""
        await self._webhooks.close()
