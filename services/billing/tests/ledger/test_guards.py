"""What the database refuses by itself, and what the audit finds when somebody got around it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from billing.ledger.audit import audit
from billing.ledger.holds import place_holds
from billing.ledger.settlements import Settlement, settle
from common.bus.handlers import Received
from common.db.database import Database
from common.db.migrate import check, upgrade
from common.db.unit_of_work import UnitOfWork
from common.events.jobs import JobSubmitted
from common.ids import new_id

GiveCredits = Callable[..., Awaitable[UUID]]
Submit = Callable[..., Received[JobSubmitted]]


class Planted(Exception):
    """Rolls back."""


@asynccontextmanager
async def undone(database: Database) -> AsyncIterator[UnitOfWork]:
    """A transaction that leaves nothing behind."""
    try:
        async with database.unit_of_work() as uow:
            yield uow
            raise Planted
    except Planted:
        pass


@pytest.fixture
async def ids(database: Database, account_with: GiveCredits, submitted: Submit) -> dict[str, UUID]:
    """An account with 20 credits, a charged job of 5 and an open hold of 6."""
    account_id = await account_with(20)
    charged, opened = submitted(account_id, 5), submitted(account_id, 6)

    async def use_case(uow: UnitOfWork) -> None:
        await place_holds([charged, opened], uow)

    await database.transact(use_case)
    await database.transact(settle, [Settlement(account_id, charged.event.job.job_id, 5, "completed", None)])
    names = {"account": account_id, "charged": charged.event.job.job_id, "opened": opened.event.job.job_id}
    async with database.unit_of_work() as uow:
        row = await uow.first(
            "SELECT (SELECT lot_id FROM lots WHERE account_id = :account) AS lot,"
            " (SELECT hold_id FROM holds WHERE job_id = :opened) AS hold,"
            " (SELECT transfer_id FROM transfers WHERE job_id = :charged AND kind = 'capture') AS capture",
            names,
        )
    assert row is not None
    return {**names, "lot": row.lot, "hold": row.hold, "capture": row.capture, "fresh": new_id()}


_TRANSFER = "INSERT INTO transfers (transfer_id, kind, reference, account_id, job_id, memo, occurred_at) VALUES "


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE balances SET available_credits = -1 WHERE account_id = :account", "available_not_negative"),
        ("UPDATE balances SET held_credits = -1 WHERE account_id = :account", "held_not_negative"),
        ("UPDATE balances SET debt_credits = -1 WHERE account_id = :account", "debt_not_negative"),
        ("UPDATE lots SET remaining_credits = -1 WHERE lot_id = :lot", "remaining_in_range"),
        ("UPDATE lots SET remaining_credits = 21 WHERE lot_id = :lot", "remaining_in_range"),
        ("UPDATE holds SET captured_credits = 7 WHERE hold_id = :hold", "captured_in_range"),
        ("UPDATE holds SET state = 'captured' WHERE hold_id = :hold", "ck_holds_settled"),
        ("UPDATE holds SET state = 'lost' WHERE hold_id = :hold", "ck_holds_"),
        (
            "INSERT INTO holds (hold_id, job_id, account_id, amount_credits, state, expires_at)"
            " VALUES (:fresh, :opened, :account, 1, 'held', now())",
            "uq_holds_job_id",
        ),
        (_TRANSFER + "(:fresh, 'release', 'other', :account, :charged, '', now())", "uq_transfers_settlement"),
        (
            "INSERT INTO transfers SELECT CAST(:fresh AS uuid), kind, reference, account_id, NULL, '', now()"
            " FROM transfers WHERE job_id = :opened",
            "uq_transfers_kind_reference",
        ),
        (_TRANSFER + "(:fresh, 'gift', 'r', :account, NULL, '', now())", "ck_transfers_kind"),
        (
            "INSERT INTO lots (lot_id, account_id, source, reference, granted_credits, remaining_credits)"
            " SELECT :fresh, account_id, source, reference, 1, 1 FROM lots WHERE lot_id = :lot",
            "uq_lots_source_reference",
        ),
        ("UPDATE transfers SET memo = 'x' WHERE transfer_id = :capture", "transfers is append-only"),
        ("DELETE FROM transfers WHERE transfer_id = :capture", "transfers is append-only"),
        ("UPDATE entries SET line = 9 WHERE transfer_id = :capture", "entries is append-only"),
        ("DELETE FROM entries WHERE transfer_id = :capture", "entries is append-only"),
        ("TRUNCATE entries", "entries is append-only"),
        ("TRUNCATE transfers CASCADE", "append-only"),
        ("INSERT INTO entries VALUES (:capture, 9, 'revenue', NULL, 1)", "does not sum to zero"),
        ("INSERT INTO entries VALUES (:capture, 9, 'revenue', NULL, 0)", "amount_not_zero"),
        ("INSERT INTO entries VALUES (:capture, 9, 'revenue', :account, 1)", "customer_books"),
        ("INSERT INTO entries VALUES (:capture, 9, 'held', NULL, 1)", "customer_books"),
        ("INSERT INTO entries VALUES (:capture, 9, 'pocket', NULL, 1)", "ck_entries_book"),
    ],
)
async def test_the_database_refuses(database: Database, ids: dict[str, UUID], statement: str, constraint: str):
    used = {name: value for name, value in ids.items() if f":{name}" in statement}
    with pytest.raises(DBAPIError, match=constraint):
        async with database.unit_of_work() as uow:
            await uow.execute(statement, used)


async def test_lines_must_balance_within_their_statement(database: Database, ids: dict[str, UUID]):
    lines = "INSERT INTO entries VALUES (:capture, 8, 'revenue', NULL, 1), (:capture, 9, 'goodwill', NULL, {})"
    async with undone(database) as uow:
        await uow.execute(lines.format(-1), {"capture": ids["capture"]})
    with pytest.raises(IntegrityError, match="does not sum to zero"):
        async with database.unit_of_work() as uow:
            await uow.execute(lines.format(-2), {"capture": ids["capture"]})


_UNGUARDED = (
    "ALTER TABLE transfers DISABLE TRIGGER USER",
    "ALTER TABLE entries DISABLE TRIGGER USER",
    "ALTER TABLE entries DROP CONSTRAINT fk_entries_transfer_id_transfers",
    "DROP INDEX uq_transfers_settlement",
)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (
            "UPDATE entries SET amount_credits = amount_credits + 1 WHERE transfer_id = :capture AND book = 'revenue'",
            {"transfer_sums_to_zero", "ledger_sums_to_zero", "captured_is_revenue"},
        ),
        (
            "DELETE FROM entries WHERE transfer_id = :capture",
            {"transfer_has_entries", "balance_is_sum_of_entries", "captured_is_revenue"},
        ),
        (
            "UPDATE balances SET available_credits = available_credits + 1 WHERE account_id = :account",
            {"balance_is_sum_of_entries", "available_is_sum_of_lots"},
        ),
        (
            "UPDATE balances SET held_credits = held_credits + 1 WHERE account_id = :account",
            {"balance_is_sum_of_entries", "held_is_sum_of_open_holds"},
        ),
        (
            "UPDATE balances SET debt_credits = 1 WHERE account_id = :account",
            {"balance_is_sum_of_entries"},
        ),
        ("UPDATE balances SET version = version + 1 WHERE account_id = :account", {"version_counts_transfers"}),
        (
            "UPDATE lots SET remaining_credits = remaining_credits - 1 WHERE lot_id = :lot",
            {"available_is_sum_of_lots"},
        ),
        ("UPDATE lots SET reference = 'forged' WHERE lot_id = :lot", {"lot_has_one_grant"}),
        (
            "UPDATE hold_lots SET amount_credits = amount_credits + 1 WHERE hold_id = :hold",
            {"hold_is_sum_of_its_lots"},
        ),
        (
            "UPDATE holds SET state = 'released', settled_at = now() WHERE hold_id = :hold",
            {"held_is_sum_of_open_holds", "settled_hold_has_one_settlement"},
        ),
        (
            "UPDATE holds SET state = 'held', settled_at = NULL, captured_credits = 0 WHERE job_id = :charged",
            {"held_is_sum_of_open_holds", "settled_hold_has_one_settlement", "captured_is_revenue"},
        ),
        ("UPDATE holds SET captured_credits = 4 WHERE job_id = :charged", {"captured_is_revenue"}),
        (
            "UPDATE holds SET expires_at = now() - interval '11 minutes' WHERE hold_id = :hold",
            {"no_hold_outlives_its_expiry"},
        ),
        (
            "DELETE FROM transfers WHERE transfer_id = :capture",
            {"version_counts_transfers", "settled_hold_has_one_settlement"},
        ),
    ],
)
async def test_the_audit_finds(database: Database, ids: dict[str, UUID], statement: str, found: set[str]):
    used = {name: value for name, value in ids.items() if f":{name}" in statement}
    async with undone(database) as uow:
        for unguard in _UNGUARDED:
            await uow.execute(unguard)
        await uow.execute(statement, used)
        rows = await uow.rows("SELECT invariant, subject, detail FROM ledger_audit()")
        assert found <= {row.invariant for row in rows}
        assert all(row.subject and row.detail for row in rows)
    assert await audit(database) == []


async def test_the_audit_says_which_account_is_wrong(database: Database, ids: dict[str, UUID]):
    async with undone(database) as uow:
        await uow.execute(
            "UPDATE balances SET version = version + 3 WHERE account_id = :account", {"account": ids["account"]}
        )
        [row] = await uow.rows("SELECT * FROM ledger_audit()")
        assert row.subject == str(ids["account"])


async def test_the_history_of_migrations_makes_the_tables_the_code_describes(databases: Any):
    url = await databases.migrated("billing")
    await asyncio.to_thread(check, "billing", url)
    await asyncio.to_thread(upgrade, "billing", url)  # a second run finds nothing to do
