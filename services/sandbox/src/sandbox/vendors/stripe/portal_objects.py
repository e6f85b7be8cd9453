"""Portal configurations and flows as objects."""

import time

from sandbox.tokens import stripe_id
from sandbox.vendors.stripe.form import Params, listing, mapping, one_of, required, text, truth
from sandbox.vendors.stripe.store import StripeObject

_PRORATIONS = ("none", "create_prorations", "always_invoice")


def flow_object(asked: Params) -> StripeObject | None:
    """The flow a session shall begin with.

    Raises:
        StripeError: 400, it names no subscription.
    """
    kind = text(asked, "type")
    if kind is None:
        return None
    about = mapping(asked, kind)
    subscription = {"subscription": required(about, "subscription")} if kind.startswith("subscription") else None
    after = {"hosted_confirmation": None, "redirect": None, "type": "portal_homepage"}
    flow: StripeObject = {"after_completion": after, "type": kind}
    flow |= dict.fromkeys(("subscription_cancel", "subscription_update", "subscription_update_confirm"))
    if kind in flow and subscription:
        flow[kind] = subscription
    return flow


def configuration_object(params: Params, *, is_default: bool) -> StripeObject:
    """A configuration.

    Raises:
        StripeError: 400, an odd field.
    """
    now = int(time.time())
    profile = mapping(params, "business_profile")
    return {
        "id": stripe_id("bpc"),
        "object": "billing_portal.configuration",
        "active": True,
        "application": None,
        "business_profile": {
            name: text(profile, name) for name in ("headline", "privacy_policy_url", "terms_of_service_url")
        },
        "created": now,
        "default_return_url": text(params, "default_return_url"),
        "features": _features(mapping(params, "features")),
        "is_default": is_default,
        "livemode": False,
        "login_page": {"enabled": False, "url": None},
        "metadata": mapping(params, "metadata"),
        "name": text(params, "name"),
        "updated": now,
    }


def _features(asked: Params) -> StripeObject:
    """The features asked for, or all of them when none is."""

    def enabled(name: str) -> bool:
        return truth(mapping(asked, name), "enabled", not asked)

    cancel, update = mapping(asked, "subscription_cancel"), mapping(asked, "subscription_update")
    products = [
        {
            "adjustable_quantity": {"enabled": False, "maximum": None, "minimum": 1},
            "prices": listing(product, "prices"),
            "product": text(product, "product"),
        }
        for product in listing(update, "products")
    ]
    return {
        "customer_update": {"allowed_updates": [], "enabled": False},
        "invoice_history": {"enabled": enabled("invoice_history")},
        "payment_method_update": {
            "enabled": enabled("payment_method_update"),
            "payment_method_configuration": None,
        },
        "subscription_cancel": {
            "cancellation_reason": {"enabled": False, "options": []},
            "enabled": enabled("subscription_cancel"),
            "mode": one_of(cancel, "mode", ("at_period_end", "immediately"), "at_period_end"),
            "proration_behavior": one_of(cancel, "proration_behavior", _PRORATIONS, "none"),
        },
        "subscription_pause": {
            "duration": {"interval_options": [], "type": "indefinite"},
            "enabled": False,
        },
        "subscription_update": {
            "billing_cycle_anchor": None,
            "default_allowed_updates": listing(update, "default_allowed_updates") or ["price"],
            "enabled": enabled("subscription_update"),
            "products": products,
            "proration_behavior": one_of(update, "proration_behavior", _PRORATIONS, "create_prorations"),
            "schedule_at_period_end": {"conditions": []},
            "trial_update_behavior": "end_trial",
        },
    }
