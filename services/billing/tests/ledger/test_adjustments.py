"""Credits given and taken by hand: once, with a reason, never into debt, and the books stay whole."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError

from billing.adjustments.command import main
from billing.adjustments.making import Adjusted, Adjustment, AdjustmentRefused, adjust
from billing.ledger.views import credits_of
from billing.statements.storage import transactions
from common.clock import now
from common.db.database import Database
from common.ids import new_id, to_text

GiveCredits = Callable[..., Awaitable[UUID]]
WHY = "sorry for the long wait"


async def made(database: Database, account_id: UUID, credits: int, **changes: object) -> Adjusted:
    wish = Adjustment(**{"adjustment_id": new_id(), "account_id": account_id, "credits": credits, "reason": WHY,
                         "made_by": "Ada", **changes})  # type: ignore[arg-type]  # fmt: skip
    return await database.transact(adjust, wish)


async def test_gives_and_takes_once_and_the_customer_reads_why(database: Database, account_with: GiveCredits) -> None:
    account_id, given, taken = await account_with(5), new_id(), new_id()
    for _ in range(2):
        await made(database, account_id, 20, adjustment_id=given, expires_at=now() + timedelta(days=9))
        await made(database, account_id, -22, adjustment_id=taken, reason="given by mistake")
    view = await credits_of(database, account_id)
    assert (view.available, view.debt) == (3, 0)
    told = await transactions(database, account_id, before=None, kind=None, limit=9)
    assert [(each.kind, each.memo, each.change.available) for each in told[:2]] == [
        ("clawback", "given by mistake", -22), ("grant", WHY, 20),
    ]  # fmt: skip
    assert "Ada" not in str(told)
    async with database.unit_of_work() as uow:
        rows = await uow.rows(
            "SELECT book, sum(amount_credits) AS n FROM entries JOIN transfers USING (transfer_id)"
            " WHERE transfers.account_id = :id AND entries.account_id IS NULL GROUP BY book",
            {"id": account_id},
        )
    assert {row.book: row.n for row in rows} == {"promotions": -5, "adjustments": 2}


async def test_what_cannot_be_is_refused_and_changes_nothing(database: Database, account_with: GiveCredits) -> None:
    account_id, known = await account_with(5), new_id()
    await made(database, account_id, 1, adjustment_id=known)
    for credits, changes in (
        (-7, {}), (0, {}), (10**10, {}), (1, {"reason": "  x "}), (1, {"reason": "x" * 201}), (1, {"made_by": " "}),
        (-1, {"expires_at": now()}), (2, {"adjustment_id": known}),
    ):  # fmt: skip
        with pytest.raises(AdjustmentRefused):
            await made(database, account_id, credits, **changes)
    assert (await credits_of(database, account_id)).available == 6
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.unit_of_work() as uow:
            await uow.execute("UPDATE adjustments SET reason = 'another'")


async def test_twenty_hands_with_one_adjustment_make_it_once(database: Database, account_with: GiveCredits) -> None:
    account_id, adjustment_id = await account_with(100), new_id()
    done = await asyncio.gather(
        *(made(database, account_id, -10, adjustment_id=adjustment_id) for _ in range(20)),
        *(made(database, account_id, -30) for _ in range(3)),
    )
    assert sum(each.fresh for each in done[:20]) == 1
    assert (await credits_of(database, account_id)).available == 0


async def test_the_command_says_what_it_did_and_refuses_in_words(
    database: Database,
    account_with: GiveCredits,
    _database_url: str,  # noqa: PT019 - its value is needed
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in {
        "BILLING_DATABASE_URL": _database_url, "REDIS_URL": "redis://127.0.0.1:1/0", "STRIPE_API_KEY": "sk_test_x",
        "STRIPE_WEBHOOK_SECRETS": "whsec_x",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    account = to_text("acc", await account_with(5))
    by = ["--by", "Ada", "--why", WHY]

    assert await asyncio.to_thread(main, [account, "7", *by]) == 0
    adjustment, said = (line for line in capsys.readouterr().out.splitlines() if not line.startswith("{"))
    assert (adjustment[:4], said) == ("adj_", "done: 12 credits available, 0 owed")
    assert await asyncio.to_thread(main, [account, "7", *by, "--id", adjustment]) == 0
    assert "was done before: 12 credits" in capsys.readouterr().out
    assert await asyncio.to_thread(main, [account, "-13", *by]) == 2
    assert "has 12 credits available" in capsys.readouterr().err
    assert await asyncio.to_thread(main, ["acc_nobody", "1", *by]) == 2
