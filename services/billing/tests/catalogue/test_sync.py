"""Stripe's products and prices follow our tables; a price that changes becomes another one."""

import asyncio
from typing import Any

from billing.catalogue.sync import CatalogueSync
from billing.stripe.catalogue_api import CatalogueApi

from ..stripe.shop import Shop
from ..subscriptions.subscribing import checkout, newest, pay


async def at_stripe(shop: Shop, **filters: Any) -> list[dict[str, Any]]:
    answer = await shop.vendor.get("/stripe/v1/prices", params={"limit": 100, **filters})
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


async def sell_pro_for(shop: Shop, amount_minor: int) -> None:
    async with shop.database.unit_of_work() as uow:
        await uow.execute(
            "UPDATE plan_prices SET amount_minor = :amount WHERE plan = 'pro' AND billing_interval = 'month'",
            {"amount": amount_minor},
        )


async def test_the_plans_are_listed_with_their_prices(shop: Shop) -> None:
    answer = await shop.http.get("/v1/plans")
    assert answer.status_code == 200
    assert [(item["id"], item["credits_monthly"]) for item in answer.json()["items"]] == [
        ("free", 0),
        ("pro", 300),
        ("enterprise", 5000),
    ]
    assert answer.json()["items"][1]["prices"] == [
        {"interval": "month", "amount_minor": 1900, "currency": "eur"},
        {"interval": "year", "amount_minor": 19000, "currency": "eur"},
    ]
    again = await shop.http.get("/v1/plans", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304


async def test_everything_sold_is_at_stripe_and_a_second_time_changes_nothing(shop: Shop) -> None:
    assert await shop.parts.catalogue.sync() == 7
    made = await at_stripe(shop)
    assert {price["lookup_key"]: (price["unit_amount"], price["product"]) for price in made} == {
        "pack:pack-50": (499, "atelier_pack_pack-50"),
        "pack:pack-200": (1799, "atelier_pack_pack-200"),
        "pack:pack-1000": (7999, "atelier_pack_pack-1000"),
        "plan:pro:month": (1900, "atelier_plan_pro"),
        "plan:pro:year": (19000, "atelier_plan_pro"),
        "plan:enterprise:month": (24900, "atelier_plan_enterprise"),
        "plan:enterprise:year": (249000, "atelier_plan_enterprise"),
    }
    assert await shop.parts.catalogue.sync() == 0
    assert [price["id"] for price in await at_stripe(shop)] == [price["id"] for price in made]


async def test_a_changed_price_is_a_new_one_and_the_old_one_is_archived(shop: Shop) -> None:
    await shop.parts.catalogue.sync()
    for amount in (2100, 1900):  # there and back: Stripe's stored answers must not bring the archived one back
        await sell_pro_for(shop, amount)
        assert await shop.parts.catalogue.sync() == 1
        (current,) = await at_stripe(shop, **{"lookup_keys[]": "plan:pro:month"})
        assert (current["unit_amount"], current["active"]) == (amount, True)
        assert (
            await shop.value("SELECT amount_minor FROM stripe_prices WHERE lookup_key = 'plan:pro:month' AND active")
            == amount
        )
    of_plan = [
        price
        for price in await at_stripe(shop, product="atelier_plan_pro")
        if price["recurring"]["interval"] == "month"
    ]
    assert sorted((price["unit_amount"], price["active"]) for price in of_plan) == [
        (1900, False),
        (1900, True),
        (2100, False),
    ]


async def test_a_changed_price_is_in_force_for_the_next_order_though_nothing_was_synchronised(shop: Shop) -> None:
    await shop.silence()
    await checkout(shop)
    await sell_pro_for(shop, 2100)
    await pay(shop, await checkout(shop))
    subscription = (await shop.vendor.get(f"/stripe/v1/subscriptions/{await newest(shop)}")).json()
    assert subscription["items"]["data"][0]["price"]["unit_amount"] == 2100


async def test_what_is_sold_no_more_is_archived(shop: Shop) -> None:
    await shop.parts.catalogue.sync()
    async with shop.database.unit_of_work() as uow:
        await uow.execute("UPDATE plan_prices SET active = false WHERE plan = 'pro' AND billing_interval = 'year'")
    await shop.parts.catalogue.sync()
    assert len(await at_stripe(shop, active="true")) == 6


async def test_several_processes_at_once_make_each_price_once(shop: Shop) -> None:
    syncs = [CatalogueSync(shop.database, CatalogueApi(shop.parts.api), 60) for _ in range(4)]
    await asyncio.gather(*(sync.sync() for sync in syncs))
    assert len(await at_stripe(shop)) == 7


async def test_a_stripe_that_lost_everything_is_filled_again(shop: Shop) -> None:
    await shop.parts.catalogue.sync()
    await shop.vendor.post("/sandbox/reset")
    assert await shop.parts.catalogue.sync() == 7
    assert len(await at_stripe(shop, active="true")) == 7
    assert await shop.value("SELECT count(*) FROM stripe_prices WHERE active") == 7
