"""The real Stripe client against the sandbox: catalogue, checkout, refunds, idempotency, lists."""

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio
import stripe

from sandbox.client import SandboxClient
from sandbox.server import SandboxServer

# The Stripe client hands its form to httpx in a way httpx 0.28 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>' to upload:DeprecationWarning")

PRICE_DATA: dict[str, Any] = {
    "currency": "eur",
    "unit_amount": 999,
    "product_data": {"name": "Colouring book"},
}


@pytest_asyncio.fixture
async def client(server: SandboxServer) -> AsyncIterator[stripe.StripeClient]:
    transport = stripe.HTTPXClient()
    yield stripe.StripeClient(
        "sk_test_sandbox",
        base_addresses={"api": f"{server.public_url}/stripe"},
        http_client=transport,
        max_network_retries=0,
    )
    await transport.close_async()  # type: ignore[no-untyped-call]


async def _open(client: stripe.StripeClient, **more: Any) -> stripe.checkout.Session:
    params: dict[str, Any] = {
        "mode": "payment",
        "line_items": [{"price_data": PRICE_DATA, "quantity": 2}],
        "success_url": "https://studio.test/thanks?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://studio.test/cancelled",
        "client_reference_id": "order-7",
        "metadata": {"order": "7"},
        "payment_intent_data": {"metadata": {"purpose": "book"}},
        **more,
    }
    return await client.v1.checkout.sessions.create_async(params)  # type: ignore[arg-type]


async def test_checkout_is_paid_on_its_page(client: stripe.StripeClient, http: httpx2.AsyncClient) -> None:
    session = await _open(client, customer_email="anna@example.com")
    assert (session.status, session.payment_status, session.amount_total) == ("open", "unpaid", 1998)
    assert session.url is not None
    page = await http.get(session.url)
    assert page.status_code == 200
    assert "Colouring book" in page.text
    assert "€19.98" in page.text
    paid = await http.post(session.url)
    assert paid.status_code == 303
    assert paid.headers["location"] == f"https://studio.test/thanks?session={session.id}"
    done = await client.v1.checkout.sessions.retrieve_async(
        session.id, {"expand": ["payment_intent.latest_charge", "line_items"]}
    )
    assert (done.status, done.payment_status, done.url) == ("complete", "paid", None)
    assert done.client_reference_id == "order-7"
    assert done.metadata is not None
    assert done.metadata["order"] == "7"
    assert done.line_items is not None
    assert done.line_items.data[0].description == "Colouring book"
    intent = done.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert (intent.status, intent.amount_received, intent.metadata["purpose"]) == ("succeeded", 1998, "book")
    assert isinstance(intent.latest_charge, stripe.Charge)
    assert intent.latest_charge.paid


