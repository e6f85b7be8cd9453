"""Whatever Stripe told nobody of is found and put right through the inbox; what cannot be put right is told."""

import asyncio
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from billing.ledger.reversals import credits_to_take_back
from billing.reconciliation import feeding, schedule, storage
from billing.reconciliation.assembly import build_reconciler
from billing.reconciliation.reconciler import Reconciler
from billing.reconciliation.rules import Report, window_of
from billing.stripe import listing
from common.clock import now
from common.ids import new_id

from ..stripe.reversing import CREDITS, PRICE, bought, decide, dispute, fail_refund, granted, refund
from ..stripe.shop import Shop

OUTCOME = "SELECT status FROM reconciliation_runs ORDER BY started_at DESC LIMIT 1"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeding, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(feeding, "PATIENCE_SECONDS", 3.0)


def reconciler(shop: Shop) -> Reconciler:
    return build_reconciler(shop.settings, shop.database, shop.parts.api, shop.parts.inbox.wake)


async def reconciled(shop: Shop) -> Report:
    async with shop.worker():
        report = await reconciler(shop).run("operator")
    assert report is not None
    return report


async def free_purchase(shop: Shop) -> None:
    """A purchase of which a coupon took the whole price."""
    coupon = (await shop.vendor.post("/stripe/v1/coupons", data={"percent_off": "100", "duration": "once"})).json()
    opened = (await shop.order()).json()
    session_id = await shop.value("SELECT stripe_session_id FROM purchases ORDER BY purchase_id DESC LIMIT 1")
    again = {
        "mode": "payment",
        "client_reference_id": opened["purchase_id"],
        "success_url": "https://shop.example",
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": "eur",
        "line_items[0][price_data][unit_amount]": str(PRICE),
        "line_items[0][price_data][product_data][name]": "50 credits",
        "discounts[0][coupon]": coupon["id"],
    }
    made = (await shop.vendor.post("/stripe/v1/checkout/sessions", data=again)).json()
    async with shop.database.unit_of_work() as uow:
        await uow.execute(
            "UPDATE purchases SET stripe_session_id = :made WHERE stripe_session_id = :before",
            {"made": made["id"], "before": session_id},
        )
    await shop.pay(made["url"])


async def test_a_day_of_lost_webhooks_is_made_good_and_the_totals_agree(shop: Shop) -> None:
    await shop.silence()
    for _ in range(3):
        await bought(shop)
    await refund(shop, await bought(shop), 100)
    won = await dispute(shop, await bought(shop))
    await decide(shop, won, "won")
    await dispute(shop, await bought(shop))
    await free_purchase(shop)
    assert await shop.available() == 0

    report = await reconciled(shop)

    assert report.status == "clean"
    assert report.counts.payments_compared == 7
    assert report.counts.events_fed == report.counts.events_listed > 10
    assert report.counts.differences == 0
    assert await shop.available() == 6 * CREDITS - credits_to_take_back(CREDITS, PRICE, 100)
    assert await shop.value(OUTCOME) == "clean"
    await shop.assert_ledger_is_sound()


async def test_a_second_run_changes_nothing(shop: Shop) -> None:
    await shop.silence()
    await refund(shop, await bought(shop), 100)
    await reconciled(shop)
    before = await shop.rows("SELECT * FROM entries ORDER BY transfer_id, line")

    report = await reconciled(shop)

    assert report.status == "clean"
    assert (report.counts.events_fed, report.counts.payments_repaired) == (0, 0)
    assert await shop.rows("SELECT * FROM entries ORDER BY transfer_id, line") == before


async def test_a_webhook_that_comes_late_grants_nothing_more(shop: Shop) -> None:
    await shop.silence()
    await bought(shop)
    await reconciled(shop)
    async with shop.worker():
        await shop.deliver(await shop.vendor_event("checkout.session.completed"))
        await shop.deliver(await shop.vendor_event("payment_intent.succeeded"))
        await shop.all_handled()
    assert await shop.available() == CREDITS
    await shop.assert_ledger_is_sound()


async def test_a_refund_nobody_told_of_takes_its_credits_back(shop: Shop) -> None:
    async with shop.worker():
        intent_id = await granted(shop)
    await refund(shop, intent_id)
    assert await shop.available() == CREDITS

    report = await reconciled(shop)

    assert report.status == "clean"
    assert await shop.available() == 0


async def test_a_refund_that_failed_later_gives_its_credits_back(shop: Shop) -> None:
    async with shop.worker():
        refund_id = await refund(shop, await granted(shop))
    await reconciled(shop)
    await fail_refund(shop, refund_id)
    assert await shop.available() == 0

    assert (await reconciled(shop)).status == "clean"
    assert await shop.available() == CREDITS


async def test_a_payment_whose_events_are_gone_is_still_found(shop: Shop) -> None:
    await shop.silence()
    await refund(shop, await bought(shop), 100)
    await shop.fault("events.list", {"status": 200, "body": {"object": "list", "data": [], "has_more": False}}, times=9)

    report = await reconciled(shop)

    assert (report.status, report.counts.events_listed, report.counts.payments_repaired) == ("clean", 0, 1)
    assert await shop.available() == CREDITS - credits_to_take_back(CREDITS, PRICE, 100)


async def test_an_event_that_was_given_up_is_made_good(shop: Shop) -> None:
    await shop.silence()
    await bought(shop)
    await shop.deliver(await shop.vendor_event("checkout.session.completed"))
    await shop.deliver(await shop.vendor_event("payment_intent.succeeded"))
    async with shop.database.unit_of_work() as uow:
        await uow.execute("UPDATE stripe_events SET next_try_at = NULL, error = 'given up'")

    report = await reconciled(shop)

    assert (report.status, report.counts.payments_repaired) == ("clean", 1)
    assert await shop.available() == CREDITS


