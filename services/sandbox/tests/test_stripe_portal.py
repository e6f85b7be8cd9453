"""The customer portal: its page works with plain forms, within what the configuration allows."""

from typing import Any

import pytest

from .stripe_shop import Shop

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>' to upload:DeprecationWarning")


async def _enter(shop: Shop, customer: str, **more: Any) -> str:
    session = await shop.v1.billing_portal.sessions.create_async(
        {"customer": customer, "return_url": "https://studio.test/account", **more}
    )
    return str(session.url)


async def test_page_shows_plan_card_and_invoices(shop: Shop) -> None:
    subscription = await shop.subscribe()
    page = await shop.http.get(await _enter(shop, subscription.customer))
    assert page.status_code == 200
    for words in ("Plan 1900 · €19.00 / month", "•••• 4242", "https://studio.test/account", "Cancel subscription"):
        assert words in page.text
    assert subscription.latest_invoice.number in page.text


async def test_cancels_at_period_end_and_resumes(shop: Shop) -> None:
    subscription = await shop.subscribe()
    url = await _enter(shop, subscription.customer)
    form = {"subscription": subscription.id}
    answer = await shop.http.post(url, data={"action": "cancel", **form})
    assert (answer.status_code, answer.headers["location"]) == (303, url)
    assert (await shop.subscription(subscription.id)).cancel_at_period_end
    assert "Do not cancel" in (await shop.http.get(url)).text
    await shop.http.post(url, data={"action": "resume", **form})
    assert not (await shop.subscription(subscription.id)).cancel_at_period_end


async def test_changes_the_plan_with_the_configured_proration(shop: Shop) -> None:
    small, big = await shop.price(1000), await shop.price(3000)
    update = {
        "enabled": True,
        "default_allowed_updates": ["price"],
        "proration_behavior": "always_invoice",
        "products": [{"product": big.product, "prices": [big.id]}],
    }
    configuration = await shop.v1.billing_portal.configurations.create_async(
        {"features": {"subscription_update": update}}
    )
    subscription = await shop.subscribe(small)
    url = await _enter(shop, subscription.customer, configuration=configuration.id)
    form = {"action": "change_plan", "subscription": subscription.id}
    assert (await shop.http.post(url, data={**form, "price": small.id})).status_code == 400
    assert (await shop.http.post(url, data={**form, "price": big.id})).status_code == 303
    changed = await shop.subscription(subscription.id)
    assert changed["items"].data[0].price.id == big.id
    assert changed.latest_invoice.billing_reason == "subscription_update"
    cancel = await shop.http.post(url, data={"action": "cancel", "subscription": subscription.id})
    assert cancel.status_code == 403


async def test_new_card_pays_what_is_due(shop: Shop) -> None:
    subscription = await shop.subscribe(card="4000000000000341")
    await shop.order(f"subscriptions/{subscription.id}/renew")
    due = await shop.subscription(subscription.id)
    assert due.status == "past_due"
    url = await _enter(shop, subscription.customer)
    await shop.http.post(url, data={"action": "update_card", "card": "5555 5555 5555 4444"})
    assert "•••• 4444" in (await shop.http.get(url)).text
    await shop.order(f"invoices/{due.latest_invoice.id}/retry")
    assert (await shop.subscription(subscription.id)).status == "active"
    customer = await shop.v1.customers.retrieve_async(subscription.customer)
    assert customer.invoice_settings.default_payment_method != subscription.default_payment_method


async def test_refuses_the_subscription_of_somebody_else(shop: Shop) -> None:
    mine, other = await shop.subscribe(), await shop.subscribe()
    url = await _enter(shop, mine.customer)
    answer = await shop.http.post(url, data={"action": "cancel", "subscription": other.id})
    assert answer.status_code == 404
    assert not (await shop.subscription(other.id)).cancel_at_period_end
