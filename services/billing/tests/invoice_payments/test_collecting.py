"""An invoice is paid once: one link, one paid state whatever is delivered, a surplus goes back, no credits move."""

import asyncio
from typing import Any

import pytest

from billing.invoice_payments import storage
from billing.invoice_payments.collecting import Collector
from billing.invoice_payments.rules import invoice_id_in
from billing.stripe.invoice_api import InvoiceApi
from common.events.deletion import AccountDeletionRequested
from common.ids import new_id, to_text

from ..stripe.reversing import refund
from .till import AMOUNT, Till


async def no_credits_moved(till: Till) -> None:
    for table in ("transfers", "entries", "lots", "balances", "payment_reversals"):
        assert await till.shop.rows(f"SELECT 1 FROM {table}") == [], table  # noqa: S608 - a constant
    await till.shop.assert_ledger_is_sound()


async def test_an_invoice_gets_one_link_and_is_paid_once(till: Till) -> None:
    """Two clicks on the link, every webhook twice."""
    async with till.shop.worker():
        invoice_id, url = await till.linked()
        (link,) = await till.listed("payment_links")
        assert (link["url"], link["restrictions"]["completed_sessions"]["limit"]) == (url, 1)
        assert link["payment_method_types"] == ["card"]
        (told,) = await till.told("invoice.link_created")
        assert (told["invoice_id"], told["payment_url"]) == (str(invoice_id), url)

        first, second = await till.visit(url), await till.visit(url)
        assert await till.pay(first) == 200
        assert await till.pay(second) >= 400, "the link has sold"
        await till.shop.eventually("SELECT status FROM invoice_payments", "paid")
        for event_type in ("checkout.session.completed", "payment_intent.succeeded"):
            event = await till.shop.vendor_event(event_type)
            for _ in range(2):
                assert (await till.shop.deliver(event)).status_code == 200
        await till.shop.all_handled()
        await till.look()

    (paid,) = await till.told("invoice.paid")
    assert (paid["amount_minor"], paid["currency"], paid["number"]) == (AMOUNT, "EUR", "INV-2026-0001")
    assert (await till.bill(invoice_id)).link_closed_at is not None
    assert [link["active"] for link in await till.listed("payment_links")] == [False]
    assert await till.listed("refunds") == []
    await no_credits_moved(till)


async def test_a_second_payment_goes_back_once(till: Till) -> None:
    async with till.shop.worker():
        invoice_id, url = await till.linked()
        await asyncio.gather(till.paid_aside(invoice_id), till.paid_aside(invoice_id))
        await till.shop.eventually("SELECT count(*) FROM surplus_payments", 1)
        await asyncio.gather(*(till.look() for _ in range(3)))
        await till.shop.eventually("SELECT status FROM surplus_payments", "refunded")
        await till.shop.all_handled()
        await till.look()

    (back,) = await till.listed("refunds")
    bill = await till.bill(invoice_id)
    assert back["amount"] == AMOUNT
    assert back["payment_intent"] != bill.stripe_payment_intent_id
    assert (bill.status, bill.reversed_minor) == ("paid", 0)
    assert len(await till.told("invoice.paid")) == 1
    assert (await till.shop.vendor.get(url)).status_code == 410
    await no_credits_moved(till)


async def test_a_refund_of_an_invoice_touches_no_credits(till: Till) -> None:
    async with till.shop.worker():
        invoice_id, url = await till.linked()
        assert await till.pay(await till.visit(url)) == 200
        await till.shop.eventually("SELECT status FROM invoice_payments", "paid")
        await refund(till.shop, (await till.bill(invoice_id)).stripe_payment_intent_id)
        await till.shop.eventually("SELECT reversed_minor FROM invoice_payments", AMOUNT)
        await till.shop.all_handled()
    assert (await till.bill(invoice_id)).status == "paid"
    assert len(await till.told("invoice.paid")) == 1
    await no_credits_moved(till)


