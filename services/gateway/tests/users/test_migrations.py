"""The tables in code and the migrated database are the same."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from common.db.database import Database
from common.db.migrate import check


async def test_history_makes_the_tables_of_the_code(database_url: str) -> None:
    await asyncio.to_thread(check, "gateway", database_url)


async def test_database_refuses_second_user_with_address_in_other_case(database: Database) -> None:
    add = text(
        """
        WITH account AS (INSERT INTO accounts (account_id) VALUES (gen_random_uuid()) RETURNING account_id)
        INSERT INTO users (user_id, account_id, email, password_hash, locale)
        SELECT gen_random_uuid(), account_id, :email, 'x', 'en' FROM account
        """
    )

    async def add_both() -> None:
        async with database.unit_of_work() as uow:
            await uow.execute(add, {"email": "twice@example.com"})
            await uow.execute(add, {"email": "TWICE@example.com"})

    with pytest.raises(IntegrityError, match="uq_users_email"):
        await add_both()
