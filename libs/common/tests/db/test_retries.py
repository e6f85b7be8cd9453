"""What is tried again and what is not: deadlocks, serialization failures, lost connections, broken rules."""

import asyncio
from collections.abc import Callable

import asyncpg  # type: ignore[import-untyped]
import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from common.db.database import TRIES_MAX, Database, is_transient
from common.db.unit_of_work import UnitOfWork
from common.ids import new_id

from ..harness import Cable, column, fact

ADD = "UPDATE counters SET value = value + 1 WHERE name = :name"


async def _error_of(database: Database, sql: str, **parameters: object) -> Exception:
    with pytest.raises(DBAPIError) as caught:
        async with database.unit_of_work() as uow:
            await uow.execute(sql, parameters)
    return caught.value


async def _raise_state(database: Database, state: str) -> Exception:
    return await _error_of(database, f"DO $$ BEGIN RAISE EXCEPTION 'planted' USING ERRCODE = '{state}'; END $$")


@pytest.mark.parametrize(
    "state", ["40001", "40P01", "55P03", "57P01", "57P02", "57P03", "53300", "08000", "08003", "08006", "08P01"]
)
async def test_a_hiccup_of_the_database_is_transient(database: Database, state: str):
    assert is_transient(await _raise_state(database, state))


@pytest.mark.parametrize(
    "state", ["23505", "23503", "23514", "22003", "22P02", "42601", "42P01", "0A000", "P0001", "53100", "57014"]
)
async def test_a_broken_rule_or_statement_is_not_transient(database: Database, state: str):
    assert not is_transient(await _raise_state(database, state))


@pytest.mark.parametrize("value", ["no number", 10**30, object(), None.__class__])
async def test_a_value_that_does_not_fit_is_not_transient(database: Database, value: object):
    assert not is_transient(await _error_of(database, "SELECT CAST(:value AS bigint)", value=value))


async def test_a_nul_in_a_text_is_not_transient(database: Database):
    assert not is_transient(await _error_of(database, "SELECT CAST(:value AS text)", value="a\x00b"))


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (PoolTimeoutError("pool"), True),
        (ConnectionRefusedError(), True),
        (TimeoutError(), True),
        (asyncpg.CannotConnectNowError("starting"), True),
        (asyncpg.ConnectionDoesNotExistError("gone"), True),
        (ValueError("rule"), False),
        (LookupError(), False),
        (OSError("disk"), False),
        (asyncio.CancelledError(), False),
    ],
)
def test_other_errors_are_told_apart(error: BaseException, transient: bool):
    assert is_transient(error) is transient


async def test_a_refused_connection_is_transient(cable: Cable, open_database: Callable[..., Database]):
    database = open_database(cable.url)
    await cable.pull()
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever the driver makes of it
        await database.check()
    assert is_transient(caught.value)


async def test_a_deadlock_is_retried_until_both_have_their_way(database: Database):
    met = asyncio.Barrier(2)
    tries: list[str] = []

    async def both(uow: UnitOfWork, first: str, second: str) -> None:
        tries.append(first)
        await uow.execute(ADD, {"name": first})
        if len(tries) <= 2:
            await met.wait()
        await uow.execute(ADD, {"name": second})

    await asyncio.gather(database.transact(both, "a", "b"), database.transact(both, "b", "a"))
    assert len(tries) == 3
    assert await column(database, "SELECT value FROM counters") == [2, 2]


async def test_a_serialization_failure_is_retried(database: Database):
    tries = 0

    async def add_ten(uow: UnitOfWork) -> None:
        nonlocal tries
        tries += 1
        await uow.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        row = await uow.first("SELECT value FROM counters WHERE name = 'a'")
        assert row is not None
        if tries == 1:
            async with database.unit_of_work() as other:
                await other.execute(ADD, {"name": "a"})
        await uow.execute("UPDATE counters SET value = :value WHERE name = 'a'", {"value": row.value + 10})

    await database.transact(add_ten)
    assert tries == 2
    assert await column(database, "SELECT value FROM counters WHERE name = 'a'") == [11]


async def test_a_terminated_backend_is_retried_on_a_new_connection(database: Database):
    backends: list[int] = []

    async def work(uow: UnitOfWork) -> None:
        row = await uow.first("SELECT pg_backend_pid() AS pid")
        assert row is not None
        backends.append(row.pid)
        if len(backends) == 1:
            async with database.autocommit() as other:
                await other.exec_driver_sql(f"SELECT pg_terminate_backend({row.pid})")
        await uow.execute(ADD, {"name": "a"})
        uow.emit(fact())

    await database.transact(work)
    assert len(set(backends)) == 2
    assert await column(database, "SELECT value FROM counters WHERE name = 'a'") == [1]
    assert await column(database, "SELECT count(*) FROM outbox") == [1]


async def test_idle_connections_that_died_are_replaced_unnoticed(database: Database):
    async def touch(uow: UnitOfWork) -> None:
        await uow.execute(ADD, {"name": "a"})
        await asyncio.sleep(0.02)

    await asyncio.gather(*(database.transact(touch) for _ in range(3)))
    async with database.autocommit() as connection:
        await connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    await asyncio.gather(*(database.transact(touch) for _ in range(3)))
    assert await column(database, "SELECT value FROM counters WHERE name = 'a'") == [6]


async def test_a_broken_rule_is_not_retried(database: Database):
    tries = 0

    async def break_rule(uow: UnitOfWork) -> None:
        nonlocal tries
        tries += 1
        await uow.execute("INSERT INTO counters VALUES ('a', 0)")

    with pytest.raises(IntegrityError):
        await database.transact(break_rule)
    assert tries == 1


async def test_retries_end(database: Database):
    tries = 0

    async def deadlocked(uow: UnitOfWork) -> None:
        nonlocal tries
        tries += 1
        await uow.execute("DO $$ BEGIN RAISE EXCEPTION 'planted' USING ERRCODE = '40P01'; END $$")

    with pytest.raises(DBAPIError, match="planted"):
        await database.transact(deadlocked)
    assert tries == TRIES_MAX


async def test_a_connection_lost_during_commit_does_not_double_the_effect(
    cable: Cable, database: Database, open_database: Callable[..., Database]
):
    through_cable = open_database(cable.url)
    await through_cable.check()
    event_id, tries = new_id(), 0

    async def once(uow: UnitOfWork) -> None:
        nonlocal tries
        tries += 1
        if await uow.claim_events([event_id]):
            await uow.execute("INSERT INTO effects (note) VALUES (:note)", {"note": event_id})

    cable.cut_after_commit = True
    await through_cable.transact(once)
    assert tries == 2
    assert await column(database, "SELECT note FROM effects") == [event_id]
