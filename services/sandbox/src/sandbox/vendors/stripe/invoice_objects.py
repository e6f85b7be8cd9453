"""Invoices, their lines and payments as objects, made from what is to be invoiced."""

import time
from dataclasses import dataclass

from sandbox.tokens import stripe_id
from sandbox.vendors.stripe.store import HIDDEN, INCLUDABLE, StripeObject, listed


@dataclass(frozen=True, slots=True)
class Line:
    """One line to be invoiced, in minor units; `subscription_item` None for what recurs not."""

    amount: int
    description: str
    price: StripeObject
    quantity: int
    start: int
    end: int
    subscription_item: str | None = None
    proration: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """What an invoice is for. `discount` and `coupon` go together; the period is the one that ended."""

    customer: str
    currency: str
    lines: list[Line]
    reason: str
    period: tuple[int, int]
    subscription: StripeObject | None = None
    discount: StripeObject | None = None
    coupon: StripeObject | None = None


def line_object(line: Line, invoice: StripeObject, subscription: str | None, off: StripeObject | None) -> StripeObject:
    """A line as Stripe shows it; `off` is its part of a discount."""
    price = line.price
    return {
        "id": stripe_id("il"),
        "object": "line_item",
        "amount": line.amount,
        "currency": invoice["currency"],
        "description": line.description,
        "discount_amounts": [off] if off else [],
        "discountable": not line.proration,
        "discounts": [off["discount"]] if off else [],
        "invoice": invoice["id"],
        "livemode": False,
        "metadata": {},
        "parent": _line_parent(line, subscription),
        "period": {"end": line.end, "start": line.start},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": str(price["unit_amount"]),
        },
        "quantity": line.quantity,
        "subscription": subscription,
        "subtotal": line.amount,
        "taxes": [],
    }


def _line_parent(line: Line, subscription: str | None) -> StripeObject:
    if line.subscription_item is None:
        details = {"invoice_item": stripe_id("ii"), "proration": False, "proration_details": None}
        return {
            "invoice_item_details": {**details, "subscription": subscription},
            "subscription_item_details": None,
            "type": "invoice_item_details",
        }
    return {
        "invoice_item_details": None,
        "subscription_item_details": {
            "invoice_item": None,
            "proration": line.proration,
            "proration_details": {"credited_items": None} if line.proration else None,
            "subscription": subscription,
            "subscription_item": line.subscription_item,
        },
        "type": "subscription_item_details",
    }


def payment_object(invoice: StripeObject, intent: StripeObject) -> StripeObject:
    """The link from an invoice to the payment intent that pays it, open."""
    return {
        "id": stripe_id("inpay"),
        "object": "invoice_payment",
        "amount_paid": None,
        "amount_requested": invoice["amount_due"],
        "created": int(time.time()),
        "currency": invoice["currency"],
        "invoice": invoice["id"],
        "is_default": True,
        "livemode": False,
        "payment": {"payment_intent": intent["id"], "type": "payment_intent"},
        "status": "open",
        "status_transitions": {"canceled_at": None, "paid_at": None},
    }


def invoice_object(draft: Draft, customer: StripeObject) -> StripeObject:
    """An empty draft."""
    invoice_id, now = stripe_id("in"), int(time.time())
    subscription = draft.subscription
    return {
        "id": invoice_id,
        "object": "invoice",
        "account_country": "DE",
        "account_name": "Sandbox",
        "account_tax_ids": None,
        "amount_due": 0,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_remaining": 0,
        "amount_shipping": 0,
        "application": None,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": False,
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": False,
            "liability": None,
            "provider": None,
            "status": None,
        },
        "automatically_finalizes_at": None,
        "billing_reason": draft.reason,
        "collection_method": "charge_automatically",
        "created": now,
        "currency": draft.currency,
        "custom_fields": None,
        "customer": draft.customer,
        "customer_address": None,
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "customer_shipping": None,
        "customer_tax_exempt": "none",
        "customer_tax_ids": [],
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "due_date": None,
        "effective_at": None,
        "ending_balance": None,
        "footer": None,
        "from_invoice": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "issuer": {"type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "lines": listed([], f"/v1/invoices/{invoice_id}/lines"),
        "livemode": False,
        "metadata": {},
        "next_payment_attempt": None,
        "number": None,
        "on_behalf_of": None,
        "parent": _parent(subscription) if subscription else None,
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "period_end": draft.period[1],
        "period_start": draft.period[0],
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "starting_balance": 0,
        "statement_descriptor": None,
        "status": "draft",
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "subtotal": 0,
        "subtotal_excluding_tax": 0,
        "test_clock": None,
        "total": 0,
        "total_discount_amounts": [],
        "total_excluding_tax": 0,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
        "webhooks_delivered_at": now,
        HIDDEN: {INCLUDABLE: {"payments": listed([], f"/v1/invoice_payments?invoice={invoice_id}")}},
    }


def _parent(subscription: StripeObject) -> StripeObject:
    details = {"metadata": dict(subscription["metadata"]), "subscription": subscription["id"]}
    return {"quote_details": None, "subscription_details": details, "type": "subscription_details"}
