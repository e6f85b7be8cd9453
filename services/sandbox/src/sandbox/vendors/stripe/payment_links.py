"""Payment links: made, changed, and opened as a Checkout session of their own for every visitor."""

import copy
from typing import Any

from sandbox.tokens import stripe_id
from sandbox.vendors.stripe.catalogue import Catalogue
from sandbox.vendors.stripe.checkout import Checkout
from sandbox.vendors.stripe.completion import link_is_closed
from sandbox.vendors.stripe.errors import StripeError
from sandbox.vendors.stripe.events import Events
from sandbox.vendors.stripe.form import Params, listing, mapping, merged, required, text, truth, whole
from sandbox.vendors.stripe.session_objects import check_items
from sandbox.vendors.stripe.store import HIDDEN, INCLUDABLE, StripeObject, StripeStore, listed

_PASSED_ON = (
    "allow_promotion_codes",
    "customer_creation",
    "invoice_creation",
    "metadata",
    "payment_intent_data",
    "payment_method_types",
    "subscription_data",
    "submit_type",
)


class PaymentLinks:
    """Owns the links. `restrictions.completed_sessions.limit` closes one after so many sales."""

    def __init__(
        self, store: StripeStore, events: Events, catalogue: Catalogue, checkout: Checkout, public_url: str
    ) -> None:
        self._store = store
        self._events = events
        self._catalogue = catalogue
        self._checkout = checkout
        self._public_url = public_url

    def create(self, params: Params) -> StripeObject:
        """A link; says `payment_link.created`.

        Raises:
            StripeError: 400, a missing or odd field; 404, no such price.
        """
        items = [self._catalogue.line_item(item) for item in listing(params, "line_items")]
        mode = "subscription" if any(item["price"]["recurring"] for item in items) else "payment"
        check_items(items, mode)
        link = self._store.add(_link(params, items[0]["currency"]))
        link["url"] = f"{self._public_url}/stripe/link/{link['id']}"
        passed_on = {name: params[name] for name in _PASSED_ON if name in params}
        link[HIDDEN] = {
            "params": {**passed_on, "mode": mode},
            INCLUDABLE: {"line_items": listed(items, f"/v1/payment_links/{link['id']}/line_items")},
        }
        self._events.emit("payment_link.created", link)
        return link

    def update(self, link_id: str, params: Params) -> StripeObject:
        """Switches a link on or off or changes its limit or metadata; says `payment_link.updated`.

        Raises:
            StripeError: 404.
        """
        link = self._store.get("payment_link", link_id)
        with self._events.changing("payment_link.updated", link):
            link["active"] = truth(params, "active", link["active"])
            link["inactive_message"] = text(params, "inactive_message") or link["inactive_message"]
            link["metadata"] = merged(link["metadata"], params)
            if link["restrictions"] and "restrictions" in params:
                link["restrictions"]["completed_sessions"]["limit"] = _limit(params)
        return link

    def line_items(self, link_id: str) -> list[StripeObject]:
        """What a link sells.

        Raises:
            StripeError: 404.
        """
        items: list[StripeObject] = self._store.get("payment_link", link_id)[HIDDEN][INCLUDABLE]["line_items"]["data"]
        return items

    def visit(self, link_id: str, email: str | None = None) -> StripeObject | None:
        """A new session for somebody who opened the link; None when it is closed. `email` prefills the page.

        Raises:
            StripeError: 404.
        """
        link = self._store.get("payment_link", link_id)
        if link_is_closed(link):
            return None
        params = copy.deepcopy(link[HIDDEN]["params"])
        completion = link["after_completion"]
        if completion["type"] == "redirect":
            params["success_url"] = completion["redirect"]["url"]
        if email:
            params["customer_email"] = email
        items = [{**item, "id": stripe_id("li")} for item in copy.deepcopy(self.line_items(link_id))]
        return self._checkout.open(params, items, link)


def _limit(params: Params) -> int:
    limit = whole(mapping(mapping(params, "restrictions"), "completed_sessions"), "limit")
    if limit is None or limit < 1:
        raise StripeError(400, "A limit of at least 1 is required.", param="restrictions[completed_sessions][limit]")
    return limit


def _after(params: Params) -> dict[str, Any]:
    after = mapping(params, "after_completion")
    if text(after, "type") == "redirect":
        return {"redirect": {"url": required(mapping(after, "redirect"), "url")}, "type": "redirect"}
    return {"hosted_confirmation": {"custom_message": None}, "type": "hosted_confirmation"}


def _link(params: Params, currency: str) -> StripeObject:
    limited = {"completed_sessions": {"count": 0, "limit": _limit(params)}} if "restrictions" in params else None
    invoiced = truth(mapping(params, "invoice_creation"), "enabled", False)
    return {
        "id": stripe_id("plink"),
        "object": "payment_link",
        "active": True,
        "after_completion": _after(params),
        "allow_promotion_codes": truth(params, "allow_promotion_codes", False),
        "application": None,
        "application_fee_amount": None,
        "application_fee_percent": None,
        "automatic_tax": {"enabled": False, "liability": None},
        "billing_address_collection": "auto",
        "consent_collection": None,
        "currency": currency,
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "customer_creation": text(params, "customer_creation") or "if_required",
        "inactive_message": text(params, "inactive_message"),
        "invoice_creation": {"enabled": invoiced, "invoice_data": {"metadata": {}}},
        "livemode": False,
        "metadata": mapping(params, "metadata"),
        "on_behalf_of": None,
        "payment_intent_data": None,
        "payment_method_collection": "always",
        "payment_method_types": listing(params, "payment_method_types") or None,
        "phone_number_collection": {"enabled": False},
        "restrictions": limited,
        "shipping_address_collection": None,
        "shipping_options": [],
        "submit_type": text(params, "submit_type") or "auto",
        "subscription_data": None,
        "tax_id_collection": {"enabled": False, "required": "never"},
        "transfer_data": None,
        "url": "",
    }
