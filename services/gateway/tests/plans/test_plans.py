"""Plans are data: read at start, read again in a moment, and held while the database is away."""

import asyncio

import pytest

from common.db.database import Database
from gateway.plans import limits as module
from gateway.plans.limits import PlanLimits, Plans

FREE = PlanLimits("free", 5, 10, 2, 1, accounts_per_network=100)


async def test_starts_with_the_three_plans_of_the_product(database: Database) -> None:
    plans = Plans(database)
    await plans.load()

    assert plans.limits("free") == FREE
    assert plans.limits("pro") == PlanLimits("pro", 10, 100, 10, 4, accounts_per_network=100)
    assert plans.limits("enterprise") == PlanLimits("enterprise", 60, 1000, 50, 16, accounts_per_network=100)


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


async def test_a_change_is_seen_within_five_seconds_by_the_default_pace(database: Database) -> None:
    assert module.REFRESH_SECONDS + module.READ_SECONDS_MAX <= 5
    plans = Plans(database)
    running = asyncio.create_task(plans.run())
    sql = "UPDATE plans SET jobs_in_flight = :number WHERE plan = 'pro'"
    try:
        async with asyncio.timeout(5):
            while not plans._stored:  # noqa: ASYNC110 - another task reads them
                await asyncio.sleep(0.01)
        async with database.unit_of_work() as uow:
            await uow.execute(sql, {"number": 11})
        async with asyncio.timeout(5):
            while plans.limits("pro").jobs_in_flight != 11:  # noqa: ASYNC110 - what is waited for is another task's state
                await asyncio.sleep(0.05)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        async with database.unit_of_work() as uow:
            await uow.execute(sql, {"number": 10})


async def test_limits_are_multiplied_at_once_when_the_factor_changes(database: Database) -> None:
    factor = 1.0
    plans = Plans(database, lambda: factor)
    await plans.load()

    factor = 0.5
    assert plans.limits("pro") == PlanLimits("pro", 5, 50, 5, 4, accounts_per_network=100)
    assert plans.limits("founder") == PlanLimits("free", 2, 5, 1, 1, accounts_per_network=100)
    await plans.load()
    assert plans.limits("pro").jobs_per_day == 50, "not multiplied twice"
    factor = 1.0
    assert plans.limits("pro") == PlanLimits("pro", 10, 100, 10, 4, accounts_per_network=100)
