"""What providers cost is booked once for each job; what nobody was charged for shows as goodwill."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from billing.costs import handlers as cost_handlers
from billing.ledger import handlers as ledger_handlers
from billing.ledger.grants import Grant, post_grants
from billing.ledger.holds import HOLD_MARGIN
from common.bus.handlers import Handlers, Received
from common.clock import now
from common.db.database import Database
from common.events.jobs import JobSpec, JobSubmitted
from common.events.runs import AttemptSummary, RunCancelled, RunCompleted, RunCostSettled, RunFailed
from common.ids import new_id

ATTEMPTS = (
    AttemptSummary(
        step="image", provider="openai", model="m", outcome="failed", duration_seconds=1, cost_microusd=40_000
    ),
    AttemptSummary(
        step="image", provider="replicate", model="m", outcome="ok", duration_seconds=2, cost_microusd=3_000
    ),
    AttemptSummary(step="store", provider="cloudinary", model="m", outcome="ok", duration_seconds=1),
)
COST = 43_000


@pytest.fixture
def handlers() -> Handlers:
    """Billing's handlers of outcomes, as its bootstrap puts them together."""
    made = Handlers()
    ledger_handlers.register(made, 0)
    cost_handlers.register(made)
    return made


async def deliver(database: Database, handlers: Handlers, *events: Any) -> None:
    """A batch of one type, or of types that share a handler."""
    batch = handlers.batch(type(events[0]))
    assert batch is not None
    async with database.unit_of_work() as uow:
        await batch([Received(event, None) for event in events], uow)


async def submitted(database: Database, handlers: Handlers, price: int = 5) -> tuple[UUID, UUID]:
    """An account and its job, for which credits are held."""
    account_id, job_id = new_id(), new_id()
    await database.transact(post_grants, [Grant(account_id, 20, "promotion", str(new_id()), "for a test")])
    job = JobSpec(
        job_id=job_id, kind="upscale", job_class="image", price_credits=price, input={}, deadline_at=now() + HOLD_MARGIN
    )
    await deliver(database, handlers, JobSubmitted(account_id=account_id, job=job))
    return account_id, job_id


def failed(account_id: UUID, job_id: UUID, attempts: Sequence[AttemptSummary] = ATTEMPTS) -> RunFailed:
    about = {"account_id": account_id, "job_id": job_id, "kind": "upscale", "finished_at": now()}
    return RunFailed(**about, code="PROVIDER_FAILED", detail="It broke.", attempts=tuple(attempts))


def completed(account_id: UUID, job_id: UUID, charge: int = 5) -> RunCompleted:
    about = {"account_id": account_id, "job_id": job_id, "kind": "upscale", "finished_at": now(), "started_at": now()}
    return RunCompleted(**about, charge_credits=charge, result={}, attempts=ATTEMPTS)


def cancelled(account_id: UUID, job_id: UUID, charge: int = 0) -> RunCancelled:
    about = {"account_id": account_id, "job_id": job_id, "kind": "upscale", "finished_at": now()}
    return RunCancelled(**about, charge_credits=charge, attempts=ATTEMPTS)


async def costs(database: Database, job_id: UUID) -> tuple[int, int]:
    """Charged and uncharged, in micro-dollars."""
    async with database.autocommit() as connection:
        query = text("SELECT charged_microusd, uncharged_microusd FROM job_costs WHERE job_id = :job_id")
        row = (await connection.execute(query, {"job_id": job_id})).one()
    return int(row[0]), int(row[1])


async def goodwill(database: Database) -> int:
    async with database.autocommit() as connection:
        return int(
            (await connection.execute(text("SELECT coalesce(sum(uncharged_microusd), 0) FROM goodwill"))).scalar_one()
        )


async def test_a_failed_job_is_goodwill_with_all_its_attempts(database: Database, handlers: Handlers) -> None:
    account_id, job_id = await submitted(database, handlers)
    await deliver(database, handlers, failed(account_id, job_id))
    assert await costs(database, job_id) == (0, COST)
    assert await goodwill(database) == COST


@pytest.mark.parametrize(("charge", "expected"), [(5, (COST, 0)), (0, (0, COST))])
async def test_a_cancelled_job_is_goodwill_unless_parts_were_charged(
    database: Database, handlers: Handlers, charge: int, expected: tuple[int, int]
) -> None:
    account_id, job_id = await submitted(database, handlers)
    await deliver(database, handlers, cancelled(account_id, job_id, charge))
    assert await costs(database, job_id) == expected


@pytest.mark.parametrize(("charge", "expected"), [(5, (COST + 9, 0)), (0, (0, COST + 9))])
async def test_a_cost_found_later_is_booked_once_whenever_it_comes(
    database: Database, handlers: Handlers, charge: int, expected: tuple[int, int]
) -> None:
    account_id, job_id = await submitted(database, handlers)
    about = {"account_id": account_id, "job_id": job_id, "kind": "upscale"}
    found = [
        RunCostSettled(**about, attempt_id=new_id(), provider="replicate", model="m", cost_microusd=cost)
        for cost in (4, 5)
    ]
    await deliver(database, handlers, found[0])
    await deliver(database, handlers, cancelled(account_id, job_id, charge))
    await deliver(database, handlers, *found)
    assert await costs(database, job_id) == expected


async def test_a_charged_job_is_no_goodwill(database: Database, handlers: Handlers) -> None:
    account_id, job_id = await submitted(database, handlers)
    await deliver(database, handlers, completed(account_id, job_id))
    assert await costs(database, job_id) == (COST, 0)
    assert await goodwill(database) == 0


async def test_work_that_costs_nothing_is_goodwill_where_it_cost_us(database: Database, handlers: Handlers) -> None:
    account_id, job_id = await submitted(database, handlers, price=0)
    await deliver(database, handlers, completed(account_id, job_id, charge=0))
    assert await goodwill(database) == COST


async def test_an_outcome_told_again_is_booked_once(database: Database, handlers: Handlers) -> None:
    account_id, job_id = await submitted(database, handlers)
    event = failed(account_id, job_id)
    await deliver(database, handlers, event, event)
    await deliver(database, handlers, event, failed(account_id, job_id, ATTEMPTS[:1]))
    assert await goodwill(database) == COST


async def test_a_job_that_asked_no_provider_has_no_cost(database: Database, handlers: Handlers) -> None:
    account_id, job_id = await submitted(database, handlers)
    await deliver(database, handlers, failed(account_id, job_id, ()))
    assert await goodwill(database) == 0


async def test_the_ledger_settles_the_same_outcome(database: Database, handlers: Handlers) -> None:
    account_id, job_id = await submitted(database, handlers)
    await deliver(database, handlers, failed(account_id, job_id), completed(*await submitted(database, handlers)))
    async with database.autocommit() as connection:
        states = (await connection.execute(text("SELECT state FROM holds ORDER BY state"))).scalars().all()
    assert states == ["captured", "released"]


async def test_costs_cannot_be_changed(database: Database, handlers: Handlers) -> None:
    account_id, job_id = await submitted(database, handlers)
    await deliver(database, handlers, failed(account_id, job_id))
    for statement in ("UPDATE provider_costs SET cost_microusd = 0", "DELETE FROM provider_costs"):
        with pytest.raises(DBAPIError, match="append-only"):
            async with database.unit_of_work() as uow:
                await uow.execute(statement)


def test_outcomes_stay_one_piece_of_a_batch(handlers: Handlers) -> None:
    assert handlers.of(RunFailed) is handlers.of(RunCompleted) is handlers.of(RunCancelled)
    assert handlers.of(RunFailed) is not None
