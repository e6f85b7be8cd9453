"""Stripe's operations by name, derived from its regular paths, and the types of its events."""

_ID = r"[^/]+"
_SHAPES = {
    "create": ("POST", ""),
    "list": ("GET", ""),
    "get": ("GET", f"/{_ID}"),
    "update": ("POST", f"/{_ID}"),
    "delete": ("DELETE", f"/{_ID}"),
    "line_items": ("GET", f"/{_ID}/line_items"),
}

_RESOURCES: dict[str, tuple[str, str]] = {
    "customers": ("customers", "create get list update"),
    "products": ("products", "create get list update"),
    "prices": ("prices", "create get list update"),
    "coupons": ("coupons", "create get list delete"),
    "promotion_codes": ("promotion_codes", "create get list update"),
    "checkout": ("checkout/sessions", "create get list expire line_items"),
    "payment_links": ("payment_links", "create get list update line_items"),
    "payment_intents": ("payment_intents", "create get list update confirm cancel"),
    "payment_methods": ("payment_methods", "get list attach detach"),
    "setup_intents": ("setup_intents", "create get list confirm"),
    "charges": ("charges", "get list"),
    "refunds": ("refunds", "create get list update"),
    "disputes": ("disputes", "get list update close"),
    "subscriptions": ("subscriptions", "get list update"),
    "subscription_items": ("subscription_items", "get list update"),
    "subscription_schedules": ("subscription_schedules", "create get list update release"),
    "invoices": ("invoices", "get list pay void mark_uncollectible"),
    "invoice_payments": ("invoice_payments", "get list"),
    "portal_configurations": ("billing_portal/configurations", "create get list update"),
    "portal_sessions": ("billing_portal/sessions", "create"),
    "balance_transactions": ("balance_transactions", "get list"),
    "events": ("events", "get list"),
}

_OTHERS = (
    ("DELETE", rf"/stripe/v1/subscriptions/{_ID}", "subscriptions.cancel"),
    ("GET", rf"/stripe/v1/customers/{_ID}/payment_methods(?:/{_ID})?", "payment_methods.list"),
    ("GET", rf"/stripe/pay/{_ID}", "checkout.page"),
    ("POST", rf"/stripe/pay/{_ID}", "checkout.pay"),
    ("GET", rf"/stripe/link/{_ID}", "payment_links.page"),
    ("GET", rf"/stripe/portal/{_ID}", "portal.page"),
    ("POST", rf"/stripe/portal/{_ID}", "portal.act"),
    ("GET", rf"/stripe/authenticate/{_ID}", "payment_intents.page"),
    ("POST", rf"/stripe/authenticate/{_ID}", "payment_intents.authenticate"),
)


def stripe_operations() -> list[tuple[str, str, str]]:
    """Method, pattern of the path, and name of every operation."""
    made = []
    for noun, (path, verbs) in _RESOURCES.items():
        for verb in verbs.split():
            method, suffix = _SHAPES.get(verb, ("POST", f"/{_ID}/{verb}"))
            made.append((method, f"/stripe/v1/{path}{suffix}", f"{noun}.{verb}"))
    return [*made, *_OTHERS]


WEBHOOK_EVENT_TYPES = frozenset(
    [
        "charge.dispute.closed",
        "charge.dispute.created",
        "charge.dispute.funds_reinstated",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.updated",
        "charge.failed",
        "charge.pending",
        "charge.refund.updated",
        "charge.refunded",
        "charge.succeeded",
        "checkout.session.async_payment_failed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.completed",
        "checkout.session.expired",
        "coupon.created",
        "coupon.deleted",
        "customer.created",
        "customer.subscription.created",
        "customer.subscription.deleted",
        "customer.subscription.updated",
        "customer.updated",
        "invoice.created",
        "invoice.finalized",
        "invoice.marked_uncollectible",
        "invoice.paid",
        "invoice.payment_action_required",
        "invoice.payment_failed",
        "invoice.payment_succeeded",
        "invoice.voided",
        "payment_intent.canceled",
        "payment_intent.created",
        "payment_intent.payment_failed",
        "payment_intent.processing",
        "payment_intent.requires_action",
        "payment_intent.succeeded",
        "payment_link.created",
        "payment_link.updated",
        "payment_method.attached",
        "payment_method.detached",
        "price.created",
        "price.updated",
        "product.created",
        "product.updated",
        "promotion_code.created",
        "promotion_code.updated",
        "refund.created",
        "refund.failed",
        "refund.updated",
        "setup_intent.created",
        "setup_intent.setup_failed",
        "setup_intent.succeeded",
        "subscription_schedule.canceled",
        "subscription_schedule.created",
        "subscription_schedule.released",
        "subscription_schedule.updated",
    ]
)
