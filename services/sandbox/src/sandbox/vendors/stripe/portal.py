"""The customer portal: its configurations, its sessions, and what a customer does there."""

import time

from sandbox.tokens import stripe_id
from sandbox.vendors.stripe.cards import Cards
from sandbox.vendors.stripe.customers import Customers
from sandbox.vendors.stripe.errors import StripeError
from sandbox.vendors.stripe.form import Params, mapping, merged, required, text, truth
from sandbox.vendors.stripe.plan_changes import PlanChanges
from sandbox.vendors.stripe.portal_objects import configuration_object, flow_object
from sandbox.vendors.stripe.store import StripeObject, StripeStore
from sandbox.vendors.stripe.subscription_objects import items_of
from sandbox.vendors.stripe.subscriptions import Subscriptions

_LIVING = ("active", "past_due", "unpaid")


class Portal:
    """Makes sessions and does what their page asks, within what the configuration allows."""

    def __init__(
        self,
        store: StripeStore,
        customers: Customers,
        cards: Cards,
        subscriptions: Subscriptions,
        changes: PlanChanges,
        public_url: str,
    ) -> None:
        self._store = store
        self._customers = customers
        self._cards = cards
        self._subscriptions = subscriptions
        self._changes = changes
        self._public_url = public_url

    def configure(self, params: Params) -> StripeObject:
        """A configuration; the first one is the default."""
        is_default = not self._store.all("billing_portal.configuration")
        return self._store.add(configuration_object(params, is_default=is_default))

    def reconfigure(self, configuration_id: str, params: Params) -> StripeObject:
        """Changes a configuration.

        Raises:
            StripeError: 404.
        """
        configuration = self._store.get("billing_portal.configuration", configuration_id)
        fresh = configuration_object(params, is_default=configuration["is_default"])
        for name in mapping(params, "features"):
            configuration["features"][name] = fresh["features"][name]
        configuration["active"] = truth(params, "active", configuration["active"])
        configuration["metadata"] = merged(configuration["metadata"], params)
        configuration["default_return_url"] = text(params, "default_return_url") or configuration["default_return_url"]
        configuration["updated"] = int(time.time())
        return configuration

    def open(self, params: Params) -> StripeObject:
        """A session with its page; without any configuration a default one is made, which Stripe would refuse live.

        Raises:
            StripeError: 400, a missing field; 404, no such customer or configuration.
        """
        customer = self._store.get("customer", required(params, "customer"), "customer")
        asked = text(params, "configuration")
        if asked:
            configuration = self._store.get("billing_portal.configuration", asked, "configuration")
        else:
            known = [one for one in self._store.all("billing_portal.configuration") if one["is_default"]]
            configuration = known[0] if known else self.configure({})
        session_id = stripe_id("bps")
        return self._store.add(
            {
                "id": session_id,
                "object": "billing_portal.session",
                "configuration": configuration["id"],
                "created": int(time.time()),
                "customer": customer["id"],
                "customer_account": None,
                "flow": flow_object(mapping(params, "flow_data")),
                "livemode": False,
                "locale": text(params, "locale"),
                "on_behalf_of": None,
                "return_url": text(params, "return_url") or configuration["default_return_url"],
                "url": f"{self._public_url}/stripe/portal/{session_id}",
            }
        )

    def get(self, session_id: str) -> StripeObject:
        """A session.

        Raises:
            StripeError: 404.
        """
        return self._store.get("billing_portal.session", session_id)

    def features(self, session: StripeObject) -> StripeObject:
        """What a session's customer may do."""
        configuration = self._store.get("billing_portal.configuration", session["configuration"])
        features: StripeObject = configuration["features"]
        return features

    def subscriptions(self, session: StripeObject) -> list[StripeObject]:
        """The customer's subscriptions that go on, newest first."""
        every = self._store.all("subscription")
        return [one for one in every if one["customer"] == session["customer"] and one["status"] in _LIVING]

    def invoices(self, session: StripeObject) -> list[StripeObject]:
        """The customer's invoices, newest first."""
        return [one for one in self._store.all("invoice") if one["customer"] == session["customer"]]

    def payment_method(self, session: StripeObject) -> StripeObject | None:
        """What the customer pays with."""
        living = self.subscriptions(session)
        preferred = living[0]["default_payment_method"] if living else None
        return self._customers.payment_method(session["customer"], preferred)

    def plans(self, session: StripeObject) -> list[StripeObject]:
        """The recurring prices a customer may change to: those of the configuration, or all that are sold."""
        products = self.features(session)["subscription_update"]["products"] or []
        allowed = {price for product in products for price in product["prices"]}
        return [
            price
            for price in self._store.all("price")
            if price["active"] and price["recurring"] and (not allowed or price["id"] in allowed)
        ]

    def plan_name(self, price: StripeObject) -> str:
        """What a price is for."""
        return str(self._store.get("product", price["product"])["name"])

    def cancel(self, session: StripeObject, subscription_id: str) -> None:
        """Cancels at the period's end, or at once when configured so.

        Raises:
            StripeError: 403, not allowed; 404, not theirs.
        """
        rules = self._allowed(session, "subscription_cancel")
        subscription = self._own(session, subscription_id)
        if rules["mode"] == "immediately":
            self._subscriptions.cancel(subscription["id"], {})
        else:
            self._changes.update(subscription["id"], {"cancel_at_period_end": "true"})

    def resume(self, session: StripeObject, subscription_id: str) -> None:
        """Takes a cancellation back.

        Raises:
            StripeError: 403, not allowed; 404, not theirs.
        """
        self._allowed(session, "subscription_cancel")
        self._changes.update(self._own(session, subscription_id)["id"], {"cancel_at_period_end": "false"})

    def change_plan(self, session: StripeObject, subscription_id: str, price_id: str) -> None:
        """Changes the first item's price, with the configured proration.

        Raises:
            StripeError: 400 or 403, not allowed; 404, not theirs.
        """
        rules = self._allowed(session, "subscription_update")
        subscription = self._own(session, subscription_id)
        if price_id not in [price["id"] for price in self.plans(session)]:
            raise StripeError(400, "This plan is not on offer.", param="price")
        item = {"id": items_of(subscription)[0]["id"], "price": price_id}
        self._changes.update(subscription["id"], {"items": [item], "proration_behavior": rules["proration_behavior"]})

    def update_card(self, session: StripeObject, number: str | None) -> None:
        """Saves a new card as the default of the customer and of their subscriptions.

        Raises:
            StripeError: 403, not allowed.
        """
        self._allowed(session, "payment_method_update")
        customer = self._store.get("customer", session["customer"])
        method = self._cards.attach(self._cards.from_number(number, customer["email"]), customer["id"])
        self._customers.update(customer["id"], {"invoice_settings": {"default_payment_method": method["id"]}})
        for subscription in self.subscriptions(session):
            self._changes.update(subscription["id"], {"default_payment_method": method["id"]})

    def _own(self, session: StripeObject, subscription_id: str) -> StripeObject:
        for subscription in self.subscriptions(session):
            if subscription["id"] == subscription_id:
                return subscription
        raise StripeError(404, f"No such subscription: '{subscription_id}'", code="resource_missing")

    def _allowed(self, session: StripeObject, feature: str) -> StripeObject:
        rules: StripeObject = self.features(session)[feature]
        if not rules["enabled"]:
            raise StripeError(403, f"The portal's configuration does not allow {feature}.")
        return rules
