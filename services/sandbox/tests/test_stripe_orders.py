"""One-off orders: guests, payment links, coupons, bank transfers, invoices."""

from typing import Any

import pytest
import stripe

from .stripe_shop import Shop

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>' to upload:DeprecationWarning")


async def test_guest_is_known_by_what_the_pay_page_asked(shop: Shop) -> None:
    session = await shop.pay(await shop.open(), email="guest@example.com", name="Gus Guest")
    assert session.customer is None
    assert (session.customer_details.email, session.customer_details.name) == ("guest@example.com", "Gus Guest")


async def test_customer_is_made_when_asked_for(shop: Shop) -> None:
    session = await shop.pay(await shop.open(customer_creation="always"), email="guest@example.com")
    assert (await shop.v1.customers.retrieve_async(session.customer)).email == "guest@example.com"


async def test_order_comes_with_an_invoice_when_asked_for(shop: Shop) -> None:
    session = await shop.buy(1500, invoice_creation={"enabled": True})
    invoice = await shop.v1.invoices.retrieve_async(session.invoice, {"expand": ["payments"]})
    assert (invoice.status, invoice.amount_paid, invoice.parent) == ("paid", 1500, None)
    assert invoice.payments.data[0].payment.payment_intent == session.payment_intent
    assert len((await shop.v1.charges.list_async()).data) == 1


async def _link(shop: Shop, **more: Any) -> Any:
    price = await shop.price(5000, "")
    return await shop.v1.payment_links.create_async({"line_items": [{"price": price.id, "quantity": 2}], **more})


async def _visit(shop: Shop, link: Any) -> str:
    answer = await shop.http.get(link.url)
    assert answer.status_code == 303
    return str(answer.headers["location"])


async def test_payment_link_sells_once(shop: Shop) -> None:
    link = await _link(
        shop,
        restrictions={"completed_sessions": {"limit": 1}},
        metadata={"invoice": "7"},
        after_completion={"type": "redirect", "redirect": {"url": "https://studio.test/paid"}},
    )
    first, second = await _visit(shop, link), await _visit(shop, link)
    paid = await shop.http.post(first, data={"email": "a@example.com"})
    assert paid.headers["location"] == "https://studio.test/paid"
    assert (await shop.http.post(second)).status_code == 410
    assert (await shop.http.get(link.url)).status_code == 410
    sold = await shop.v1.payment_links.retrieve_async(link.id)
    assert sold.restrictions.completed_sessions.count == 1
    sessions = await shop.v1.checkout.sessions.list_async({"payment_link": link.id, "status": "complete"})
    (session,) = sessions.data
    assert (session.amount_total, session.metadata["invoice"]) == (10_000, "7")
    assert len((await shop.v1.charges.list_async()).data) == 1


async def test_payment_link_without_limit_sells_often_until_it_is_switched_off(shop: Shop) -> None:
    link = await _link(shop)
    for _ in range(2):
        assert (await shop.http.post(await _visit(shop, link))).status_code == 200
    await shop.v1.payment_links.update_async(link.id, {"active": False})
    assert (await shop.http.get(link.url)).status_code == 410
    assert (await shop.v1.payment_links.line_items.list_async(link.id)).data[0].quantity == 2


async def test_coupon_of_a_hundred_percent_needs_no_payment(shop: Shop) -> None:
    coupon = await shop.v1.coupons.create_async({"percent_off": 100, "duration": "once", "max_redemptions": 1})
    session = await shop.buy(1000, discounts=[{"coupon": coupon.id}])
    assert (session.payment_status, session.payment_intent, session.amount_total) == ("no_payment_required", None, 0)
    assert session.total_details.amount_discount == 1000
    told = (await shop.event("checkout.session.completed")).data.object
    assert told.payment_status == "no_payment_required"
    assert (await shop.v1.charges.list_async()).data == []
    assert (await shop.v1.coupons.retrieve_async(coupon.id)).times_redeemed == 1
    with pytest.raises(stripe.InvalidRequestError):
        await shop.open(discounts=[{"coupon": coupon.id}])


