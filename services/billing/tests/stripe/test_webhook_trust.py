"""What a delivery may not do: leave a secret in the log, borrow an identity, or say what a payment was for."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from common.ids import new_id

from .shop import SECRET, Shop, sign
from .test_signature import EVENT

BODY = json.dumps(EVENT | {"data": {"object": {"id": "cs_1", "email": "buyer@example.com"}}}).encode()


SIGNATURES: dict[str, Callable[[], str]] = {
    "ours": lambda: sign(BODY),
    "guessed": lambda: sign(BODY, "whsec_guessed"),
    "made up": lambda: f"t={int(time.time())},v1={'ab' * 32}",
    "nonsense": lambda: "v1=nonsense",
}


@pytest.mark.parametrize("signed", SIGNATURES)
async def test_neither_secret_nor_signature_nor_buyer_is_logged(
    shop: Shop, capsys: pytest.CaptureFixture[str], signed: str
) -> None:
    signature = SIGNATURES[signed]()
    answer = await shop.deliver(BODY, signature=signature)

    logged = capsys.readouterr().out
    assert "stripe_" in logged, "the delivery was not logged at all"
    for hidden in (SECRET, signature.partition("v1=")[2], "buyer@example.com"):
        assert hidden not in logged
        assert hidden not in answer.text


async def test_an_identity_or_a_cookie_stands_for_no_signature(shop: Shop) -> None:
    others = shop.identity() | {"cookie": "session=1", "authorization": "Bearer sk_test_x", "stripe-signature": ""}

    answer = await shop.http.post("/webhooks/stripe", content=BODY, headers=others)

    assert answer.status_code == 400
    assert await shop.value("SELECT count(*) FROM stripe_events") == 0


async def test_needs_no_identity_and_takes_deliveries_of_any_origin(shop: Shop) -> None:
    answer = await shop.deliver(BODY, headers={"origin": "https://elsewhere.example", "cookie": "session=1"})

    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "claim",
    [
        {"metadata": {"credits": "1000000", "product_id": "pack-1000", "account_id": "somebody"}},
        {"amount_total": 99_900_000, "currency": "usd"},
        {"client_reference_id": "pur_00000000000000000000000000"},
        {"success_url": "https://atelier.example/?credits=1000000", "customer_email": "thief@example.com"},
    ],
    ids=lambda claim: next(iter(claim)),
)
async def test_price_credits_and_tenant_come_from_our_row_whatever_the_event_says(
    shop: Shop, claim: dict[str, Any]
) -> None:
    await shop.silence()
    ordered = await shop.order({"product_id": "pack-50"})
    await shop.pay(ordered.json()["url"])
    event = await shop.vendor_event("checkout.session.completed")
    event["data"]["object"] |= claim

    async with shop.worker():
        assert (await shop.deliver(event)).status_code == 200
        await shop.all_handled()

    assert await shop.available() == 50
    assert await shop.value("SELECT count(DISTINCT account_id) FROM lots") == 1
    await shop.assert_ledger_is_sound()


async def test_the_page_a_buyer_comes_back_to_proves_nothing(shop: Shop) -> None:
    await shop.silence()
    ordered = await shop.order({"product_id": "pack-50"})
    purchase = ordered.json()["purchase_id"]

    for path in (f"/v1/purchases/{purchase}?paid=true", f"/v1/purchases/{purchase}?session_id=cs_1"):
        shown = await shop.http.get(path, headers=shop.identity())
        assert shown.json()["status"] == "open"
    assert await shop.available() == 0


async def test_a_purchase_of_another_account_is_not_granted_to_the_one_who_delivers(shop: Shop) -> None:
    await shop.silence()
    ordered = await shop.order({"product_id": "pack-50"})
    await shop.pay(ordered.json()["url"])

    async with shop.worker():
        await shop.deliver(
            await shop.vendor_event("checkout.session.completed"), headers=shop.identity(account_id=new_id())
        )
        await shop.all_handled()

    assert await shop.available() == 50