async def test_a_process_that_died_after_asking_leaves_one_link(till: Till) -> None:
    await till.issued()
    async with till.shop.database.autocommit() as connection:
        (claimed,) = await storage.claim_due(connection, 4)
    api = InvoiceApi(till.shop.parts.api)
    await api.make_link(claimed)  # and then the process was gone
    collector = Collector(till.shop.database, api)
    states = await asyncio.gather(*(collector.go_on(claimed) for _ in range(4)))

    assert sorted(states) == ["linked"] + ["linked_before"] * 3
    assert len(await till.listed("payment_links")) == 1
    assert len(await till.told("invoice.link_created")) == 1


async def test_an_invoice_that_is_heard_of_twice_is_one(till: Till) -> None:
    invoice_id = new_id()
    for _ in range(2):
        await till.issued(invoice_id=invoice_id)
        await till.look()
    assert len(await till.listed("payment_links")) == 1


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 429}])
async def test_a_link_waits_for_a_vendor_that_is_away(till: Till, fault: dict[str, Any]) -> None:
    await till.shop.fault("payment_links.create", fault, times=None)
    invoice_id = await till.issued()
    await till.look()
    assert (await till.bill(invoice_id)).status == "link_due"
    await till.shop.heal()
    async with till.shop.database.unit_of_work() as uow:
        await uow.execute("UPDATE invoice_payments SET next_step_at = now()")
    await till.look()
    assert (await till.bill(invoice_id)).status == "open"


async def test_another_amount_is_for_a_person(till: Till) -> None:
    async with till.shop.worker():
        invoice_id, _ = await till.linked()
        await till.paid_aside(invoice_id, amount=AMOUNT - 1)
        await till.shop.eventually("SELECT count(*) > 0 FROM stripe_events WHERE error LIKE 'mismatch%'", True)
    assert (await till.bill(invoice_id)).status == "open"
    assert await till.told("invoice.paid") == []


async def test_a_reference_that_a_visitor_gives_a_session_means_nothing(till: Till) -> None:
    """Stripe takes `client_reference_id` from the address of a link: it could name somebody's purchase."""
    async with till.shop.worker():
        order = await till.shop.order()
        purchase = order.json()["purchase_id"]
        invoice_id, _ = await till.linked()
        await till.paid_aside(invoice_id, client_reference_id=purchase)
        await till.shop.eventually("SELECT status FROM invoice_payments", "paid")
        await till.shop.all_handled()
    assert [row.status for row in await till.shop.rows("SELECT status FROM purchases")] == ["open"]
    await no_credits_moved(till)


async def test_nobody_pays_an_account_that_is_gone(till: Till) -> None:
    async with till.shop.worker():
        invoice_id, url = await till.linked()
        page = await till.visit(url)
        await till.hear(
            AccountDeletionRequested(account_id=till.shop.account_id, user_id=new_id(), deletion_id=new_id())
        )
        await till.look()
        assert (await till.shop.vendor.get(url)).status_code == 410
        assert await till.pay(page) >= 400
        await till.paid_aside(invoice_id)
        await till.shop.eventually("SELECT count(*) FROM surplus_payments", 1)
        await till.look()
    assert (await till.bill(invoice_id)).status == "void"
    assert len(await till.listed("refunds")) == 1
    assert await till.told("invoice.paid") == []


async def test_amounts_without_a_link_are_not_collected(till: Till) -> None:
    await till.issued(pay_url=None, gross_minor=0)
    assert await till.shop.rows("SELECT 1 FROM invoice_payments") == []


def test_only_our_ids_name_an_invoice() -> None:
    invoice_id = new_id()
    assert invoice_id_in(to_text("inv", invoice_id)) == invoice_id
    for other in (None, "", "pur_" + "0" * 26, "inv_x", "in_1abc"):
        assert invoice_id_in(other) is None
