"""Orders are taken for nobody's account but their own, once under a key, with a page that can be paid for a day."""

import asyncio

from common.ids import new_id
from common.order_tokens import is_order_token

from .counter import KIND, PRICE, Counter, id_of


async def test_an_order_is_open_with_a_page_and_nothing_in_the_ledger(counter: Counter) -> None:
    order = await counter.ordered()

    assert order["status"] == "open"
    assert (order["price_minor"], order["currency"], order["kind"]) == (PRICE, "eur", KIND)
    assert order["checkout_url"]
    assert await counter.shop.value("SELECT count(*) FROM balances") == 0
    assert await counter.told("order.paid") == []


async def test_the_page_leads_back_to_the_order_with_its_token(counter: Counter) -> None:
    order = await counter.ordered()
    session = (await counter.shop.vendor.get("/stripe/v1/checkout/sessions")).json()["data"][0]
    address, _, token = session["success_url"].partition("#token=")

    assert address.startswith(f"https://atelier.example/orders/{order['id']}")
    assert is_order_token(counter.shop.settings.identity_secrets, id_of(order), token)
    assert session["customer_email"] == "ada@example.com"
    assert session["expires_at"] - session["created"] <= 24 * 3600


async def test_twenty_requests_under_one_key_make_one_order(counter: Counter) -> None:
    answers = await asyncio.gather(*(counter.ask("a-key-of-hers") for _ in range(20)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len({answer.json()["checkout_url"] for answer in answers}) == 1
    assert await counter.shop.value("SELECT count(*) FROM orders") == 1


async def test_a_key_stands_for_one_body_and_for_one_buyer(counter: Counter) -> None:
    first = await counter.ask("a-key-of-hers")
    other_body = await counter.ask("a-key-of-hers", input={"prompt": "a windmill"})
    other_buyer = await counter.ask("a-key-of-hers", email="grace@example.com")

    assert other_body.status_code == 422
    assert other_body.json()["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert other_buyer.status_code == 201
    assert other_buyer.json()["id"] != first.json()["id"]


async def test_what_is_not_on_sale_cannot_be_ordered(counter: Counter) -> None:
    unknown = await counter.ask(kind="upscale")
    async with counter.shop.database.unit_of_work() as uow:
        await uow.execute("UPDATE order_products SET active = false WHERE kind = :kind", {"kind": KIND})
    withdrawn = await counter.ask()

    assert (unknown.status_code, withdrawn.status_code) == (422, 422)
    assert unknown.json()["errors"][0]["pointer"] == "/body/kind"
    assert await counter.shop.value("SELECT count(*) FROM orders") == 0


async def test_orders_are_taken_from_the_gateway_for_buyers_alone(counter: Counter) -> None:
    somebody = await counter.ask(plan="enterprise")
    nobody = await counter.shop.http.post("/v1/orders", json={})

    assert (somebody.status_code, nobody.status_code) == (403, 401)


async def test_another_buyer_does_not_see_an_order(counter: Counter) -> None:
    order = await counter.ordered()
    answer = await counter.shop.http.get(f"/v1/orders/{order['id']}", headers=counter.identity(new_id()))

    assert answer.status_code == 404


async def test_a_lost_answer_of_the_vendor_is_asked_for_again_under_the_same_key(counter: Counter) -> None:
    await counter.shop.fault("checkout.create", {"status": 500}, times=1)
    first = await counter.ask("a-key-of-hers")
    again = await counter.ask("a-key-of-hers")

    assert again.status_code == 201, again.text
    assert first.status_code in {201, 503}
    assert await counter.shop.value("SELECT count(*) FROM orders") == 1


async def test_the_coloring_book_is_on_sale(counter: Counter) -> None:
    items = (await counter.shop.http.get("/v1/orders/products")).json()["items"]

    assert {"kind": "coloring-book", "title": "Coloring book", "price_minor": 999, "currency": "eur"} in items
