"""A statement is complete, in order, and adds up to the balances, whatever is posted while it is read."""

import asyncio
from datetime import datetime

import pytest
from sqlalchemy import text

from billing.statements.rules import KINDS
from common.ids import new_id, to_text

from .story import BOOKS, Desk, total


@pytest.mark.parametrize("seed", range(8))
async def test_changes_of_all_pages_add_up_to_the_balances(desk: Desk, seed: int) -> None:
    account_id = new_id()
    await desk.grant(account_id, 20)
    await desk.live(account_id, seed, steps=60)

    items = await desk.walk(account_id, limit=1 + seed)

    assert len(items) > 20
    assert total(items) == await desk.balances(account_id)
    assert items[0]["balance_after"] == await desk.balances(account_id)
    older = [*(item["balance_after"] for item in items[1:]), dict.fromkeys(BOOKS, 0)]
    for item, before in zip(items, older, strict=True):
        assert item["balance_after"] == {book: before[book] + item["change"][book] for book in BOOKS}
    ids = [item["id"] for item in items]
    assert ids == sorted(set(ids), reverse=True)


async def test_a_life_has_transfers_of_every_kind(desk: Desk) -> None:
    """Else the property above would prove less than it says."""
    account_id = new_id()
    reference = await desk.grant(account_id, 10)
    cancelled = await desk.hold(account_id, 10)
    await desk.reverse(reference, 50)
    await desk.settle(account_id, cancelled, 0, "cancelled")
    await desk.settle(account_id, await desk.hold(account_id, 5), 5, "completed")
    for seed in range(3):
        await desk.live(account_id, seed, steps=40)

    items = await desk.walk(account_id, limit=100)

    assert {item["kind"] for item in items} == set(KINDS)
    assert total(items) == await desk.balances(account_id)
    for kind in KINDS:
        filtered = await desk.walk(account_id, limit=2, query=f"&kind={kind}")
        assert filtered == [item for item in items if item["kind"] == kind]


async def test_the_ledger_knows_no_other_kinds(desk: Desk) -> None:
    async with desk.database.autocommit() as connection:
        found = await connection.execute(
            text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'ck_transfers_kind'")
        )
        definition = found.scalar_one()
    assert set(definition.split("'")[1::2]) == set(KINDS)


async def test_says_what_moved_and_what_was_left(desk: Desk) -> None:
    account_id = new_id()
    reference = await desk.grant(account_id, 8, memo="pack of 8")
    job_id = await desk.hold(account_id, 5)
    await desk.settle(account_id, job_id, 3, "completed")
    await desk.reverse(reference, 100)

    clawback, capture, hold, grant = (await desk.page(account_id, "limit=10"))["items"]

    assert (grant["kind"], grant["job_id"], grant["memo"]) == ("grant", None, "pack of 8")
    assert grant["change"] == {"available": 8, "held": 0, "debt": 0}
    assert hold["change"] == {"available": -5, "held": 5, "debt": 0}
    assert hold["balance_after"] == {"available": 3, "held": 5, "debt": 0}
    assert hold["job_id"] == capture["job_id"] == to_text("job", job_id)
    assert capture["change"] == {"available": 2, "held": -5, "debt": 0}
    assert capture["balance_after"] == {"available": 5, "held": 0, "debt": 0}
    assert clawback["change"] == {"available": -5, "held": 0, "debt": 3}
    assert clawback["balance_after"] == {"available": 0, "held": 0, "debt": 3}
    assert all(item["id"].startswith("txn_") for item in (clawback, capture, hold, grant))
    assert datetime.fromisoformat(grant["occurred_at"]).tzinfo is not None


async def test_pages_have_no_gaps_and_no_repeats_while_others_post(desk: Desk) -> None:
    account_id = new_id()
    await desk.grant(account_id, 1000)
    for _ in range(10):
        await desk.hold(account_id, 1)
    running = True

    async def write() -> None:
        while running:
            job_id = await desk.hold(account_id, 1)
            await desk.settle(account_id, job_id, 1, "completed")

    async def walk() -> list[str]:
        return [item["id"] for item in await desk.walk(account_id, limit=3)]

    writers = [asyncio.create_task(write()) for _ in range(4)]
    walks = [await walk() for _ in range(4)]
    running = False
    await asyncio.gather(*writers)

    everything = [item["id"] for item in await desk.walk(account_id, limit=100)]
    assert len(everything) > len(walks[0])
    for seen in walks:
        assert seen == [found for found in everything if found <= seen[0]]


async def test_one_sees_only_one_s_own(desk: Desk) -> None:
    owner, other = new_id(), new_id()
    await desk.grant(owner, 5)
    own = (await desk.page(owner, ""))["items"]

    assert await desk.page(other, "") == {"items": [], "next_cursor": None}
    assert await desk.page(other, f"cursor={to_text('txn', new_id())}") == {"items": [], "next_cursor": None}
    assert len(own) == 1


async def test_the_last_page_has_no_cursor(desk: Desk) -> None:
    account_id = new_id()
    for _ in range(4):
        await desk.grant(account_id, 1)

    page = await desk.page(account_id, "limit=4")
    assert page["next_cursor"] is None
    first = await desk.page(account_id, "limit=2")
    assert first["next_cursor"] == first["items"][-1]["id"]
    second = await desk.page(account_id, f"limit=2&cursor={first['next_cursor']}")
    assert first["items"] + second["items"] == page["items"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("cursor=nonsense", "/query/cursor"),
        ("cursor=" + to_text("job", new_id()), "/query/cursor"),
        ("cursor=", "/query/cursor"),
        ("limit=0", "/query/limit"),
        ("limit=101", "/query/limit"),
        ("kind=gift", "/query/kind"),
        ("format=pdf", "/query/format"),
    ],
)
async def test_names_the_query_parameter_that_cannot_be(desk: Desk, query: str, pointer: str) -> None:
    answer = await desk.ask(new_id(), f"/v1/credits/transactions?{query}")

    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_strangers_are_refused(desk: Desk) -> None:
    for path in ("/v1/credits/transactions", f"/v1/credits/jobs/{to_text('job', new_id())}"):
        assert (await desk.http.get(path)).status_code == 401
