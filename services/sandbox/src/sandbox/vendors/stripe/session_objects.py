"""Checkout sessions as objects, and the sums on them."""

import time

from sandbox.tokens import stripe_id
from sandbox.vendors.stripe.coupons import taken_off
from sandbox.vendors.stripe.errors import StripeError
from sandbox.vendors.stripe.form import Params, listing, mapping, text, truth, whole
from sandbox.vendors.stripe.store import StripeObject

_DAY_SECONDS = 86_400
_TYPES = {"payment": ["card", "customer_balance"], "subscription": ["card"], "setup": ["card"]}


def check_items(items: list[StripeObject], mode: str) -> None:
    """Whether line items fit a mode.

    Raises:
        StripeError: 400, none, of several currencies, or recurring in the wrong mode.
    """
    if mode == "setup":
        return
    if not items:
        raise StripeError(400, "Missing required param: line_items.", param="line_items")
    if len({item["currency"] for item in items}) != 1:
        raise StripeError(400, "All line items must have the same currency.", param="line_items")
    recurring = any(item["price"]["recurring"] for item in items)
    if mode == "payment" and recurring:
        raise StripeError(400, "You specified `payment` mode but passed a recurring price.", param="line_items")
    if mode == "subscription" and not recurring:
        raise StripeError(
            400, "You must provide at least one recurring price in `subscription` mode.", param="line_items"
        )


def add_up(session: StripeObject, items: list[StripeObject], coupon: StripeObject | None) -> None:
    """Puts the discount on the items and the sums on the session."""
    for item, off in zip(items, taken_off(coupon, [one["amount_subtotal"] for one in items]), strict=True):
        item.update(amount_discount=off, amount_total=item["amount_subtotal"] - off)
    if items:
        session["amount_subtotal"] = sum(item["amount_subtotal"] for item in items)
        session["amount_total"] = sum(item["amount_total"] for item in items)
        session["total_details"]["amount_discount"] = sum(item["amount_discount"] for item in items)


def details_of(email: str | None) -> StripeObject:
    """What is known of a customer."""
    return {
        "address": None,
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": None,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }


def session_object(params: Params, mode: str, currency: str | None, customer: str | None) -> StripeObject:
    """An open session without sums."""
    now = int(time.time())
    invoiced = {"enabled": truth(mapping(params, "invoice_creation"), "enabled", False)}
    return {
        "id": f"cs_test_{stripe_id('a', 56)[2:]}",
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False},
        "after_expiration": None,
        "allow_promotion_codes": truth(params, "allow_promotion_codes", False) or None,
        "amount_subtotal": None,
        "amount_total": None,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": None,
        "cancel_url": text(params, "cancel_url"),
        "client_reference_id": text(params, "client_reference_id"),
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "consent_collection": None,
        "created": now,
        "currency": currency,
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "customer": customer,
        "customer_creation": None if customer else (text(params, "customer_creation") or "if_required"),
        "customer_details": None,
        "customer_email": text(params, "customer_email"),
        "discounts": [],
        "expires_at": whole(params, "expires_at", now + _DAY_SECONDS),
        "invoice": None,
        "invoice_creation": {**invoiced, "invoice_data": {"metadata": {}}} if mode == "payment" else None,
        "livemode": False,
        "locale": text(params, "locale"),
        "metadata": mapping(params, "metadata"),
        "mode": mode,
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "if_required" if mode == "payment" else "always",
        "payment_method_options": {},
        "payment_method_types": listing(params, "payment_method_types") or _TYPES[mode],
        "payment_status": "no_payment_required" if mode == "setup" else "unpaid",
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "saved_payment_method_options": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": text(params, "submit_type"),
        "subscription": None,
        "success_url": text(params, "success_url"),
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": None,
        "wallet_options": None,
    }
