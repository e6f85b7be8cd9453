"""Customers: made, changed, and the payment methods they keep."""

import time

from sandbox.tokens import stripe_id
from sandbox.vendors.stripe.cards import Cards
from sandbox.vendors.stripe.errors import StripeError
from sandbox.vendors.stripe.events import Events
from sandbox.vendors.stripe.form import Params, mapping, merged, text
from sandbox.vendors.stripe.store import StripeObject, StripeStore, page_of, passes


class Customers:
    """Makes customers and knows which payment method each would pay with."""

    def __init__(self, store: StripeStore, events: Events, cards: Cards) -> None:
        self._store = store
        self._events = events
        self._cards = cards

    def create(self, params: Params) -> StripeObject:
        """A customer; every field is optional, as at Stripe. Says `customer.created`."""
        customer_id = stripe_id("cus", 14)
        customer: StripeObject = {
            "id": customer_id,
            "object": "customer",
            "address": None,
            "balance": 0,
            "created": int(time.time()),
            "currency": None,
            "default_source": None,
            "delinquent": False,
            "description": text(params, "description"),
            "discount": None,
            "email": text(params, "email"),
            "invoice_prefix": customer_id[-8:].upper(),
            "invoice_settings": {
                "custom_fields": None,
                "default_payment_method": None,
                "footer": None,
                "rendering_options": None,
            },
            "livemode": False,
            "metadata": mapping(params, "metadata"),
            "name": text(params, "name"),
            "next_invoice_sequence": 1,
            "phone": text(params, "phone"),
            "preferred_locales": [],
            "shipping": None,
            "tax_exempt": "none",
            "test_clock": None,
        }
        self._store.add(customer)
        self._events.emit("customer.created", customer)
        return customer

    def update(self, customer_id: str, params: Params) -> StripeObject:
        """Changes a customer; says `customer.updated`.

        Raises:
            StripeError: 400, the default payment method is not attached to them; 404.
        """
        customer = self._store.get("customer", customer_id)
        method_id = text(mapping(params, "invoice_settings"), "default_payment_method")
        if method_id:
            method = self._store.get("payment_method", method_id, "invoice_settings[default_payment_method]")
            if method["customer"] != customer_id:
                message = "The customer does not have a payment method with the ID " + method_id
                raise StripeError(400, message, code="resource_missing", param="invoice_settings")
        with self._events.changing("customer.updated", customer):
            for name in ("description", "email", "name", "phone"):
                customer[name] = params.get(name, customer[name]) or None
            customer["metadata"] = merged(customer["metadata"], params)
            if method_id:
                customer["invoice_settings"]["default_payment_method"] = method_id
        return customer

    def payment_methods(self, customer_id: str | None, url: str, params: Params) -> StripeObject:
        """A list of payment methods, of one customer when one is named; also by `type`.

        Raises:
            StripeError: 404, no such customer.
        """
        if customer_id:
            self._store.get("customer", customer_id, "customer")

        def wanted(method: StripeObject) -> bool:
            return passes(method, params, ("type",)) and method["customer"] == customer_id

        return page_of(self._store.all("payment_method"), url, params, wanted)

    def payment_method(self, customer_id: str | None, preferred: str | None = None) -> StripeObject | None:
        """What a customer pays with when nobody asks: the preferred method or the default one."""
        customer = self._store.get("customer", customer_id or "")
        method_id = preferred or customer["invoice_settings"]["default_payment_method"]
        return self._cards.find(method_id) if method_id else None
