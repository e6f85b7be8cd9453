"""Customers, products and prices: how they are made from parameters."""

import time
from decimal import Decimal

from sandbox.tokens import stripe_id
from sandbox.vendors.stripe.errors import StripeError
from sandbox.vendors.stripe.events import Events
from sandbox.vendors.stripe.form import Params, mapping, required, text, truth, whole
from sandbox.vendors.stripe.store import StripeObject, StripeStore

_INTERVALS = ("day", "week", "month", "year")


class Catalogue:
    """Makes customers, products and prices and files them."""

    def __init__(self, store: StripeStore, events: Events) -> None:
        self._store = store
        self._events = events

    def create_customer(self, params: Params) -> StripeObject:
        """A customer; every field is optional, as at Stripe."""
        customer: StripeObject = {
            "id": stripe_id("cus", 14),
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
            "invoice_prefix": "SANDBOX1",
            "invoice_settings": {"custom_fields": None, "default_payment_method": None, "footer": None},
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

    def create_product(self, params: Params) -> StripeObject:
        """A product.

        Raises:
            StripeError: 400, it has no name, or its chosen id is taken.
        """
        now = int(time.time())
        product: StripeObject = {
            "id": text(params, "id") or stripe_id("prod", 14),
            "object": "product",
            "active": truth(params, "active", True),
            "created": now,
            "default_price": None,
            "description": text(params, "description"),
            "images": [],
            "livemode": False,
            "marketing_features": [],
            "metadata": mapping(params, "metadata"),
            "name": required(params, "name"),
            "package_dimensions": None,
            "shippable": None,
            "statement_descriptor": None,
            "tax_code": None,
            "type": "service",
            "unit_label": None,
            "updated": now,
            "url": None,
        }
        if any(one["id"] == product["id"] for one in self._store.all("product")):
            raise StripeError(400, "Product already exists.", code="resource_already_exists", param="id")
        return self._store.add(product)

    def create_price(self, params: Params) -> StripeObject:
        """A price, with its product when `product_data` is given.

        Raises:
            StripeError: 400, a missing or odd field; 404, no such product.
        """
        product_id = text(params, "product")
        if product_id is None:
            product_id = str(self.create_product(_named(mapping(params, "product_data")))["id"])
        else:
            self._store.get("product", product_id, "product")
        amount = _amount(params)
        recurring = mapping(params, "recurring")
        price: StripeObject = {
            "id": stripe_id("price"),
            "object": "price",
            "active": truth(params, "active", True),
            "billing_scheme": "per_unit",
            "created": int(time.time()),
            "currency": required(params, "currency").lower(),
            "custom_unit_amount": None,
            "livemode": False,
            "lookup_key": text(params, "lookup_key"),
            "metadata": mapping(params, "metadata"),
            "nickname": text(params, "nickname"),
            "product": product_id,
            "recurring": _recurring(recurring) if recurring else None,
            "tax_behavior": text(params, "tax_behavior") or "unspecified",
            "tiers_mode": None,
            "transform_quantity": None,
            "type": "recurring" if recurring else "one_time",
            "unit_amount": amount,
            "unit_amount_decimal": str(amount),
        }
        return self._store.add(price)


def _named(product: Params) -> Params:
    if not product:
        raise StripeError(400, "You must specify either `product` or `product_data`.", param="product")
    return product


def _amount(params: Params) -> int:
    amount = whole(params, "unit_amount")
    if amount is None and text(params, "unit_amount_decimal"):
        amount = int(Decimal(required(params, "unit_amount_decimal")))
    if amount is None:
        raise StripeError(400, "Missing required param: unit_amount.", param="unit_amount")
    if amount < 0:
        raise StripeError(400, "Invalid non-negative integer", param="unit_amount")
    return amount


def _recurring(params: Params) -> StripeObject:
    interval = required(params, "interval")
    if interval not in _INTERVALS:
        raise StripeError(400, f"Invalid recurring[interval]: {interval}", param="recurring[interval]")
    return {
        "interval": interval,
        "interval_count": whole(params, "interval_count", 1),
        "meter": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }
