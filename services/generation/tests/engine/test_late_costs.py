"""What was bought and not waited for is asked after, and its cost booked once, with the outcome or beside it."""

from typing import Any
from uuid import UUID

import pytest

from common.db.database import Database
from common.events.runs import RunCancelled, RunCostSettled
from common.ids import new_id
from generation.engine import late_costs as module
from generation.engine.late_costs import LateCostBooking
from generation.providers.errors import Unavailable
from generation.providers.ports import IMAGE_MAKE
from generation.runs.outcome import cancel
from generation.runs.recovery import recover_lapsed, request_cancel

from ..stage import change, claimed, rows, said


class Vendor:
    """Answers from a script; its last answer repeats."""

    def __init__(self, *answers: int | Exception | None) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[str, str, str]] = []

    async def cost_microusd(self, capability: str, model: str, external_id: str) -> int | None:
        self.asked.append((capability, model, external_id))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


async def buy(database: Database, run: Any, outcome: str | None, external_id: str | None = "p1") -> UUID:
    """A purchase of half an hour ago."""
    attempt_id = new_id()
    async with database.unit_of_work() as uow:
        await uow.execute(
            "INSERT INTO attempts (attempt_id, job_id, step, capability, provider, model, external_id, outcome,"
            " started_at, finished_at) VALUES (:id, :job_id, 's', :capability, 'replicate', 'm', :external, :outcome,"
            " now() - interval '30 minutes', CASE WHEN CAST(:outcome AS text) IS NOT NULL THEN now() END)",
            {
                "id": attempt_id,
                "job_id": run.job_id,
                "capability": IMAGE_MAKE,
                "external": external_id,
                "outcome": outcome,
            },
        )
    return attempt_id


async def test_a_cost_found_after_the_outcome_is_said_once(database: Database) -> None:
    run = await claimed(database)
    attempt_id = await buy(database, run, "cancelled")
    await database.transact(cancel, run)
    vendor = Vendor(Unavailable("away", provider="replicate", model="m"), None, 700)
    booking = LateCostBooking(database, {"replicate": vendor})

    for _ in range(4):
        await booking.turn()

    assert vendor.asked == [(IMAGE_MAKE, "m", "p1")] * 3
    outcome, found = await said(database, run.job_id)
    assert isinstance(outcome, RunCancelled)
    assert isinstance(found, RunCostSettled)
    assert (found.attempt_id, found.cost_microusd, found.account_id) == (attempt_id, 700, run.account_id)


async def test_a_cost_found_before_the_outcome_goes_with_it(database: Database) -> None:
    run = await claimed(database)
    await buy(database, run, "timeout")
    await LateCostBooking(database, {"replicate": Vendor(700)}).turn()

    await database.transact(cancel, run)

    (outcome,) = await said(database, run.job_id)
    assert isinstance(outcome, RunCancelled)
    assert [(attempt.outcome, attempt.cost_microusd) for attempt in outcome.attempts] == [("timeout", 700)]


async def test_what_a_dead_worker_left_open_of_a_cancelled_run_is_closed(database: Database) -> None:
    run = await claimed(database)
    await buy(database, run, None)
    vendor = Vendor(700)
    booking = LateCostBooking(database, {"replicate": vendor})
    await booking.turn()
    assert vendor.asked == [], "while the run goes on, its next worker adopts the purchase"

    await database.transact(request_cancel, run.account_id, run.job_id)
    await change(database, run.job_id, "lease_until = now() - interval '1 second'")
    await database.transact(recover_lapsed)
    await booking.turn()

    (row,) = await rows(database, "SELECT outcome, cost_microusd, finished_at FROM attempts")
    assert (row.outcome, row.cost_microusd, row.finished_at is not None) == ("abandoned", 700, True)


async def test_asks_later_and_later_and_not_for_ever_and_not_for_what_has_no_id(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await claimed(database)
    await buy(database, run, "timeout")
    await buy(database, run, "timeout", external_id=None)
    vendor = Vendor(None)
    booking = LateCostBooking(database, {"replicate": vendor})
    for _ in range(12):
        await booking.turn()
    assert len(vendor.asked) == module.CHECKS_MAX

    monkeypatch.setattr(module, "FIRST_CHECK_SECONDS", 3600.0)
    async with database.unit_of_work() as uow:
        await uow.execute("UPDATE attempts SET late_checks = 0")
    await booking.turn()
    assert len(vendor.asked) == module.CHECKS_MAX, "it was bought only just now"
