"""From Stripe's event to the credits: once, whatever the number, order and timing of deliveries."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import REGISTRY

from billing.ledger.grants import post_grants
from billing.purchases.settlement import settle_purchase
from billing.stripe import inbox, storage
from billing.stripe.handling import handle
from billing.stripe.inbox import Inbox, pause_seconds
from common.ids import from_text, new_id, to_text

from .shop import Shop
from .test_signature import EVENT


async def buy(shop: Shop, product: str = "pack-50") -> str:
    """A purchase that is paid; answers with its id."""
    opened = (await shop.order({"product_id": product})).json()
    await shop.pay(opened["url"])
    purchase_id: str = opened["purchase_id"]
    return purchase_id


async def assert_granted_once(shop: Shop, credits: int = 50) -> None:
    await shop.all_handled()
    assert await shop.available() == credits
    assert await shop.value("SELECT count(*) FROM lots WHERE source = 'purchase'") == 1
    assert len(await shop.completed()) == 1
    assert await shop.value("SELECT status FROM purchases") == "paid"
    await shop.assert_ledger_is_sound()


async def make_due(shop: Shop) -> None:
    async with shop.database.unit_of_work() as uow:
        await uow.execute("UPDATE stripe_events SET next_try_at = now() WHERE next_try_at IS NOT NULL")


def counted(outcome: str, event_type: str = "checkout.session.completed") -> float:
    return REGISTRY.get_sample_value("stripe_events_total", {"type": event_type, "outcome": outcome}) or 0.0


async def test_a_paid_checkout_grants_its_credits_and_tells_of_it(shop: Shop) -> None:
    async with shop.worker():
        purchase_id = await buy(shop, "pack-200")
        await shop.eventually("SELECT count(*) FROM stripe_events WHERE type = 'checkout.session.completed'", 1)
        await assert_granted_once(shop, 200)
    (event,) = await shop.completed()
    assert event | {"event_id": 0, "occurred_at": 0, "purchase_id": 0} == {
        "event_id": 0,
        "occurred_at": 0,
        "purchase_id": 0,
        "account_id": str(shop.account_id),
        "product": "pack-200",
        "credits": 200,
        "amount_minor": 1799,
        "currency": "eur",
        "available_credits": 200,
    }
    shown = await shop.http.get(f"/v1/purchases/{purchase_id}", headers=shop.identity())
    assert shown.json()["status"] == "paid"
    assert shown.json()["paid_at"] is not None


async def test_fifty_parallel_deliveries_of_one_event_grant_once(shop: Shop) -> None:
    await shop.silence()
    await buy(shop)
    event = await shop.vendor_event("checkout.session.completed")
    stopping = asyncio.Event()
    async with shop.worker(), asyncio.TaskGroup() as others:
        for _ in range(2):
            others.create_task(Inbox(shop.database, shop.parts.api, poll_seconds=0.01).run(stopping))
        answers = await asyncio.gather(*(shop.deliver(event) for _ in range(50)))
        assert {answer.status_code for answer in answers} == {200}
        await assert_granted_once(shop)
        stopping.set()


@pytest.mark.parametrize(
    "order",
    [
        ("checkout.session.completed", "payment_intent.succeeded"),
        ("payment_intent.succeeded", "checkout.session.completed"),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
async def test_two_events_about_one_payment_grant_once(shop: Shop, order: tuple[str, str], at_once: bool) -> None:
    await shop.silence()
    await buy(shop)
    async with shop.worker():
        for event_type in order:
            await shop.deliver(await shop.vendor_event(event_type))
            if not at_once:
                await shop.all_handled()
        await assert_granted_once(shop)
    assert await shop.value("SELECT count(*) FROM stripe_events") == 2


async def test_duplicates_and_reordering_by_the_vendor_grant_once(shop: Shop) -> None:
    await shop.fault("checkout.session.completed", {"duplicate": 5}, vendor="webhook")
    await shop.fault("payment_intent.succeeded", {"reorder": True}, vendor="webhook")
    async with shop.worker():
        await buy(shop)
        for event_type in ("checkout.session.completed", "payment_intent.succeeded"):
            await shop.eventually(f"SELECT count(*) FROM stripe_events WHERE type = '{event_type}'", 1)  # noqa: S608
        await assert_granted_once(shop)


async def test_an_event_stored_before_a_crash_is_handled_by_the_next_process(shop: Shop) -> None:
    await shop.silence()
    await buy(shop)
    await shop.deliver(await shop.vendor_event("checkout.session.completed"))
    assert await shop.available() == 0
    async with shop.worker():
        await assert_granted_once(shop)


async def test_a_claim_lost_in_a_crash_comes_back_with_its_lease(shop: Shop) -> None:
    await shop.silence()
    await buy(shop)
    await shop.deliver(await shop.vendor_event("checkout.session.completed"))
    async with shop.database.autocommit() as connection:
        (claimed,) = await storage.claim_due(connection, 10, timedelta(seconds=0.4))
        assert await storage.claim_due(connection, 10, timedelta(seconds=0.4)) == []
    assert claimed.attempts == 1
    async with shop.worker():
        await assert_granted_once(shop)
    assert await shop.value("SELECT attempts FROM stripe_events") == 2


async def test_a_crash_in_the_middle_of_the_transaction_leaves_nothing_half_done(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.silence()
    await buy(shop)
    await shop.deliver(await shop.vendor_event("checkout.session.completed"))
    real, calls = post_grants, 0

    async def crash_once(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        result = await real(*arguments)
        if calls == 1:
            raise RuntimeError("died after the grant was written")
        return result

    monkeypatch.setattr("billing.purchases.settlement.post_grants", crash_once)
    async with shop.worker():
        await shop.eventually("SELECT error LIKE 'RuntimeError%' FROM stripe_events", True)
        assert await shop.available() == 0
        assert await shop.value("SELECT status FROM purchases") == "open"
        await make_due(shop)
        shop.parts.inbox.wake()
        await assert_granted_once(shop)
    assert calls == 2


@pytest.mark.parametrize("fault", [{"status": 500}, {"disconnect": True}, {"garbage": "empty_object"}])
async def test_while_stripe_is_down_the_event_waits_and_later_succeeds(shop: Shop, fault: dict[str, Any]) -> None:
    await shop.silence()
    await buy(shop)
    await shop.fault("checkout.get", fault, times=None)
    await shop.deliver(await shop.vendor_event("checkout.session.completed"))
    async with shop.worker():
        await shop.eventually("SELECT error IS NOT NULL AND handled_at IS NULL FROM stripe_events", True)
        assert await shop.value("SELECT next_try_at > now() FROM stripe_events")
        assert await shop.available() == 0
        await shop.vendor.delete("/sandbox/faults")
        await make_due(shop)
        await assert_granted_once(shop)
    assert await shop.value("SELECT error FROM stripe_events") is None


@pytest.mark.parametrize(
    "tamper", ["amount_minor = 500", "amount_minor = 498", "currency = 'usd'"], ids=["less", "more", "currency"]
)
async def test_money_that_is_not_what_was_ordered_grants_nothing_and_is_seen(shop: Shop, tamper: str) -> None:
    await shop.silence()
    await buy(shop)
    async with shop.database.unit_of_work() as uow:
        await uow.execute(f"UPDATE purchases SET {tamper}")  # noqa: S608 - the cases above
    before = counted("mismatch")
    async with shop.worker():
        await shop.deliver(await shop.vendor_event("checkout.session.completed"))
        await shop.eventually("SELECT error LIKE 'mismatch: %' FROM stripe_events", True)
    assert counted("mismatch") == before + 1
    assert (await shop.available(), await shop.completed()) == (0, [])
    row = (await shop.rows("SELECT handled_at, next_try_at FROM stripe_events"))[0]
    assert tuple(row) == (None, None)
    assert await shop.value("SELECT status FROM purchases") == "open"
    async with shop.database.autocommit() as connection:
        assert (await storage.inbox_state(connection)).given_up == 1


async def test_an_event_that_claims_payment_of_an_unpaid_session_grants_nothing(shop: Shop) -> None:
    await shop.silence()
    await shop.order()
    session_id = await shop.value("SELECT stripe_session_id FROM purchases")
    paid = {"id": session_id, "object": "checkout.session", "payment_status": "paid", "status": "complete"}
    async with shop.worker():
        await shop.deliver(EVENT | {"data": {"object": paid}})
        await shop.all_handled()
    assert await shop.available() == 0
    assert await shop.value("SELECT status FROM purchases") == "open"


async def test_an_expired_session_expires_the_purchase(shop: Shop) -> None:
    async with shop.worker():
        await shop.order()
        session_id = await shop.value("SELECT stripe_session_id FROM purchases")
        await shop.vendor.post(f"/stripe/v1/checkout/sessions/{session_id}/expire")
        await shop.eventually("SELECT status FROM purchases", "expired")


async def test_a_late_expiry_does_not_undo_a_payment(shop: Shop) -> None:
    await shop.silence()
    await buy(shop)
    session_id = await shop.value("SELECT stripe_session_id FROM purchases")
    async with shop.worker():
        await shop.deliver(await shop.vendor_event("checkout.session.completed"))
        await shop.all_handled()
        expired = EVENT | {"id": "evt_2", "type": "checkout.session.expired", "data": {"object": {"id": session_id}}}
        await shop.deliver(expired)
        await assert_granted_once(shop)


async def test_the_payment_of_a_session_that_was_never_recorded_still_counts(
    shop: Shop,
) -> None:
    await shop.silence()
    await buy(shop)
    async with shop.database.unit_of_work() as uow:
        await uow.execute("UPDATE purchases SET status = 'created', stripe_session_id = NULL, checkout_url = NULL")
    async with shop.worker():
        await shop.deliver(await shop.vendor_event("payment_intent.succeeded"))
        await assert_granted_once(shop)


async def foreign_session(shop: Shop, reference: str | None) -> str:
    form = {
        "mode": "payment",
        "success_url": "https://other.example/",
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": "eur",
        "line_items[0][price_data][unit_amount]": "499",
        "line_items[0][price_data][product_data][name]": "something else",
    } | ({"client_reference_id": reference} if reference else {})
    session = (await shop.vendor.post("/stripe/v1/checkout/sessions", data=form)).json()
    await shop.pay(session["url"])
    session_id: str = session["id"]
    return session_id


@pytest.mark.parametrize("reference", [None, "order-of-another-shop"])
@pytest.mark.parametrize("event_type", ["checkout.session.completed", "payment_intent.succeeded"])
async def test_payments_for_something_else_are_passed_over(shop: Shop, reference: str | None, event_type: str) -> None:
    await shop.silence()
    await foreign_session(shop, reference)
    before = counted("foreign", event_type)
    async with shop.worker():
        await shop.deliver(await shop.vendor_event(event_type))
        await shop.all_handled()
    assert counted("foreign", event_type) == before + 1
    assert await shop.value("SELECT count(*) FROM lots") == 0


async def test_a_purchase_that_is_not_there_yet_is_waited_for_and_in_the_end_given_up(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "TRIES_MAX", 2)
    await shop.silence()
    await foreign_session(shop, to_text("pur", new_id()))
    async with shop.worker():
        await shop.deliver(await shop.vendor_event("checkout.session.completed"))
        await shop.eventually("SELECT attempts = 1 AND error IS NOT NULL FROM stripe_events", True)
        assert await shop.value("SELECT next_try_at > now() FROM stripe_events")
        await make_due(shop)
        shop.parts.inbox.wake()
        await shop.eventually("SELECT next_try_at IS NULL FROM stripe_events", True)
    (row,) = await shop.rows("SELECT handled_at, error FROM stripe_events")
    assert row.handled_at is None
    assert row.error.startswith("ObjectMissing")


async def test_one_poisoned_event_does_not_stop_the_others(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await shop.silence()
    await buy(shop)
    real = handle

    async def poisoned(database: Any, api: Any, event: Any, grace: Any) -> Any:
        if event.event_id == "evt_poison":
            raise ZeroDivisionError
        return await real(database, api, event, grace)

    monkeypatch.setattr("billing.stripe.inbox.handle", poisoned)
    async with shop.worker():
        for number in range(6):
            await shop.deliver(EVENT | {"id": "evt_poison" if number == 0 else f"evt_{number}"})
        await shop.deliver(await shop.vendor_event("checkout.session.completed"))
        await shop.eventually("SELECT status FROM purchases", "paid")
        await shop.eventually("SELECT error FROM stripe_events WHERE event_id = 'evt_poison'", "ZeroDivisionError: ")


async def test_old_handled_events_are_forgotten_and_others_kept(shop: Shop) -> None:
    for number, handled in enumerate((True, False)):
        event = EVENT | {"id": f"evt_{number}", "type": "charge.updated" if handled else EVENT["type"]}
        await shop.deliver(event)
    async with shop.database.unit_of_work() as uow:
        await uow.execute("UPDATE stripe_events SET received_at = now() - interval '31 days'")
    await shop.deliver(EVENT | {"id": "evt_new", "type": "charge.updated"})
    async with shop.database.autocommit() as connection:
        assert await storage.prune_handled(connection, inbox.KEPT, 100) == 1
        state = await storage.inbox_state(connection)
    assert await shop.rows("SELECT event_id FROM stripe_events ORDER BY 1") == [("evt_1",), ("evt_new",)]
    assert state.oldest_unhandled_seconds > 30 * 86400


def test_retries_reach_over_a_day_and_end() -> None:
    total = sum(pause_seconds(attempt) for attempt in range(1, inbox.TRIES_MAX))
    assert 20 * 3600 < total < 36 * 3600


async def test_the_work_continues_the_trace_of_the_delivery(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr("common.telemetry.tracing._tracer", provider.get_tracer("test"))
    await shop.silence()
    await buy(shop)
    exporter.clear()
    async with shop.worker():
        await shop.deliver(await shop.vendor_event("checkout.session.completed"))
        await assert_granted_once(shop)
    spans = {found.name: found for found in exporter.get_finished_spans()}
    delivery, work = spans["POST /webhooks/stripe"], spans["process checkout.session.completed"]
    call = spans["stripe checkout.sessions.retrieve"]
    assert work.parent is not None
    assert call.parent is not None
    assert work.parent.span_id == delivery.context.span_id
    assert call.parent.span_id == work.context.span_id
    assert {found.context.trace_id for found in (delivery, work, call)} == {delivery.context.trace_id}
    told = await shop.value("SELECT traceparent FROM outbox WHERE type = 'purchase.completed'")
    assert told.split("-")[1] == f"{delivery.context.trace_id:032x}"


async def test_a_second_worker_with_the_same_event_finds_it_handled(shop: Shop) -> None:
    await shop.silence()
    await buy(shop)
    await shop.deliver(await shop.vendor_event("checkout.session.completed"))
    async with shop.database.autocommit() as connection:
        (claimed,) = await storage.claim_due(connection, 1, timedelta(0))
    outcomes = await asyncio.gather(*(handle(shop.database, shop.parts.api, claimed) for _ in range(4)))
    assert sorted(outcomes) == ["granted"] + ["handled_before"] * 3
    await assert_granted_once(shop)


async def test_news_of_another_sessions_end_does_not_close_a_purchase(shop: Shop) -> None:
    await shop.silence()
    purchase_id = from_text("pur", await buy(shop))
    session = await shop.parts.api.session(await shop.value("SELECT stripe_session_id FROM purchases"))
    expired = replace(session, status="expired", payment_status="unpaid")
    other = replace(expired, session_id="cs_test_earlier")
    async with shop.database.unit_of_work() as uow:
        assert (await settle_purchase(uow, purchase_id, other)).outcome == "undecided"
    assert await shop.value("SELECT status FROM purchases") == "open"
    async with shop.database.unit_of_work() as uow:
        assert (await settle_purchase(uow, purchase_id, session)).outcome == "granted"
        assert (await settle_purchase(uow, purchase_id, expired)).outcome == "undecided"
    assert (await shop.available(), await shop.value("SELECT status FROM purchases")) == (50, "paid")
    await shop.assert_ledger_is_sound()
