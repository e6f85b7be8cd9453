"""Saved cards, charged without the customer: what an automatic top-up meets."""

from typing import Any

import pytest
import stripe

from .stripe_shop import Shop

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>' to upload:DeprecationWarning")


async def _top_up(shop: Shop, customer: Any, key: str | None = None, **more: Any) -> Any:
    params = {
        "amount": 2500,
        "currency": "eur",
        "customer": customer.id,
        "payment_method": customer.invoice_settings.default_payment_method,
        "confirm": True,
        "off_session": True,
        "metadata": {"top_up": "9"},
        **more,
    }
    return await shop.v1.payment_intents.create_async(params, {"idempotency_key": key} if key else None)


async def test_checkout_saves_a_card_that_can_be_charged_later(shop: Shop) -> None:
    customer = await shop.customer()
    await shop.buy(customer=customer.id, payment_intent_data={"setup_future_usage": "off_session"})
    (method,) = (await shop.v1.customers.payment_methods.list_async(customer.id)).data
    assert (method.type, method.card.last4, method.customer) == ("card", "4242", customer.id)
    assert [one.id for one in (await shop.v1.payment_methods.list_async({"customer": customer.id})).data] == [method.id]
    settings = {"invoice_settings": {"default_payment_method": method.id}}
    customer = await shop.v1.customers.update_async(customer.id, settings)
    intent = await _top_up(shop, customer)
    assert (intent.status, intent.amount_received, intent.metadata["top_up"]) == ("succeeded", 2500, "9")
    assert "payment_method.attached" in await shop.types()


async def test_card_that_was_not_to_be_saved_is_not_attached(shop: Shop) -> None:
    customer = await shop.customer()
    await shop.buy(customer=customer.id)
    assert (await shop.v1.customers.payment_methods.list_async(customer.id)).data == []


@pytest.mark.parametrize(
    ("card", "code", "decline_code"),
    [
        ("pm_card_chargeCustomerFail", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
        ("pm_card_authenticationRequired", "authentication_required", "authentication_required"),
    ],
)
async def test_declined_top_up_is_a_402_that_tells_why(shop: Shop, card: str, code: str, decline_code: str) -> None:
    customer = await shop.customer(card)
    with pytest.raises(stripe.CardError) as caught:
        await _top_up(shop, customer)
    error: Any = caught.value.error
    assert (caught.value.http_status, error.code, error.decline_code) == (402, code, decline_code)
    assert error.payment_intent.status == "requires_payment_method"
    assert error.payment_method.id == customer.invoice_settings.default_payment_method
    intent = await shop.v1.payment_intents.retrieve_async(error.payment_intent.id)
    assert intent.last_payment_error.decline_code == decline_code
    assert "payment_intent.payment_failed" in await shop.types()


async def test_declined_answer_is_repeated_under_its_key(shop: Shop) -> None:
    customer = await shop.customer("pm_card_chargeCustomerFail")
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            await _top_up(shop, customer, key="top-up-9")
    assert len((await shop.v1.payment_intents.list_async({"customer": customer.id})).data) == 1


async def test_card_goes_bad_and_good_again_on_request(shop: Shop) -> None:
    customer = await shop.customer("pm_card_visa")
    method = customer.invoice_settings.default_payment_method
    await shop.order(f"payment_methods/{method}", behaviour="insufficient_funds")
    with pytest.raises(stripe.CardError):
        await _top_up(shop, customer)
    await shop.order(f"payment_methods/{method}", behaviour="succeeds")
    assert (await _top_up(shop, customer)).status == "succeeded"


@pytest.mark.parametrize(("action", "status"), [("pass", "succeeded"), ("fail", "requires_payment_method")])
async def test_customer_who_is_there_authenticates_on_a_page(shop: Shop, action: str, status: str) -> None:
    customer = await shop.customer("pm_card_authenticationRequired")
    intent = await _top_up(shop, customer, off_session=False, return_url="https://studio.test/back")
    assert intent.status == "requires_action"
    answer = await shop.http.post(intent.next_action.redirect_to_url.url, data={"action": action})
    assert answer.headers["location"] == "https://studio.test/back"
    done = await shop.v1.payment_intents.retrieve_async(intent.id)
    assert (done.status, done.next_action) == (status, None)


async def test_intent_is_confirmed_in_a_second_step_or_cancelled(shop: Shop) -> None:
    customer = await shop.customer("pm_card_visa")
    waiting = await _top_up(shop, customer, confirm=False, off_session=False)
    assert waiting.status == "requires_confirmation"
    assert (await shop.v1.payment_intents.confirm_async(waiting.id)).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await shop.v1.payment_intents.cancel_async(waiting.id)
    assert caught.value.code == "payment_intent_unexpected_state"
    other = await _top_up(shop, customer, confirm=False, off_session=False)
    assert (await shop.v1.payment_intents.cancel_async(other.id)).status == "canceled"


async def test_refuses_a_card_of_another_customer(shop: Shop) -> None:
    mine, other = await shop.customer("pm_card_visa"), await shop.customer()
    method = mine.invoice_settings.default_payment_method
    with pytest.raises(stripe.InvalidRequestError):
        await _top_up(shop, other, payment_method=method)
    with pytest.raises(stripe.InvalidRequestError):
        await shop.v1.customers.update_async(other.id, {"invoice_settings": {"default_payment_method": method}})


async def test_detached_card_is_nobodys_default(shop: Shop) -> None:
    customer = await shop.customer("pm_card_visa")
    await shop.v1.payment_methods.detach_async(customer.invoice_settings.default_payment_method)
    bare = await shop.v1.customers.retrieve_async(customer.id)
    assert bare.invoice_settings.default_payment_method is None


async def test_setup_intent_and_setup_checkout_save_cards(shop: Shop) -> None:
    customer = await shop.customer()
    params = {"customer": customer.id, "payment_method": "pm_card_visa", "confirm": True}
    assert (await shop.v1.setup_intents.create_async(params)).status == "succeeded"
    with pytest.raises(stripe.CardError):
        await shop.v1.setup_intents.create_async({**params, "payment_method": "pm_card_chargeDeclined"})
    session = await shop.pay(await shop.open(mode="setup", customer=customer.id, line_items=[]))
    assert (session.payment_status, session.amount_total) == ("no_payment_required", None)
    assert (await shop.v1.setup_intents.retrieve_async(session.setup_intent)).status == "succeeded"
    assert len((await shop.v1.customers.payment_methods.list_async(customer.id)).data) == 2
