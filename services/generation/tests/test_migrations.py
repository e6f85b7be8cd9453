"""The tables in code and the migrated database are the same, and the database itself refuses what cannot be."""

import asyncio

import pytest
from sqlalchemy.exc import IntegrityError

from common.db.database import Database
from common.db.migrate import check

from .stage import change, claimed


async def test_history_makes_the_tables_of_the_code(database_url: str) -> None:
    await asyncio.to_thread(check, "generation", database_url)


@pytest.mark.parametrize(
    ("assignments", "constraint"),
    [
        ("lease_until = NULL", "lease_while_running"),
        ("state = 'completed', lease_until = NULL", "ck_runs_finished"),
        ("state = 'lost', lease_until = NULL", "ck_runs_state"),
        ("weight = 0", "weight_positive"),
    ],
)
async def test_database_refuses_impossible_runs(database: Database, assignments: str, constraint: str) -> None:
    run = await claimed(database)

    with pytest.raises(IntegrityError, match=constraint):
        await change(database, run.job_id, assignments)
