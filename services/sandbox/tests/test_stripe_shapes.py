"""Every kind of object has the fields the SDK declares for this API version: none missing, none invented."""

import pytest

from .stripe_shapes import misfits
from .stripe_shop import Shop

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>' to upload:DeprecationWarning")

LISTS = [
    "balance_transactions",
    "billing_portal/configurations",
    "charges",
    "checkout/sessions",
    "coupons",
    "customers",
    "disputes",
    "events",
    "invoice_payments",
    "invoices",
    "payment_intents",
    "payment_links",
    "prices",
    "products",
    "promotion_codes",
    "refunds",
    "setup_intents",
    "subscription_schedules",
]


async def _everything(shop: Shop) -> list[str]:
    """Makes at least one object of every kind; the paths where they are to be seen."""
    coupon = await shop.v1.coupons.create_async({"percent_off": 10})
    await shop.v1.promotion_codes.create_async({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "TEN"})
    subscription = await shop.subscribe(discounts=[{"coupon": coupon.id}])
    item = subscription["items"].data[0].id
    yearly = await shop.price(19000, "year")
    await shop.v1.subscriptions.update_async(subscription.id, {"items": [{"id": item, "price": yearly.id}]})
    await shop.v1.subscription_schedules.create_async({"from_subscription": subscription.id})
    await shop.order(f"subscriptions/{subscription.id}/renew", outcome="requires_action")
    await shop.buy(customer_creation="always", invoice_creation={"enabled": True})
    await shop.buy(payment_intent_data={"setup_future_usage": "off_session"}, customer=(await shop.customer()).id)
    session = await shop.pay(await shop.open(), action="bank_transfer")
    await shop.order(f"checkout/sessions/{session.id}/async_payment", outcome="failed")
    bought = await shop.buy()
    await shop.v1.refunds.create_async({"payment_intent": bought.payment_intent, "amount": 10})
    await shop.order("disputes", payment_intent=bought.payment_intent)
    await shop.v1.payment_links.create_async({"line_items": [{"price": (await shop.price(500, "")).id, "quantity": 1}]})
    customer = await shop.customer("pm_card_visa")
    await shop.v1.setup_intents.create_async({"customer": customer.id})
    portal = await shop.v1.billing_portal.sessions.create_async({"customer": customer.id})
    assert misfits(portal.to_dict()) == []
    method = customer.invoice_settings.default_payment_method
    return [
        f"subscriptions/{subscription.id}?expand[]=discounts&expand[]=latest_invoice.payments",
        f"payment_methods/{method}",
        f"subscription_items?subscription={subscription.id}",
        f"checkout/sessions/{session.id}?expand[]=line_items&expand[]=payment_intent.latest_charge.refunds",
        *(f"{path}?limit=100" for path in LISTS),
    ]


async def test_objects_have_exactly_the_declared_fields(shop: Shop) -> None:
    paths = await _everything(shop)
    found: set[str] = set()
    for path in paths:
        answer = await shop.http.get(f"/stripe/v1/{path}", headers={"Authorization": "Bearer sk"})
        assert answer.status_code == 200, path
        body = answer.json()
        assert body.get("data") != [], path
        assert "_hidden" not in answer.text
        found |= {problem for one in body.get("data", [body]) for problem in misfits(one)}
    assert "\n".join(sorted(found)) == ""
