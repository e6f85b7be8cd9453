"""Beginning a purchase: one purchase and one payment page under a key, whatever crashes on the way."""

import asyncio
from typing import Any

import pytest

from billing.purchases import storage
from common.ids import new_id

from ..stripe.shop import SHOP_ORIGIN, Shop


async def sessions_at_vendor(shop: Shop) -> list[dict[str, Any]]:
    answer = await shop.vendor.get("/stripe/v1/checkout/sessions", params={"limit": 100})
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


async def test_opens_a_page_for_exactly_what_was_ordered(shop: Shop) -> None:
    answer = await shop.order({"product_id": "pack-200", "success_url": f"{SHOP_ORIGIN}/ok"})
    assert answer.status_code == 201, answer.text
    opened = answer.json()
    (session,) = await sessions_at_vendor(shop)
    assert opened["url"] == session["url"]
    assert session["client_reference_id"] == opened["purchase_id"]
    assert (session["amount_total"], session["currency"], session["mode"]) == (1799, "eur", "payment")
    assert session["success_url"] == f"{SHOP_ORIGIN}/ok"
    assert session["cancel_url"].startswith("https://atelier.example/?purchase=pur_")
    row = (await shop.rows("SELECT status, credits, stripe_session_id FROM purchases"))[0]
    assert tuple(row) == ("open", 200, session["id"])


