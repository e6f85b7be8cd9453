"""Refunds, disputes and the balance they leave behind."""

import pytest
import stripe

from .stripe_shop import Shop

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>' to upload:DeprecationWarning")

REFUNDS_PEND = "4000000000007726"


async def _paid(shop: Shop, card: str = "4242424242424242") -> str:
    session = await shop.pay(await shop.open(1000), card=card)
    return str(session.payment_intent)


async def _charge(shop: Shop, intent: str) -> stripe.Charge:
    found: stripe.Charge = (await shop.v1.charges.list_async({"payment_intent": intent})).data[0]
    return found


async def test_partial_refunds_are_told_with_what_they_changed(shop: Shop) -> None:
    intent = await _paid(shop)
    for amount in (300, 200):
        await shop.v1.refunds.create_async({"payment_intent": intent, "amount": amount})
    told = await shop.event("charge.refunded")
    assert told.data.object.amount_refunded == 500
    assert told.data.object.refunded is False
    assert told.data.previous_attributes["amount_refunded"] == 300
    charge = await shop.v1.charges.retrieve_async((await _charge(shop, intent)).id, {"expand": ["refunds"]})
    assert [one.amount for one in charge.refunds.data] == [200, 300]


async def test_pending_refund_succeeds_later(shop: Shop) -> None:
    refund = await shop.v1.refunds.create_async({"payment_intent": await _paid(shop, REFUNDS_PEND)})
    assert refund.status == "pending"
    await shop.order(f"refunds/{refund.id}", status="succeeded")
    told = await shop.event("charge.refund.updated")
    assert (told.data.object.status, told.data.previous_attributes["status"]) == ("succeeded", "pending")
    assert "refund.updated" in await shop.types()


async def test_failed_refund_gives_the_charge_its_amount_back(shop: Shop) -> None:
    intent = await _paid(shop)
    refund = await shop.v1.refunds.create_async({"payment_intent": intent})
    assert (await _charge(shop, intent)).refunded
    await shop.order(f"refunds/{refund.id}", status="failed")
    failed = await shop.v1.refunds.retrieve_async(refund.id)
    assert (failed.status, failed.failure_reason) == ("failed", "lost_or_stolen_card")
    charge = await _charge(shop, intent)
    assert (charge.amount_refunded, charge.refunded) == (0, False)
    assert {"refund.updated", "refund.failed", "charge.refund.updated"} <= set(await shop.types())
    answer = await shop.http.post(f"/sandbox/stripe/refunds/{refund.id}", json={"status": "succeeded"})
    assert answer.status_code == 400


async def test_dispute_takes_the_money_and_stops_refunds(shop: Shop) -> None:
    intent = await _paid(shop)
    dispute = await shop.order("disputes", payment_intent=intent, amount=600)
    found = await shop.v1.disputes.retrieve_async(dispute["id"])
    assert (found.status, found.amount, found.payment_intent) == ("needs_response", 600, intent)
    assert found.balance_transactions[0].net == -2600
    assert (await _charge(shop, intent)).disputed
    assert (await shop.types())[-2:] == ["charge.dispute.created", "charge.dispute.funds_withdrawn"]
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await shop.v1.refunds.create_async({"payment_intent": intent})
    assert caught.value.code == "charge_disputed"


@pytest.mark.parametrize("status", ["won", "lost"])
async def test_decided_dispute_is_closed(shop: Shop, status: str) -> None:
    dispute = await shop.order("disputes", payment_intent=await _paid(shop))
    await shop.order(f"disputes/{dispute['id']}", status=status)
    told = await shop.types()
    assert "charge.dispute.closed" in told
    assert ("charge.dispute.funds_reinstated" in told) == (status == "won")
    moved = await shop.v1.balance_transactions.list_async({"type": "adjustment"})
    assert sum(one.net for one in moved.data) == (0 if status == "won" else -3000)


async def test_evidence_puts_a_dispute_under_review(shop: Shop) -> None:
    dispute = await shop.order("disputes", payment_intent=await _paid(shop))
    kept = await shop.v1.disputes.update_async(dispute["id"], {"evidence": {"customer_name": "Anna"}, "submit": False})
    assert (kept.status, kept.evidence_details.has_evidence) == ("needs_response", True)
    sent = await shop.v1.disputes.update_async(dispute["id"], {"evidence": {"product_description": "A print"}})
    assert (sent.status, sent.evidence_details.submission_count) == ("under_review", 1)
    closed = await shop.v1.disputes.close_async(dispute["id"])
    assert closed.status == "lost"
    with pytest.raises(stripe.InvalidRequestError):
        await shop.v1.disputes.update_async(dispute["id"], {"metadata": {"a": "b"}})


async def test_balance_adds_up_to_what_happened(shop: Shop) -> None:
    intent = await _paid(shop)
    await shop.v1.refunds.create_async({"payment_intent": intent, "amount": 400})
    moved = await shop.v1.balance_transactions.list_async({"created": {"gte": 1}})
    assert [(one.type, one.amount, one.fee) for one in moved.data] == [("refund", -400, 0), ("charge", 1000, 40)]
    charge = await shop.v1.charges.retrieve_async((await _charge(shop, intent)).id, {"expand": ["balance_transaction"]})
    assert charge.balance_transaction.net == 960