async def test_paying_twice_charges_once(client: stripe.StripeClient, http: httpx2.AsyncClient) -> None:
    session = await _open(client)
    answers = [await http.post(str(session.url)) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert len((await client.v1.charges.list_async()).data) == 1


async def test_declined_card_leaves_the_session_open(client: stripe.StripeClient, http: httpx2.AsyncClient) -> None:
    session = await _open(client)
    declined = await http.post(str(session.url), data={"action": "decline"})
    assert declined.status_code == 402
    assert "declined" in declined.text
    assert (await client.v1.checkout.sessions.retrieve_async(session.id)).status == "open"
    types = [event.type for event in (await client.v1.events.list_async()).data]
    assert "payment_intent.payment_failed" in types
    assert (await http.post(str(session.url))).status_code == 303


async def test_cancel_goes_back_and_keeps_it_open(client: stripe.StripeClient, http: httpx2.AsyncClient) -> None:
    session = await _open(client)
    answer = await http.post(str(session.url), data={"action": "cancel"})
    assert answer.headers["location"] == "https://studio.test/cancelled"
    assert (await client.v1.checkout.sessions.retrieve_async(session.id)).status == "open"


async def test_expired_session_cannot_be_paid(client: stripe.StripeClient, http: httpx2.AsyncClient) -> None:
    session = await _open(client)
    expired = await client.v1.checkout.sessions.expire_async(session.id)
    assert expired.status == "expired"
    assert (await http.post(str(session.url))).status_code == 410
    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.checkout.sessions.expire_async(session.id)


async def test_session_past_its_time_has_expired(client: stripe.StripeClient) -> None:
    session = await _open(client, expires_at=int(time.time()) - 1)
    assert (await client.v1.checkout.sessions.retrieve_async(session.id)).status == "expired"


async def test_subscription_checkout_makes_a_subscription(
    client: stripe.StripeClient, http: httpx2.AsyncClient
) -> None:
    product = await client.v1.products.create_async({"name": "Pro"})
    price = await client.v1.prices.create_async(
        {
            "product": product.id,
            "currency": "eur",
            "unit_amount": 1900,
            "recurring": {"interval": "month"},
            "lookup_key": "pro_monthly",
        }
    )
    found = await client.v1.prices.list_async({"lookup_keys": ["pro_monthly"], "active": True})
    assert [one.id for one in found.data] == [price.id]
    customer = await client.v1.customers.create_async({"email": "a@example.com", "metadata": {"u": "1"}})
    session = await _open(
        client,
        mode="subscription",
        line_items=[{"price": price.id, "quantity": 1}],
        customer=customer.id,
        payment_intent_data={},
        subscription_data={"metadata": {"account": "9"}},
    )
    await http.post(str(session.url))
    done = await client.v1.checkout.sessions.retrieve_async(session.id, {"expand": ["subscription"]})
    assert isinstance(done.subscription, stripe.Subscription)
    assert done.subscription.status == "active"
    assert done.subscription.metadata["account"] == "9"
    types = {event.type for event in (await client.v1.events.list_async({"limit": 100})).data}
    assert {"customer.subscription.created", "invoice.paid", "checkout.session.completed"} <= types


async def test_refunds_in_parts_and_never_more_than_was_paid(
    client: stripe.StripeClient, http: httpx2.AsyncClient
) -> None:
    session = await _open(client)
    await http.post(str(session.url))
    done = await client.v1.checkout.sessions.retrieve_async(session.id)
    intent = str(done.payment_intent)
    refund = await client.v1.refunds.create_async({"payment_intent": intent, "amount": 1000})
    assert (await client.v1.refunds.retrieve_async(refund.id)).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.refunds.create_async({"payment_intent": intent, "amount": 999})
    await client.v1.refunds.create_async({"payment_intent": intent})
    charge = (await client.v1.charges.list_async({"payment_intent": intent})).data[0]
    assert (charge.amount_refunded, charge.refunded) == (1998, True)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await client.v1.refunds.create_async({"payment_intent": intent})
    assert caught.value.code == "charge_already_refunded"


async def test_same_key_gives_the_same_answer(client: stripe.StripeClient) -> None:
    options: Any = {"idempotency_key": "order-7"}
    params: Any = {"email": "a@example.com"}
    first = await client.v1.customers.create_async(params, options)
    again = await client.v1.customers.create_async(params, options)
    assert first.id == again.id
    assert again.last_response is not None
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    with pytest.raises(stripe.IdempotencyError):
        await client.v1.customers.create_async({"email": "b@example.com"}, options)


async def test_refused_parameters_do_not_burn_the_key(client: stripe.StripeClient) -> None:
    options: Any = {"idempotency_key": "k"}
    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.products.create_async({}, options)  # type: ignore[typeddict-item]
    assert (await client.v1.products.create_async({"name": "x"}, options)).name == "x"


async def test_event_list_pages_and_filters(client: stripe.StripeClient) -> None:
    for number in range(5):
        await client.v1.customers.create_async({"email": f"{number}@example.com"})
    page = await client.v1.events.list_async({"limit": 2, "created": {"gte": int(time.time()) - 60}})
    emails = [event.data.object["email"] async for event in page.auto_paging_iter()]
    assert emails == [f"{number}@example.com" for number in (4, 3, 2, 1, 0)]
    late = await client.v1.events.list_async({"created": {"gt": int(time.time()) + 60}})
    assert late.data == []
    event = await client.v1.events.retrieve_async(page.data[0].id)
    assert event.type == "customer.created"


async def test_errors_have_stripes_classes(client: stripe.StripeClient, http: httpx2.AsyncClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await client.v1.prices.retrieve_async("price_nothing")
    assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await _open(client, line_items=[])
    assert caught.value.param == "line_items"
    assert (await http.get("/stripe/v1/events")).status_code == 401


async def test_log_shows_keys_but_no_secret(client: stripe.StripeClient, control: SandboxClient) -> None:
    await client.v1.customers.create_async({"email": "a@example.com"}, {"idempotency_key": "k-1"})
    (record,) = await control.requests("stripe", "customers.create")
    assert record["headers"]["idempotency-key"] == "k-1"
    assert record["body"] == {"email": "a@example.com"}
    assert record["status"] == 200
    assert "sk_test_sandbox" not in str(record)