async def test_the_same_key_and_body_give_the_same_purchase(shop: Shop) -> None:
    first = await shop.order(key="click-1")
    again = await shop.order(key="click-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert len(await sessions_at_vendor(shop)) == 1


async def test_the_same_key_with_another_body_is_refused(shop: Shop) -> None:
    await shop.order(key="click-1")
    for body in (
        {"product_id": "pack-200"},
        {"product_id": "pack-50", "success_url": f"{SHOP_ORIGIN}/ok"},
        {"product_id": "pack-50", "cancel_url": f"{SHOP_ORIGIN}/ok"},
    ):
        answer = await shop.order(body, key="click-1")
        assert (answer.status_code, answer.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


async def test_a_key_belongs_to_its_account(shop: Shop) -> None:
    first = (await shop.order(key="click-1")).json()["purchase_id"]
    shop.account_id = new_id()
    assert (await shop.order(key="click-1")).json()["purchase_id"] != first


async def test_without_a_key_each_request_is_a_purchase(shop: Shop) -> None:
    purchases = {(await shop.order()).json()["purchase_id"] for _ in range(2)}
    assert len(purchases) == 2


async def test_parallel_requests_under_one_key_make_one_purchase(shop: Shop) -> None:
    answers = await asyncio.gather(*(shop.order(key="double-click") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({(answer.json()["purchase_id"], answer.json()["url"]) for answer in answers}) == 1
    assert await shop.value("SELECT count(*) FROM purchases") == 1
    assert len(await sessions_at_vendor(shop)) == 1


async def test_parallel_requests_under_one_key_with_two_bodies_have_one_winner(shop: Shop) -> None:
    bodies = [{"product_id": "pack-50"}, {"product_id": "pack-200"}] * 5
    answers = await asyncio.gather(*(shop.order(body, key="double-click") for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201] * 5 + [422] * 5
    assert await shop.value("SELECT count(*) FROM purchases") == 1


async def test_a_crash_before_the_vendor_was_asked_is_made_good_under_the_same_key(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(*_: object) -> None:
        raise RuntimeError("the process died here")

    with monkeypatch.context() as patched:
        patched.setattr(shop.parts.api, "open_session", crash)
        assert (await shop.order(key="click-1")).status_code == 500
    assert await shop.value("SELECT status FROM purchases") == "created"
    assert (await shop.order(key="click-1")).status_code == 201
    assert await shop.value("SELECT count(*) FROM purchases WHERE status = 'open'") == 1
    assert len(await sessions_at_vendor(shop)) == 1


async def test_a_crash_after_the_vendor_answered_finds_the_same_page_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(*_: object) -> None:
        raise RuntimeError("the process died here")

    with monkeypatch.context() as patched:
        patched.setattr(storage, "record_session", crash)
        assert (await shop.order(key="click-1")).status_code == 500
    answer = await shop.order(key="click-1")
    assert answer.status_code == 201
    (session,) = await sessions_at_vendor(shop)
    assert answer.json()["url"] == session["url"]


async def test_a_lost_answer_is_asked_for_again_without_a_second_session(shop: Shop) -> None:
    await shop.fault("checkout.create", {"disconnect": True, "after_work": True})
    assert (await shop.order()).status_code == 201
    assert len(await sessions_at_vendor(shop)) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503},
        {"status": 500},
        {"status": 429, "retry_after": 0},
        {"disconnect": True},
        {"garbage": "empty_object"},
        {"garbage": "html"},
    ],
)
async def test_an_outage_is_503_and_the_request_may_be_sent_again(shop: Shop, fault: dict[str, Any]) -> None:
    await shop.fault("checkout.create", fault, times=None)
    answer = await shop.order(key="click-1")
    assert (answer.status_code, answer.json()["code"]) == (503, "DEPENDENCY_UNAVAILABLE")
    assert "retry-after" in answer.headers
    await shop.heal()
    assert (await shop.order(key="click-1")).status_code == 201
    assert await shop.value("SELECT count(*) FROM purchases") == 1


async def test_an_error_that_the_vendor_has_stored_under_the_key_does_not_last_a_day(shop: Shop) -> None:
    stored = {"status": 500, "headers": {"Idempotent-Replayed": "true"}}
    await shop.fault("checkout.create", stored, times=1)
    assert (await shop.order(key="click-1")).status_code == 201
    assert await shop.value("SELECT checkout_attempt FROM purchases") == 2


async def test_a_refusal_of_our_key_tells_the_caller_nothing_but_503(shop: Shop) -> None:
    await shop.fault("checkout.create", {"status": 401}, times=None)
    answer = await shop.order()
    assert answer.status_code == 503
    assert "sk_test" not in answer.text


ODD_ORDERS: list[dict[str, Any]] = [
    {},
    {"product_id": ""},
    {"product_id": "no-such-pack"},
    {"product_id": "pack\u0000"},
    {"product_id": 5},
    {"product_id": "pack-50", "credits": 5000},
    {"product_id": "pack-50", "success_url": "https://evil.example/"},
    {"product_id": "pack-50", "cancel_url": "javascript:alert(1)"},
    {"product_id": "pack-50", "success_url": f"{SHOP_ORIGIN}/" + "a" * 2048},
    {"product_id": "pack-50", "success_url": "\ud800"},
]


async def test_refuses_odd_orders(shop: Shop) -> None:
    for body in ODD_ORDERS:
        answer = await shop.order(body)
        assert answer.status_code == 422, body
    assert await shop.value("SELECT count(*) FROM purchases") == 0


@pytest.mark.parametrize("key", ["k" * 256, "two words"])
async def test_refuses_odd_keys(shop: Shop, key: str) -> None:
    assert (await shop.order(key=key)).status_code == 422


async def test_needs_an_identity(shop: Shop) -> None:
    for answer in (
        await shop.http.post("/v1/checkout", json={"product_id": "pack-50"}),
        await shop.http.get("/v1/purchases"),
        await shop.http.get("/v1/purchases/pur_01jd0000000000000000000000"),
    ):
        assert answer.status_code == 401


async def test_shows_a_purchase_to_its_account_only(shop: Shop) -> None:
    purchase_id = (await shop.order()).json()["purchase_id"]
    shown = await shop.http.get(f"/v1/purchases/{purchase_id}", headers=shop.identity())
    assert shown.status_code == 200
    assert shown.json() | {"created_at": None} == {
        "id": purchase_id,
        "product_id": "pack-50",
        "credits": 50,
        "amount_minor": 499,
        "currency": "eur",
        "status": "open",
        "created_at": None,
        "paid_at": None,
    }
    for path, headers in (
        (purchase_id, shop.identity(new_id())),
        ("pur_nonsense", shop.identity()),
        (purchase_id.replace("pur_", "job_"), shop.identity()),
    ):
        assert (await shop.http.get(f"/v1/purchases/{path}", headers=headers)).status_code == 404


async def test_lists_purchases_newest_first_in_pages(shop: Shop) -> None:
    ordered = [(await shop.order()).json()["purchase_id"] for _ in range(5)]
    listed: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    for expected_length in (2, 2, 1):
        page = (await shop.http.get("/v1/purchases", params=query, headers=shop.identity())).json()
        assert len(page["items"]) == expected_length
        listed += [item["id"] for item in page["items"]]
        query["cursor"] = page["next_cursor"]
    assert query["cursor"] is None
    assert listed == ordered[::-1]
    other = await shop.http.get("/v1/purchases", headers=shop.identity(new_id()))
    assert other.json() == {"items": [], "next_cursor": None}


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"cursor": "nonsense"}])
async def test_refuses_odd_pages(shop: Shop, query: dict[str, Any]) -> None:
    assert (await shop.http.get("/v1/purchases", params=query, headers=shop.identity())).status_code == 422
