"""Kept results: bounded by age and number, two writers harm nobody, and an account's go with it."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from generation.artefacts import storage as artefacts
from generation.kept.purging import KeptResultsPurging
from generation.kept.storage import DOCUMENT_BYTES_MAX, KeptKey, find, forget, keep

from ..stage import rows

ACCOUNT = uuid4()


def key(number: int = 0, keep_for: timedelta = timedelta(days=1)) -> KeptKey:
    return KeptKey("rehearsal", 1, f"{number:064x}", {}, keep_for)


async def put(
    database: Database, number: int = 0, document: dict[str, Any] | None = None, account: UUID = ACCOUNT, **options: Any
) -> None:
    async with database.unit_of_work() as uow:
        await keep(uow, account, key(number, **options), document or {"number": number})


async def age(database: Database, number: int, assignment: str) -> None:
    async with database.unit_of_work() as uow:
        await uow.execute(
            f"UPDATE kept_results SET {assignment} WHERE digest = '\\x{key(number).digest.hex()}'"  # noqa: S608
        )


async def count(database: Database) -> int:
    return int((await rows(database, "SELECT count(*) AS kept FROM kept_results"))[0].kept)


async def test_finds_what_was_kept_for_the_account_and_nothing_of_others(database: Database) -> None:
    await put(database, document={"word": "été", "share": 0.25})

    assert await find(database, ACCOUNT, key()) == {"word": "été", "share": 0.25}
    assert await find(database, uuid4(), key()) is None
    assert await find(database, ACCOUNT, key(1)) is None


async def test_nothing_is_found_after_its_time_and_it_can_be_kept_again(database: Database) -> None:
    await put(database)
    await age(database, 0, "expires_at = now()")

    assert await find(database, ACCOUNT, key()) is None
    await put(database, document={"number": 1})
    assert await find(database, ACCOUNT, key()) == {"number": 1}


async def test_of_two_writers_at_once_the_first_stays_and_neither_fails(database: Database) -> None:
    met = asyncio.Barrier(2)

    async def write(uow: UnitOfWork, number: int) -> None:
        await uow.execute("SELECT 1")
        await met.wait()
        await keep(uow, ACCOUNT, key(), {"writer": number})

    await asyncio.gather(database.transact(write, 1), database.transact(write, 2))

    kept = await find(database, ACCOUNT, key())
    await put(database, document={"writer": 3})
    assert kept in ({"writer": 1}, {"writer": 2})
    assert await find(database, ACCOUNT, key()) == kept
    assert await count(database) == 1


async def test_a_rolled_back_step_keeps_nothing(database: Database) -> None:
    async def write(uow: UnitOfWork) -> None:
        await keep(uow, ACCOUNT, key(), {})
        raise LookupError

    await asyncio.gather(database.transact(write), return_exceptions=True)

    assert await count(database) == 0


async def test_purging_drops_the_expired_and_what_was_used_longest_ago(database: Database) -> None:
    for number in range(10):
        await put(database, number)
        await age(database, number, f"used_at = now() - interval '{20 - number} minutes'")
    await age(database, 9, "expires_at = now()")
    assert await find(database, ACCOUNT, key(0)) is not None

    dropped = await KeptResultsPurging(database, rows_max=4).purge()

    left = [number for number in range(10) if await find(database, ACCOUNT, key(number))]
    assert (dropped, left) == (6, [0, 6, 7, 8])
    assert await KeptResultsPurging(database, rows_max=4).purge() == 0


async def test_what_is_too_large_is_not_kept(database: Database) -> None:
    await put(database, document={"much": "x" * DOCUMENT_BYTES_MAX})

    assert await count(database) == 0


async def test_forgetting_an_account_leaves_the_others(database: Database) -> None:
    other = uuid4()
    await put(database)
    await put(database, account=other)

    await database.transact(forget, ACCOUNT)

    assert await find(database, ACCOUNT, key()) is None
    assert await find(database, other, key()) is not None


async def test_deleting_an_account_forgets_what_was_kept_for_it(database: Database) -> None:
    await put(database)
    deletion = uuid4()

    async def delete(uow: UnitOfWork) -> None:
        await artefacts.insert_deletion(uow, deletion, ACCOUNT)
        await artefacts.complete(uow, deletion, ACCOUNT)

    await database.transact(delete)

    assert await count(database) == 0
