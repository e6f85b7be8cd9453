"""Products and prices: made from parameters, changed, looked up."""

import copy
import time
from decimal import Decimal
from typing import Any

from sandbox.tokens import stripe_id
from sandbox.vendors.stripe.errors import StripeError
from sandbox.vendors.stripe.events import Events
from sandbox.vendors.stripe.form import Params, listing, mapping, merged, required, text, truth, whole
from sandbox.vendors.stripe.store import StripeObject, StripeStore, page_of, passes

_INTERVALS = ("day", "week", "month", "year")


class Catalogue:
    """Makes products and prices and files them. What a request makes in passing is not told by an event."""

    def __init__(self, store: StripeStore, events: Events) -> None:
        self._store = store
        self._events = events

    def create_product(self, params: Params, *, told: bool = True) -> StripeObject:
        """A product; says `product.created`.

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
            "images": listing(params, "images"),
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
        self._store.add(product)
        if told:
            self._events.emit("product.created", product)
        return product

    def update_product(self, product_id: str, params: Params) -> StripeObject:
        """Changes a product; says `product.updated`.

        Raises:
            StripeError: 404, no such product or default price.
        """
        product = self._store.get("product", product_id)
        default_price = text(params, "default_price") or product["default_price"]
        if default_price:
            self._store.get("price", default_price, "default_price")
        with self._events.changing("product.updated", product):
            product.update(
                active=truth(params, "active", product["active"]),
                default_price=default_price,
                description=params.get("description", product["description"]) or None,
                images=listing(params, "images") or product["images"],
                metadata=merged(product["metadata"], params),
                name=text(params, "name") or product["name"],
            )
        product["updated"] = int(time.time())
        return product

    def update_price(self, price_id: str, params: Params) -> StripeObject:
        """Changes what may change about a price: not the amount; says `price.updated`.

        Raises:
            StripeError: 400, the lookup key is another's; 404.
        """
        price = self._store.get("price", price_id)
        lookup_key = text(params, "lookup_key") or price["lookup_key"]
        if lookup_key != price["lookup_key"]:
            self._take_lookup_key(lookup_key, params)
        with self._events.changing("price.updated", price):
            price.update(
                active=truth(params, "active", price["active"]),
                lookup_key=lookup_key,
                metadata=merged(price["metadata"], params),
                nickname=text(params, "nickname") or price["nickname"],
            )
        return price

    def products(self, params: Params) -> StripeObject:
        """A list of products, also by `ids`."""
        ids = listing(params, "ids")

        def wanted(product: StripeObject) -> bool:
            return passes(product, params, ("active",)) and (not ids or product["id"] in ids)

        return page_of(self._store.all("product"), "/v1/products", params, wanted)

    def prices(self, params: Params) -> StripeObject:
        """A list of prices, also by `lookup_keys` and `recurring[interval]`."""
        keys = listing(params, "lookup_keys")
        interval = text(mapping(params, "recurring"), "interval")

        def wanted(price: StripeObject) -> bool:
            if interval and (price["recurring"] or {}).get("interval") != interval:
                return False
            filters = ("active", "currency", "product", "type")
            return passes(price, params, filters) and (not keys or price["lookup_key"] in keys)

        return page_of(self._store.all("price"), "/v1/prices", params, wanted)

    def line_item(self, params: Any) -> StripeObject:
        """A line of a Checkout session or a payment link: a price, filed or made in passing, and how often.

        Raises:
            StripeError: 400, a missing or odd field or a price no longer sold; 404, no such price.
        """
        if not isinstance(params, dict):
            raise StripeError(400, "Invalid object", param="line_items")
        price_id = text(params, "price")
        if price_id:
            price = self._store.get("price", price_id, "line_items[0][price]")
            if not price["active"]:
                message = f"The price specified is inactive: {price_id}. This field only accepts active prices."
                raise StripeError(400, message, param="line_items[0][price]")
        else:
            price_data = mapping(params, "price_data")
            if not price_data:
                raise StripeError(400, "You must specify either `price` or `price_data`.", param="line_items")
            price = self.create_price(price_data, told=False)
            price["active"] = False
        quantity = whole(params, "quantity", 1) or 0
        if quantity < 1:
            raise StripeError(400, "This value must be greater than or equal to 1.", param="quantity")
        amount = price["unit_amount"] * quantity
        return {
            "id": stripe_id("li"),
            "object": "item",
            "amount_discount": 0,
            "amount_subtotal": amount,
            "amount_tax": 0,
            "amount_total": amount,
            "currency": price["currency"],
            "description": self._store.get("product", price["product"])["name"],
            "metadata": {},
            "price": copy.deepcopy(price),
            "quantity": quantity,
        }

    def _take_lookup_key(self, key: str | None, params: Params) -> None:
        for price in self._store.all("price"):
            if key and price["lookup_key"] == key and price["active"]:
                if not truth(params, "transfer_lookup_key", False):
                    message = f"A price (`{price['id']}`) already uses that lookup key."
                    raise StripeError(400, message, param="lookup_key")
                price["lookup_key"] = None
                self._events.emit("price.updated", price, {"lookup_key": key})

    def create_price(self, params: Params, *, told: bool = True) -> StripeObject:
        """A price, with its product when `product_data` is given; says `price.created`.

        Raises:
            StripeError: 400, a missing or odd field; 404, no such product.
        """
        product_id = text(params, "product")
        if product_id is None:
            product_id = str(self.create_product(_named(mapping(params, "product_data")), told=False)["id"])
        else:
            self._store.get("product", product_id, "product")
        amount = _amount(params)
        self._take_lookup_key(text(params, "lookup_key"), params)
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
        self._store.add(price)
        if told:
            self._events.emit("price.created", price)
        return price


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
