"""Puts Stripe's parts together."""

from starlette.routing import Route

from sandbox.faults.registry import FaultRegistry
from sandbox.journal.record import Journal
from sandbox.pace import Pace
from sandbox.vendors.stripe.authentication import Authentication
from sandbox.vendors.stripe.balance import Balance
from sandbox.vendors.stripe.cards import Cards
from sandbox.vendors.stripe.catalogue import Catalogue
from sandbox.vendors.stripe.checkout import Checkout
from sandbox.vendors.stripe.completion import Collectors, Completion
from sandbox.vendors.stripe.coupons import Coupons
from sandbox.vendors.stripe.customers import Customers
from sandbox.vendors.stripe.disputes import Disputes
from sandbox.vendors.stripe.endpoints import Endpoints
from sandbox.vendors.stripe.events import Events
from sandbox.vendors.stripe.idempotency import IdempotencyKeys
from sandbox.vendors.stripe.intents import Intents
from sandbox.vendors.stripe.invoices import Invoices
from sandbox.vendors.stripe.page import PaymentPage
from sandbox.vendors.stripe.payment_links import PaymentLinks
from sandbox.vendors.stripe.payments import Payments
from sandbox.vendors.stripe.plan_changes import PlanChanges
from sandbox.vendors.stripe.portal import Portal
from sandbox.vendors.stripe.portal_page import AuthenticationPage, PortalPage
from sandbox.vendors.stripe.refunds import Refunds
from sandbox.vendors.stripe.routes import Parts, StripeRoutes
from sandbox.vendors.stripe.schedules import Schedules
from sandbox.vendors.stripe.setup_intents import SetupIntents
from sandbox.vendors.stripe.steering import Steered, Steering
from sandbox.vendors.stripe.store import StripeStore
from sandbox.vendors.stripe.subscriptions import Subscriptions
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
        parts, completion = _assemble(self._store, Events(self._store, self._webhooks), public_url)
        authentication = Authentication(self._store, parts.intents, parts.invoices, parts.subscriptions)
        self._api = StripeRoutes(self._store, Endpoints(self._store, self._keys, pace), parts)
        self._pages = (
            PaymentPage(parts.checkout, parts.links, pace),
            PortalPage(parts.portal),
            AuthenticationPage(self._store, authentication),
        )
        self._steering = Steering(
            Steered(
                checkout=parts.checkout,
                completion=completion,
                subscriptions=parts.subscriptions,
                invoices=parts.invoices,
                authentication=authentication,
                cards=parts.cards,
                refunds=parts.refunds,
                disputes=parts.disputes,
            )
        )

    def routes(self) -> list[Route]:
        """The API and the pages, relative to `/stripe`."""
        return [*self._api.routes(), *(route for page in self._pages for route in page.routes())]

    def steering_routes(self) -> list[Route]:
        """What tests order, relative to `/sandbox/stripe`."""
        return self._steering.routes()

    def clear(self) -> None:
        """Forgets every object, key and delivery."""
        self._store.clear()
        self._keys.clear()
        self._webhooks.clear()

    async def close(self) -> None:
        """Stops the deliveries."""
        await self._webhooks.close()


def _assemble(store: StripeStore, events: Events, public_url: str) -> tuple[Parts, Completion]:
    balance, cards = Balance(store), Cards(store, events)
    payments = Payments(store, events, balance, public_url)
    customers, coupons = Customers(store, events, cards), Coupons(store, events)
    invoices = Invoices(store, events, customers, cards, payments)
    subscriptions = Subscriptions(store, events, customers, invoices, coupons)
    changes = PlanChanges(store, events, subscriptions, invoices)
    setup_intents, catalogue = SetupIntents(store, events, cards), Catalogue(store, events)
    collectors = Collectors(customers, cards, coupons, payments, setup_intents, subscriptions, invoices)
    completion = Completion(store, events, collectors)
    checkout = Checkout(store, events, catalogue, coupons, completion, public_url)
    parts = Parts(
        customers=customers,
        catalogue=catalogue,
        coupons=coupons,
        checkout=checkout,
        links=PaymentLinks(store, events, catalogue, checkout, public_url),
        intents=Intents(store, events, payments, cards),
        setup_intents=setup_intents,
        cards=cards,
        refunds=Refunds(store, events, balance),
        disputes=Disputes(store, events, balance),
        subscriptions=subscriptions,
        changes=changes,
        schedules=Schedules(store, events, subscriptions),
        invoices=invoices,
        portal=Portal(store, customers, cards, subscriptions, changes, public_url),
    )
    return parts, completion
