"""An invoice of nothing, for a coupon took the whole price: the plan and its credits are there, and nothing is owed."""

from ..stripe.shop import Shop
from .subscribing import checkout, lots, newest, renew, shown, tell


async def subscribed_for_nothing(shop: Shop) -> str:
    """A subscription to which a coupon of the whole price was given at Stripe."""
    await shop.silence()
    await checkout(shop)
    order = (await shop.vendor.get("/stripe/v1/checkout/sessions")).json()["data"][0]
    coupon = (await shop.vendor.post("/stripe/v1/coupons", data={"percent_off": "100", "duration": "forever"})).json()
    price = await shop.value("SELECT stripe_price_id FROM stripe_prices WHERE lookup_key = 'plan:pro:month'")
    form = {
        "mode": "subscription",
        "client_reference_id": order["client_reference_id"],
        "customer": order["customer"],
        "line_items[0][price]": price,
        "line_items[0][quantity]": "1",
        "success_url": "https://atelier.example/",
        "discounts[0][coupon]": coupon["id"],
        "subscription_data[metadata][subscription_order_id]": order["client_reference_id"],
    }
    session = (await shop.vendor.post("/stripe/v1/checkout/sessions", data=form)).json()
    assert (await shop.vendor.post(session["url"], data={"email": "ada@example.org"})).status_code == 303
    return await newest(shop)


async def test_an_invoice_of_nothing_gives_the_plan_and_its_credits_each_month_once(shop: Shop) -> None:
    subscription_id = await subscribed_for_nothing(shop)
    await tell(shop, "checkout.session.completed", "invoice.paid", "invoice.paid")
    assert (await shop.value("SELECT max(total_minor) FROM subscription_invoices"), await shop.available()) == (0, 300)
    assert ((await shown(shop))["plan"], (await shown(shop))["status"]) == ("pro", "active")
    await renew(shop, subscription_id)
    await tell(shop, "customer.subscription.updated", "invoice.paid")
    assert [credits for credits, _ in await lots(shop)] == [300, 300]
    await shop.assert_ledger_is_sound()