async def test_customer_types_a_promotion_code(shop: Shop) -> None:
    coupon = await shop.v1.coupons.create_async({"amount_off": 300, "currency": "eur"})
    code = await shop.v1.promotion_codes.create_async(
        {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "SPRING"}
    )
    session = await shop.open(1000, allow_promotion_codes=True)
    wrong = await shop.http.post(session.url, data={"action": "promotion_code", "promotion_code": "WINTER"})
    assert wrong.status_code == 400
    page = await shop.http.post(session.url, data={"action": "promotion_code", "promotion_code": "spring"})
    assert "€7.00" in page.text
    done = await shop.pay(session)
    assert done.amount_total == 700
    assert done.discounts[0].promotion_code == code.id


@pytest.mark.parametrize(("duration", "amounts"), [("once", [950, 1900, 1900]), ("forever", [950, 950, 950])])
async def test_coupon_on_a_subscription_lasts_as_long_as_it_says(shop: Shop, duration: str, amounts: list[int]) -> None:
    coupon = await shop.v1.coupons.create_async({"percent_off": 50, "duration": duration})
    subscription = await shop.subscribe(discounts=[{"coupon": coupon.id}])
    for _ in range(2):
        await shop.order(f"subscriptions/{subscription.id}/renew")
    invoices = await shop.v1.invoices.list_async({"subscription": subscription.id})
    assert [one.amount_paid for one in invoices.data][::-1] == amounts


async def test_free_subscription_has_a_paid_invoice_without_a_payment(shop: Shop) -> None:
    coupon = await shop.v1.coupons.create_async({"percent_off": 100})
    subscription = await shop.subscribe(discounts=[{"coupon": coupon.id}])
    assert (subscription.latest_invoice.status, subscription.latest_invoice.amount_paid) == ("paid", 0)
    assert subscription.latest_invoice.payments.data == []


@pytest.mark.parametrize(("outcome", "status"), [("succeeded", "paid"), ("failed", "unpaid")])
async def test_bank_transfer_completes_unpaid_and_is_settled_later(shop: Shop, outcome: str, status: str) -> None:
    session = await shop.pay(await shop.open(), action="bank_transfer")
    assert (session.status, session.payment_status) == ("complete", "unpaid")
    intent = await shop.v1.payment_intents.retrieve_async(session.payment_intent)
    assert intent.status == "processing"
    with pytest.raises(stripe.InvalidRequestError):
        await shop.v1.refunds.create_async({"payment_intent": intent.id})
    await shop.order(f"checkout/sessions/{session.id}/async_payment", outcome=outcome)
    assert (await shop.types())[-1] == f"checkout.session.async_payment_{outcome}"
    assert (await shop.v1.checkout.sessions.retrieve_async(session.id)).payment_status == status
    (charge,) = (await shop.v1.charges.list_async()).data
    assert charge.paid == (outcome == "succeeded")
    again = await shop.http.post(
        f"/sandbox/stripe/checkout/sessions/{session.id}/async_payment", json={"outcome": outcome}
    )
    assert again.status_code == 400


async def test_card_only_sessions_take_no_bank_transfer(shop: Shop) -> None:
    session = await shop.open(payment_method_types=["card"])
    assert "bank transfer" not in (await shop.http.get(session.url)).text
    assert (await shop.http.post(session.url, data={"action": "bank_transfer"})).status_code == 400


async def test_bad_card_is_declined_on_the_page_and_a_good_one_pays(shop: Shop) -> None:
    session = await shop.open()
    declined = await shop.http.post(session.url, data={"card": "4000 0000 0000 9995"})
    assert declined.status_code == 402
    assert "insufficient funds" in declined.text
    assert (await shop.pay(session, card="4242 4242 4242 4242")).payment_status == "paid"
