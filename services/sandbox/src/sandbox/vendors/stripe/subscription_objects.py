"""Subscriptions, their items and discounts as objects; what of them is private to the sandbox."""

import copy
import time

from sandbox.tokens import stripe_id
from sandbox.vendors.stripe.form import Params, mapping, text
from sandbox.vendors.stripe.invoice_objects import Line
from sandbox.vendors.stripe.periods import period_end
from sandbox.vendors.stripe.store import HIDDEN, StripeObject, listed


def subscription_object(customer: str, currency: str, data: Params) -> StripeObject:
    """An active subscription without items; `data` is a session's `subscription_data`."""
    now, subscription_id = int(time.time()), stripe_id("sub")
    return {
        "id": subscription_id,
        "object": "subscription",
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": now,
        "billing_cycle_anchor_config": None,
        "billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible"},
        "billing_schedules": [],
        "billing_thresholds": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "charge_automatically",
        "created": now,
        "currency": currency,
        "customer": customer,
        "days_until_due": None,
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": text(data, "description"),
        "discounts": [],
        "ended_at": None,
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "items": listed([], f"/v1/subscription_items?subscription={subscription_id}"),
        "latest_invoice": None,
        "livemode": False,
        "metadata": mapping(data, "metadata"),
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pause_collection": None,
        "payment_settings": {
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": "off",
        },
        "pending_invoice_item_interval": None,
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": now,
        "status": "active",
        "test_clock": None,
        "transfer_data": None,
        "trial_end": None,
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        "trial_start": None,
        HIDDEN: {"pending_lines": [], "discount_invoices_left": 0},
    }


def item_object(subscription: StripeObject, price: StripeObject, quantity: int) -> StripeObject:
    """An item in its current period; periods live on the items."""
    now = int(time.time())
    anchor = subscription["billing_cycle_anchor"]
    return {
        "id": stripe_id("si", 14),
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": now,
        "current_period_end": period_end(anchor, anchor, price["recurring"]),
        "current_period_start": anchor,
        "discounts": [],
        "metadata": {},
        "plan": plan_object(price),
        "price": copy.deepcopy(price),
        "quantity": quantity,
        "subscription": subscription["id"],
        "tax_rates": [],
    }


def plan_object(price: StripeObject) -> StripeObject:
    """The older view of a recurring price that items still carry."""
    return {
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": "per_unit",
        "created": price["created"],
        "currency": price["currency"],
        "interval": price["recurring"]["interval"],
        "interval_count": price["recurring"]["interval_count"],
        "livemode": False,
        "metadata": {},
        "meter": None,
        "nickname": price["nickname"],
        "product": price["product"],
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }


def discount_object(subscription: StripeObject, asked: StripeObject) -> StripeObject:
    """A discount on a subscription; `asked` has the ids of coupon and promotion code."""
    return {
        "id": stripe_id("di"),
        "object": "discount",
        "checkout_session": None,
        "customer": subscription["customer"],
        "end": None,
        "invoice": None,
        "invoice_item": None,
        "promotion_code": asked["promotion_code"],
        "source": {"coupon": asked["coupon"], "type": "coupon"},
        "start": int(time.time()),
        "subscription": subscription["id"],
        "subscription_item": None,
    }


def items_of(subscription: StripeObject) -> list[StripeObject]:
    """The items themselves, not copies."""
    items: list[StripeObject] = subscription["items"]["data"]
    return items


def period_of(subscription: StripeObject) -> tuple[int, int]:
    """The current period of the first item."""
    first = items_of(subscription)[0]
    return first["current_period_start"], first["current_period_end"]


def period_line(item: StripeObject, name: str) -> Line:
    """The line for an item's current period."""
    price, quantity = item["price"], item["quantity"]
    every = price["recurring"]["interval"]
    return Line(
        amount=price["unit_amount"] * quantity,
        description=f"{quantity} × {name} (at {price['unit_amount'] / 100:.2f} / {every})",
        price=price,
        quantity=quantity,
        start=item["current_period_start"],
        end=item["current_period_end"],
        subscription_item=item["id"],
    )
