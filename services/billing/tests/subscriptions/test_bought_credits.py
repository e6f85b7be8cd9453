"""A plan touches its own credits alone: what was bought outlives every change, refund and end of a subscription."""

from ..stripe.reversing import refund
from ..stripe.shop import Shop
from .subscribing import post, subscribed, tell


async def kept(shop: Shop) -> list[tuple[str, int, bool]]:
    """Source, rest, and whether it lapses, of every lot that has something left."""
    rows = await shop.rows(
        "SELECT source, remaining_credits, expires_at IS NOT NULL AS lapses FROM lots"
        " WHERE account_id = :account_id AND remaining_credits > 0 ORDER BY lot_id",
        account_id=shop.account_id,
    )
    return [tuple(row) for row in rows]


async def test_bought_credits_outlive_the_plan(shop: Shop) -> None:
    await shop.silence()
    opened = (await shop.order()).json()
    await shop.pay(opened["url"])
    await tell(shop, "checkout.session.completed")
    subscription_id = await subscribed(shop)
    bought, monthly = ("purchase", 50, False), ("subscription", 300, True)
    assert await kept(shop) == [bought, monthly]

    await post(shop, "/v1/subscription/change", {"plan": "enterprise", "interval": "month"})
    await post(shop, "/v1/subscription/change", {"plan": "pro", "interval": "month"})
    assert (await kept(shop))[:2] == [bought, monthly]

    for intent in (await shop.vendor.get("/stripe/v1/payment_intents")).json()["data"]:
        if intent["amount"] > 499:  # the pack's; these are the upgrade's and the first month's
            await refund(shop, intent["id"])
            await tell(shop, "charge.refunded")
    await shop.vendor.delete(f"/stripe/v1/subscriptions/{subscription_id}")
    await tell(shop, "customer.subscription.deleted")
    assert await kept(shop) == [bought]
    await shop.assert_ledger_is_sound()