PLANTED = [
    ("UPDATE purchases SET amount_minor = 500", "paid"),
    ("UPDATE purchases SET currency = 'usd'", "currency"),
    ("UPDATE purchases SET credits = 60", "credits"),
    ("UPDATE purchases SET stripe_payment_intent_id = 'pi_of_nobody'", "not_at_stripe"),
]


@pytest.mark.parametrize(("planted", "reason"), PLANTED)
async def test_a_planted_difference_is_told_with_both_figures(shop: Shop, planted: str, reason: str) -> None:
    async with shop.worker():
        await granted(shop)
    async with shop.database.unit_of_work() as uow:
        await uow.execute(planted)

    report = await reconciled(shop)

    assert report.status == "differs"
    assert reason in {difference.reason for difference in report.differences}
    assert await shop.value(OUTCOME) == "differs"
    stored = await shop.rows("SELECT payment_id, reason FROM reconciliation_differences")
    assert {tuple(row) for row in stored} == {(one.payment_id, one.reason) for one in report.differences}
    first = report.differences[0]
    if reason == "paid":
        assert (first.stripe_paid_minor, first.booked_paid_minor) == (PRICE, 500)


async def test_a_purchase_that_forgot_its_payment_is_put_right_without_a_second_grant(shop: Shop) -> None:
    await shop.silence()
    await bought(shop)
    await reconciled(shop)
    async with shop.database.unit_of_work() as uow:
        await uow.execute("UPDATE purchases SET status = 'failed', paid_at = NULL, stripe_payment_intent_id = NULL")

    report = await reconciled(shop)

    assert (report.status, report.counts.payments_repaired) == ("clean", 1)
    assert await shop.available() == CREDITS
    await shop.assert_ledger_is_sound()


async def test_money_that_was_never_granted_is_told_until_it_is_all_returned(shop: Shop) -> None:
    await shop.silence()
    intent_id = await bought(shop)
    async with shop.database.unit_of_work() as uow:
        await uow.execute("UPDATE purchases SET amount_minor = 500")
    report = await reconciled(shop)
    assert [(one.payment_id, one.reason) for one in report.differences] == [(intent_id, "not_booked")]
    await refund(shop, intent_id)
    assert (await reconciled(shop)).status == "clean"


async def test_payments_for_something_else_are_not_ours(shop: Shop) -> None:
    await shop.silence()
    form = {"amount": "700", "currency": "eur", "confirm": "true", "payment_method": "pm_card_visa"}
    await shop.vendor.post("/stripe/v1/payment_intents", data=form)
    report = await reconciled(shop)
    assert (report.status, report.counts.payments_foreign, report.counts.payments_compared) == ("clean", 1, 0)


async def test_every_page_is_read(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PER_PAGE", 2)
    await shop.silence()
    for _ in range(5):
        await bought(shop)
    report = await reconciled(shop)
    assert (report.status, report.counts.payments_compared) == ("clean", 5)
    assert await shop.available() == 5 * CREDITS


async def test_a_list_too_long_and_a_vendor_that_is_away_fail_the_run(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.silence()
    for _ in range(2):
        await bought(shop)
    with monkeypatch.context() as patched:
        patched.setattr(listing, "PER_PAGE", 1)
        patched.setattr(listing, "PAGES_MAX", 1)
        assert (await reconciled(shop)).status == "failed"
    await shop.fault("payment_intents.list", {"status": 500}, times=None)
    report = await reconciled(shop)
    assert report.status == "failed"
    assert await shop.value("SELECT error IS NOT NULL FROM reconciliation_runs LIMIT 1")
    await shop.heal()
    assert (await reconciled(shop)).status == "clean"


async def test_two_replicas_make_one_run(shop: Shop) -> None:
    async with shop.worker():
        reports = await asyncio.gather(*(reconciler(shop).run("schedule", rest=timedelta(hours=1)) for _ in range(8)))
    assert sum(report is not None for report in reports) == 1
    assert await shop.value("SELECT count(*) FROM reconciliation_runs") == 1
    assert await reconciler(shop).run("schedule", rest=timedelta(hours=1)) is None


async def test_a_run_whose_process_was_lost_does_not_stand_in_the_way(shop: Shop) -> None:
    async with shop.database.unit_of_work() as uow:
        window = window_of(now(), 3, None)
        await storage.begin_run(uow, new_id(), "schedule", window, timedelta(seconds=-1), None)
    assert (await reconciled(shop)).status == "clean"
    assert await shop.value("SELECT count(*) FROM reconciliation_runs WHERE status = 'failed'") == 1


def test_the_window_reaches_back_to_the_last_complete_run() -> None:
    until = now()
    assert window_of(until, 3, None).since == until - timedelta(days=3)
    assert window_of(until, 3, until - timedelta(hours=1)).since == until - timedelta(days=3)
    assert window_of(until, 3, until - timedelta(days=9)).since == until - timedelta(days=10)
    assert window_of(until, 3, until - timedelta(days=90)).since == until - timedelta(days=28)


async def test_the_schedule_runs_at_start_and_shows_the_drift(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "START_SECONDS", 0.0)
    monkeypatch.setattr(schedule, "LOOK_SECONDS", 0.02)
    async with shop.worker():
        await granted(shop)
        async with shop.database.unit_of_work() as uow:
            await uow.execute("UPDATE purchases SET credits = 60")
        task = asyncio.create_task(schedule.run_schedule(shop.database, reconciler(shop)))
        async with asyncio.timeout(8):
            while REGISTRY.get_sample_value("stripe_ledger_drift") != 1:  # noqa: ASYNC110 - it waits for a gauge
                await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert await shop.value("SELECT count(*) FROM reconciliation_runs") == 1
