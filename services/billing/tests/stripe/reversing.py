"""What a test does about money that goes back: refund, dispute, decide, and deliver what the vendor says of it."""

from typing import Any

from .shop import Shop

PRICE = 499
CREDITS = 50


async def bought(shop: Shop) -> str:
    """A purchase that is paid, of which nobody was told; answers with its payment intent."""
    opened = (await shop.order({"product_id": "pack-50"})).json()
    await shop.pay(opened["url"])
    intent_id: str = (await shop.vendor_event("payment_intent.succeeded"))["data"]["object"]["id"]
    return intent_id


async def granted(shop: Shop) -> str:
    """A purchase that is paid and granted; answers with its payment intent."""
    await shop.silence()
    intent_id = await bought(shop)
    await tell(shop, "checkout.session.completed")
    return intent_id


async def tell(shop: Shop, *event_types: str) -> None:
    """Deliver the newest event of each type, one after the other, and wait for what is done about it."""
    for event_type in event_types:
        answer = await shop.deliver(await shop.vendor_event(event_type))
        assert answer.status_code == 200
        await shop.all_handled()


async def refund(shop: Shop, intent_id: str, amount: int | None = None) -> str:
    """Give money back, all that is left unless an amount is given; answers with the refund's id."""
    form = {"payment_intent": intent_id} | ({"amount": str(amount)} if amount else {})
    return await _posted(shop, "/stripe/v1/refunds", data=form)


async def fail_refund(shop: Shop, refund_id: str) -> None:
    """The bank of the buyer sends the refund back."""
    await _posted(shop, f"/sandbox/stripe/refunds/{refund_id}", json={"status": "failed"})


async def dispute(shop: Shop, intent_id: str, amount: int | None = None) -> str:
    """The buyer's bank takes the money back; answers with the dispute's id."""
    body = {"payment_intent": intent_id} | ({"amount": amount} if amount else {})
    return await _posted(shop, "/sandbox/stripe/disputes", json=body)


async def decide(shop: Shop, dispute_id: str, status: str) -> None:
    """How a dispute ends."""
    await _posted(shop, f"/sandbox/stripe/disputes/{dispute_id}", json={"status": status})


async def _posted(shop: Shop, path: str, **body: Any) -> str:
    answer = await shop.vendor.post(path, **body)
    assert answer.is_success, answer.text
    identifier: str = answer.json()["id"]
    return identifier
