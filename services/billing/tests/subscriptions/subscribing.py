"""What a test does about subscriptions: subscribe, change, and let time pass at the vendor."""

import json
from datetime import datetime
from typing import Any

import httpx2

from ..stripe.shop import Shop


async def post(shop: Shop, path: str, body: dict[str, Any] | None = None, key: str | None = None) -> httpx2.Response:
    """A POST of the account's owner."""
    headers = shop.identity() | ({"idempotency-key": key} if key else {}) | {"content-type": "application/json"}
    return await shop.http.post(path, content=json.dumps({} if body is None else body), headers=headers)


async def checkout(shop: Shop, plan: str = "pro", interval: str = "month", key: str | None = None) -> str:
    """An order; answers with the address of its payment page."""
    answer = await post(shop, "/v1/subscription/checkout", {"plan": plan, "interval": interval}, key)
    assert answer.status_code == 201, answer.text
    url: str = answer.json()["url"]
    return url


async def pay(shop: Shop, url: str, card: str = "4242424242424242") -> None:
    """The buyer pays on the vendor's page."""
    answer = await shop.vendor.post(url, data={"card": card, "email": "ada@example.org"})
    assert answer.status_code == 303, answer.text


async def subscribed(shop: Shop, plan: str = "pro", interval: str = "month", card: str = "4242424242424242") -> str:
    """A subscription that is paid and followed; answers with Stripe's id. The vendor is silent from then on."""
    await shop.silence()
    await pay(shop, await checkout(shop, plan, interval), card)
    subscription_id = await newest(shop)
    await tell(shop, "checkout.session.completed")
    return subscription_id


async def newest(shop: Shop) -> str:
    """Stripe's id of the subscription made last."""
    listed = await shop.vendor.get("/stripe/v1/subscriptions", params={"status": "all"})
    found: str = listed.json()["data"][0]["id"]
    return found


async def tell(shop: Shop, *event_types: str) -> None:
    """Deliver the newest event of each type, one after the other, and wait for what is done about it."""
    async with shop.worker():
        for event_type in event_types:
            answer = await shop.deliver(await shop.vendor_event(event_type))
            assert answer.status_code == 200
            await shop.all_handled()


async def renew(shop: Shop, subscription_id: str, outcome: str = "paid") -> None:
    """The period ends."""
    await order(shop, f"subscriptions/{subscription_id}/renew", outcome=outcome)


async def order(shop: Shop, path: str, **orders: Any) -> Any:
    """An order to the pretended vendor."""
    answer = await shop.vendor.post(f"/sandbox/stripe/{path}", json=orders)
    assert answer.is_success, answer.text
    return answer.json()


async def shown(shop: Shop) -> dict[str, Any]:
    """`GET /v1/subscription`."""
    answer = await shop.http.get("/v1/subscription", headers=shop.identity())
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def lots(shop: Shop) -> list[tuple[int, datetime]]:
    """Credits and expiry of every lot of the subscription, in the order they were given."""
    rows = await shop.rows(
        "SELECT granted_credits, expires_at FROM lots WHERE source = 'subscription' AND account_id = :account_id"
        " ORDER BY lot_id",
        account_id=shop.account_id,
    )
    return [tuple(row) for row in rows]


async def told(shop: Shop, event_type: str) -> list[dict[str, Any]]:
    """The events of a type that were told of the account."""
    rows = await shop.rows("SELECT body FROM outbox WHERE type = :type ORDER BY event_id", type=event_type)
    events = [json.loads(row.body) for row in rows]
    return [event for event in events if event["account_id"] == str(shop.account_id)]
