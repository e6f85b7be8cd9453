"""The ledger's part of a receipt: every credit that was held is accounted for, and only its owner is told."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from billing.ledger.grants import Grant, post_grants
from billing.ledger.rules import SettlementReason
from common.clock import now
from common.ids import new_id, to_text

from .story import Desk


def adds_up(ledger: dict[str, Any]) -> dict[str, int]:
    totals: dict[str, int] = ledger["totals"]
    assert totals["held"] == sum(totals[part] for part in ("captured", "returned", "expired", "open"))
    assert totals["held"] == ledger["hold"]["amount"] == sum(lot["amount"] for lot in ledger["lots"])
    assert totals["captured"] == (ledger["capture"] or {"amount": 0})["amount"]
    assert totals["returned"] == (ledger["release"] or {"amount": 0})["amount"]
    return totals


@pytest.mark.parametrize(
    ("price", "charge", "reason", "state", "returned"),
    [
        (5, 5, "completed", "captured", None),
        (5, 3, "completed", "captured", 2),
        (5, 0, "completed", "captured", 5),
        (5, 2, "cancelled", "captured", 3),
        (5, 0, "cancelled", "released", 5),
        (5, 0, "failed", "released", 5),
        (5, 0, "expired", "released", 5),
    ],
)
async def test_every_credit_held_is_accounted_for(
    desk: Desk, price: int, charge: int, reason: SettlementReason, state: str, returned: int | None
) -> None:
    account_id = new_id()
    await desk.grant(account_id, 9)
    job_id = await desk.hold(account_id, price)
    await desk.settle(account_id, job_id, charge, reason)

    ledger = await desk.job(account_id, job_id)

    assert ledger["state"] == state
    assert adds_up(ledger) == {
        "held": price, "captured": charge, "returned": price - charge, "expired": 0, "open": 0,
    }  # fmt: skip
    assert (ledger["capture"] is not None) == (state == "captured")
    if returned is None:
        assert ledger["release"] is None
    else:
        assert (ledger["release"]["amount"], ledger["release"]["reason"]) == (returned, reason)
    settlement, hold = (await desk.page(account_id, "limit=2"))["items"]
    settled = ledger["capture"] or ledger["release"]
    assert (settled["transaction_id"], settled["at"]) == (settlement["id"], settlement["occurred_at"])
    assert (ledger["hold"]["transaction_id"], ledger["hold"]["at"]) == (hold["id"], hold["occurred_at"])
    assert (await desk.balances(account_id))["available"] == 9 - charge


async def test_an_open_hold_has_neither_capture_nor_release(desk: Desk) -> None:
    account_id = new_id()
    await desk.grant(account_id, 9)
    job_id = await desk.hold(account_id, 4)

    ledger = await desk.job(account_id, job_id)

    assert adds_up(ledger)["open"] == 4
    assert (ledger["state"], ledger["capture"], ledger["release"]) == ("held", None, None)


@pytest.mark.parametrize(("reason", "state"), [("completed", "captured"), ("failed", "released")])
async def test_a_price_of_zero_has_its_moments_and_no_transactions(
    desk: Desk, reason: SettlementReason, state: str
) -> None:
    account_id = new_id()
    job_id = await desk.hold(account_id, 0)
    assert adds_up(await desk.job(account_id, job_id))["open"] == 0
    await desk.settle(account_id, job_id, 0, reason)

    ledger = await desk.job(account_id, job_id)

    assert set(adds_up(ledger).values()) == {0}
    assert ledger["state"] == state
    settled = ledger["capture"] or ledger["release"]
    assert (settled["amount"], settled["transaction_id"]) == (0, None)
    assert settled["at"] >= ledger["hold"]["at"]
    assert await desk.walk(account_id, limit=10) == []


async def test_names_the_lots_the_credits_were_taken_from(desk: Desk) -> None:
    account_id, soon = new_id(), now() + timedelta(days=1)
    await desk.grant(account_id, 5)
    await desk.database.transact(post_grants, [Grant(account_id, 3, "promotion", str(new_id()), "", soon)])
    job_id = await desk.hold(account_id, 7)

    lots = (await desk.job(account_id, job_id))["lots"]

    assert [(lot["source"], lot["amount"]) for lot in lots] == [("promotion", 3), ("purchase", 4)]
    assert all(lot["id"].startswith("lot_") for lot in lots)


async def test_credits_that_expired_while_they_were_held_are_told_apart(desk: Desk) -> None:
    account_id = new_id()
    await desk.grant(account_id, 3, lasts=timedelta(milliseconds=300))
    await desk.grant(account_id, 4)
    job_id = await desk.hold(account_id, 5)
    await asyncio.sleep(0.35)
    await desk.settle(account_id, job_id, 0, "failed")

    ledger = await desk.job(account_id, job_id)

    assert adds_up(ledger) == {"held": 5, "captured": 0, "returned": 2, "expired": 3, "open": 0}


async def test_debt_that_was_paid_from_what_came_back_is_told(desk: Desk) -> None:
    account_id = new_id()
    reference = await desk.grant(account_id, 6)
    job_id = await desk.hold(account_id, 6)
    await desk.reverse(reference, 50)
    assert (await desk.job(account_id, job_id))["repayment"] is None
    await desk.settle(account_id, job_id, 0, "failed")

    ledger = await desk.job(account_id, job_id)

    assert adds_up(ledger)["returned"] == 6
    assert ledger["repayment"]["amount"] == 3
    assert await desk.balances(account_id) == {"available": 3, "held": 0, "debt": 0}


async def test_somebody_else_s_job_is_not_there(desk: Desk) -> None:
    owner, other = new_id(), new_id()
    await desk.grant(owner, 6)
    job_id = await desk.hold(owner, 6)

    for job in (to_text("job", job_id), to_text("job", new_id()), to_text("acc", job_id), "job_x", "%00"):
        answer = await desk.ask(other, f"/v1/credits/jobs/{job}")
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert (await desk.job(owner, job_id))["job_id"] == to_text("job", job_id)
