"""What looks at single rows finds what sums do not: two rows that are wrong by the same amount."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from billing.ledger.grants import Grant, post_grants
from billing.ledger.reversals import follow_reversal
from billing.ledger.settlements import Settlement, settle
from common.bus.handlers import Received
from common.db.database import Database
from common.events.jobs import JobSubmitted
from common.ids import new_id

from .contention import holding_under_locks
from .invariants import INVARIANTS, findings

_UNGUARDED = (
    "ALTER TABLE transfers DISABLE TRIGGER USER",
    "ALTER TABLE entries DISABLE TRIGGER USER",
)
FAULTS = {
    "lot_is_as_large_as_its_grant": [
        "UPDATE lots SET granted_credits = granted_credits + 1 WHERE account_id = :account",
    ],
    "grant_has_one_lot": [
        "INSERT INTO transfers SELECT CAST(:fresh AS uuid), 'grant', 'adjustment:nothing', account_id, NULL, '', now()"
        " FROM transfers WHERE transfer_id = :capture",
    ],
    "balances_after_form_a_chain": [
        "UPDATE entries SET balance_after_credits = balance_after_credits + 1"
        " WHERE book = 'available' AND transfer_id = :capture",
    ],
    "no_balance_was_ever_negative": [
        "UPDATE entries SET balance_after_credits = -1 WHERE book = 'held' AND transfer_id = :capture",
    ],
    "entry_is_of_its_transfers_account": [
        "UPDATE entries SET account_id = :other WHERE book = 'held' AND transfer_id = :capture",
    ],
    "hold_is_what_was_posted": [
        "UPDATE holds SET captured_credits = captured_credits + 1 WHERE account_id = :account",
        "UPDATE holds SET captured_credits = captured_credits - 1 WHERE account_id = :other",
    ],
    "reversal_is_what_was_posted": [
        "UPDATE payment_reversals SET taken_back_credits = taken_back_credits + 1 WHERE account_id = :account",
    ],
}

Live = Callable[[], Awaitable[UUID]]
Bend = Callable[[list[str]], Awaitable[tuple[set[str], set[str]]]]


class Planted(Exception):
    """Rolls back."""


@pytest.fixture
def live(database: Database, submitted: Callable[..., Received[JobSubmitted]]) -> Live:
    """Makes an account that bought 50, was charged 4 of 6 held, and had 10 refunded."""

    async def make() -> UUID:
        account_id, reference = new_id(), f"stripe:pi_{new_id().hex}:credits"
        await database.transact(post_grants, [Grant(account_id, 50, "purchase", reference, "")])
        job = submitted(account_id, 6)
        await holding_under_locks([job])(database)
        await database.transact(settle, [Settlement(account_id, job.event.job.job_id, 4, "completed", None)])
        reversal: dict[str, Any] = {"paid_minor": 50, "reversed_minor": 10, "reinstated_minor": 0, "memo": ""}
        await database.transact(follow_reversal, reference, **reversal)
        return account_id

    return make


@pytest.fixture
def bend(database: Database, live: Live) -> Bend:
    """Breaks the ledger by statements, answers what the rows and what the sums show, and leaves nothing behind."""

    async def found_after(statements: list[str]) -> tuple[set[str], set[str]]:
        names = {"account": await live(), "other": await live(), "fresh": new_id()}
        found: tuple[set[str], set[str]] = set(), set()
        try:
            async with database.unit_of_work() as uow:
                which = "SELECT transfer_id FROM transfers WHERE kind = 'capture' AND account_id = :account"
                row = await uow.first(which, {"account": names["account"]})
                assert row is not None
                names["capture"] = row.transfer_id
                for unguard in _UNGUARDED:
                    await uow.execute(unguard)
                for statement in statements:
                    await uow.execute(statement, {name: names[name] for name in names if f":{name}" in statement})
                by_sums = await uow.rows("SELECT invariant FROM ledger_audit()")
                found = {one.invariant for one in await findings(uow)}, {one.invariant for one in by_sums}
                raise Planted
        except Planted:
            return found

    return found_after


@pytest.mark.parametrize("invariant", INVARIANTS)
async def test_a_fault_in_one_row_is_found(bend: Bend, invariant: str) -> None:
    by_rows, _ = await bend(FAULTS[invariant])
    assert invariant in by_rows


@pytest.mark.parametrize("invariant", ["hold_is_what_was_posted", "balances_after_form_a_chain"])
async def test_what_leaves_all_sums_right_is_seen_by_the_audit_too(bend: Bend, invariant: str) -> None:
    """Charges swapped between two jobs, for example."""
    assert await bend(FAULTS[invariant]) == ({invariant}, {invariant})


async def test_nothing_is_found_in_a_sound_ledger(bend: Bend) -> None:
    assert await bend([]) == (set(), set())
