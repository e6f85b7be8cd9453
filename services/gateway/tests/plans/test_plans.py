"""Plans are data: read at start, read again in a moment, and held while the database is away."""

import asyncio

import pytest

from common.db.database import Database
from gateway.plans import limits as module
from gateway.plans.limits import PlanLimits, Plans

FREE = PlanLimits("free", 5, 10, 2, 1)


async def test_starts_with_the_three_plans_of_the_product(database: Database) -> None:
    plans = Plans(database)
    await plans.load()

    assert plans.limits("free") == FREE
    assert plans.limits("pro") == PlanLimits("pro", 10, 100, 10, 4)
    assert plans.limits("enterprise") == PlanLimits("enterprise", 60, 1000, 50, 16)


async def test_a_plan_that_is_gone_permits_what_free_does(database: Database) -> None:
    plans = Plans(database)
    await plans.load()

    assert plans.limits("founder") == FREE


async def test_a_change_is_in_force_without_a_deploy(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REFRESH_SECONDS", 0.02)
    plans = Plans(database)
    await plans.load()
    running = asyncio.create_task(plans.run())
    sql = "UPDATE plans SET submissions_per_minute = :number WHERE plan = 'pro'"
    try:
        async with database.unit_of_work() as uow:
            await uow.execute(sql, {"number": 77})
        async with asyncio.timeout(5):
            while plans.limits("pro").submissions_per_minute != 77:  # noqa: ASYNC110 - what is waited for is another task's state
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        async with database.unit_of_work() as uow:
            await uow.execute(sql, {"number": 10})


async def test_the_last_known_plans_hold_while_the_database_is_away(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REFRESH_SECONDS", 0.01)
    plans = Plans(database)
    await plans.load()
    away = Database("postgresql+asyncpg://nobody@127.0.0.1:1/none", application="tests")
    monkeypatch.setattr(plans, "_database", away)

    running = asyncio.create_task(plans.run())
    await asyncio.sleep(0.1)

    assert not running.done()
    assert plans.limits("free") == FREE
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await away.close()
