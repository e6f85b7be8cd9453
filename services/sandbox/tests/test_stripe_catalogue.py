"""Products, prices and events as a catalogue's synchronisation and a reconciliation use them."""

import pytest
import stripe

from .stripe_shop import Shop

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>' to upload:DeprecationWarning")


async def test_product_and_price_are_changed_and_told(shop: Shop) -> None:
    price = await shop.price(1000, metadata={"tier": "pro", "old": "x"})
    product = await shop.v1.products.update_async(price.product, {"name": "Pro", "active": False})
    assert (product.name, product.active) == ("Pro", False)
    changed = await shop.v1.prices.update_async(price.id, {"active": False, "metadata": {"old": "", "new": "y"}})
    assert changed.active is False
    assert changed.metadata.to_dict() == {"tier": "pro", "new": "y"}
    told = await shop.event("price.updated")
    assert told.data.previous_attributes["active"] is True
    assert {"product.created", "price.created", "product.updated"} <= set(await shop.types())


async def test_lookup_key_moves_to_the_new_price(shop: Shop) -> None:
    old = await shop.price(1000, lookup_key="pro")
    with pytest.raises(stripe.InvalidRequestError):
        await shop.price(1200, lookup_key="pro")
    new = await shop.price(1200, lookup_key="pro", transfer_lookup_key=True)
    found = await shop.v1.prices.list_async({"lookup_keys": ["pro", "none"], "active": True})
    assert [one.id for one in found.data] == [new.id]
    assert (await shop.v1.prices.retrieve_async(old.id)).lookup_key is None


async def test_price_no_longer_sold_cannot_be_bought(shop: Shop) -> None:
    price = await shop.price(1000, "")
    await shop.v1.prices.update_async(price.id, {"active": False})
    with pytest.raises(stripe.InvalidRequestError):
        await shop.open(line_items=[{"price": price.id, "quantity": 1}])


async def test_lists_filter_by_activity_and_ids(shop: Shop) -> None:
    kept, gone = await shop.price(), await shop.price()
    await shop.v1.products.update_async(gone.product, {"active": False})
    active = await shop.v1.products.list_async({"active": True})
    assert [one.id for one in active.data] == [kept.product]
    by_id = await shop.v1.products.list_async({"ids": [gone.product]})
    assert [one.id for one in by_id.data] == [gone.product]


async def test_events_filter_by_types_time_and_delivery(shop: Shop) -> None:
    await shop.buy()
    types = ["charge.succeeded", "checkout.session.completed"]
    found = await shop.v1.events.list_async({"types": types, "delivery_success": True})
    assert sorted(event.type for event in found.data) == types
    assert (await shop.v1.events.list_async({"types": types, "delivery_success": False})).data == []
    now = found.data[0].created
    window = {"gte": now - 60, "lte": now + 60}
    assert len((await shop.v1.events.list_async({"types": types, "created": window})).data) == 2
    assert (await shop.v1.events.list_async({"created": {"lt": now - 60}})).data == []
