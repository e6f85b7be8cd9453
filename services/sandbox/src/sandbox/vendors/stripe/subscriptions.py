"""Subscriptions and their paid invoices, as far as a checkout needs them."""

import time
from typing import Any

from sandbox.tokens import stripe_id
from sandbox.vendors.stripe.store import StripeObject

_PERIOD_SECONDS = {"day": 86_400, "week": 604_800, "month": 30 * 86_400, "year": 365 * 86_400}


def new_subscription(customer: str, items: list[StripeObject], currency: str, metadata: dict[str, Any]) -> StripeObject:
    """An active subscription to the recurring prices of a session; periods are on the items."""
    now = int(time.time())
    subscription_id = stripe_id("sub")
    lines = [_item(subscription_id, item, now) for item in items if item["price"]["recurring"]]
    return {
        "id": subscription_id,
        "object": "subscription",
        "application": None,
        "automatic_tax": {"enabled": False, "liability": None},
        "billing_cycle_anchor": now,
        "billing_mode": {"type": "flexible"},
        "billing_schedules": [],
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "charge_automatically",
        "created": now,
        "currency": currency,
        "customer": customer,
        "default_payment_method": None,
        "description": None,
        "discounts": [],
        "ended_at": None,
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "items": {
            "object": "list",
            "data": lines,
            "has_more": False,
            "url": f"/v1/subscription_items?subscription={subscription_id}",
        },
        "latest_invoice": None,
        "livemode": False,
        "metadata": metadata,
        "schedule": None,
        "start_date": now,
        "status": "active",
        "trial_end": None,
        "trial_start": None,
    }


def _item(subscription_id: str, item: StripeObject, now: int) -> StripeObject:
    recurring = item["price"]["recurring"]
    seconds = _PERIOD_SECONDS[recurring["interval"]] * recurring["interval_count"]
    return {
        "id": stripe_id("si", 14),
        "object": "subscription_item",
        "created": now,
        "current_period_end": now + seconds,
        "current_period_start": now,
        "discounts": [],
        "metadata": {},
        "price": item["price"],
        "quantity": item["quantity"],
        "subscription": subscription_id,
        "tax_rates": [],
    }


def paid_invoice(subscription: StripeObject, session: StripeObject, items: list[StripeObject]) -> StripeObject:
    """The first invoice of a subscription, already paid."""
    now = int(time.time())
    amount = session["amount_total"]
    invoice_id = stripe_id("in")
    lines = [
        {
            "id": stripe_id("il"),
            "object": "line_item",
            "amount": item["amount_total"],
            "currency": item["currency"],
            "description": item["description"],
            "invoice": invoice_id,
            "livemode": False,
            "metadata": {},
            "pricing": {"price_details": {"price": item["price"]["id"], "product": item["price"]["product"]}},
            "quantity": item["quantity"],
        }
        for item in items
    ]
    details = {"metadata": subscription["metadata"], "subscription": subscription["id"]}
    return {
        "id": invoice_id,
        "object": "invoice",
        "amount_due": amount,
        "amount_paid": amount,
        "amount_remaining": 0,
        "attempt_count": 1,
        "attempted": True,
        "billing_reason": "subscription_create",
        "collection_method": "charge_automatically",
        "created": now,
        "currency": session["currency"],
        "customer": subscription["customer"],
        "customer_email": (session["customer_details"] or {}).get("email"),
        "lines": {
            "object": "list",
            "data": lines,
            "has_more": False,
            "url": f"/v1/invoices/{invoice_id}/lines",
        },
        "livemode": False,
        "metadata": {},
        "number": f"SANDBOX1-{now}",
        "parent": {"type": "subscription_details", "subscription_details": details, "quote_details": None},
        "period_end": now,
        "period_start": now,
        "status": "paid",
        "subtotal": amount,
        "total": amount,
    }
