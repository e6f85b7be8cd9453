"""Prices and credits are rows: changed while everything runs, in force with the next order, promised ones kept."""

from ..stripe.shop import Shop
from ..subscriptions.subscribing import lots, renew, subscribed, tell


async def change(shop: Shop, statement: str) -> None:
    async with shop.database.unit_of_work() as uow:
        await uow.execute(statement)


async def test_a_pack_costs_and_gives_what_its_row_says_and_an_open_page_what_it_said(shop: Shop) -> None:
    await shop.silence()
    before = (await shop.order()).json()
    await change(shop, "UPDATE products SET amount_minor = 599, credits = 60 WHERE product_id = 'pack-50'")
    listed = (await shop.http.get("/v1/products")).json()["items"][0]
    assert (listed["amount_minor"], listed["credits"]) == (599, 60)
    after = (await shop.order()).json()
    async with shop.worker():
        for opened, price, available in ((before, 499, 50), (after, 599, 110)):
            await shop.pay(opened["url"])
            event = await shop.vendor_event("checkout.session.completed")
            assert event["data"]["object"]["amount_total"] == price
            await shop.deliver(event)
            await shop.all_handled()
            assert await shop.available() == available
    await shop.assert_ledger_is_sound()


async def test_a_plan_gives_what_its_row_says_from_the_next_invoice_on(shop: Shop) -> None:
    subscription_id = await subscribed(shop)
    await change(shop, "UPDATE plans SET credits_monthly = 400 WHERE plan = 'pro'")
    await tell(shop, "invoice.paid")
    await renew(shop, subscription_id)
    await tell(shop, "invoice.paid")
    assert [credits for credits, _ in await lots(shop)] == [300, 400]
