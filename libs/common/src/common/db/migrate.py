"""Runs alembic for a service: programmatic configuration, careful locks, one migrator at a time."""

import asyncio
import importlib
from pathlib import Path
from typing import Any

from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, MetaData, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from common.db.kernel_tables import service_metadata

MIGRATION_LOCK = 7_203_614_905
LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "60s"


def alembic_config(service: str, url: str) -> Config:
    """The configuration of a service's history, which lives in `<service>/migrations`."""
    package = importlib.import_module(service)
    if package.__file__ is None:
        raise RuntimeError(f"{service} is not a regular package")
    config = Config()
    config.set_main_option("script_location", str(Path(package.__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(slug)s")
    config.attributes["url"] = url
    return config


def upgrade(service: str, url: str) -> None:
    """Bring the database of a service to the newest revision. Safe to run from many processes at once."""
    command.upgrade(alembic_config(service, url), "head")


def check(service: str, url: str) -> None:
    """Fail when the tables in code and the migrated database differ.

    Raises:
        alembic.util.CommandError: a table, column, index or constraint is missing from the history.
    """
    command.check(alembic_config(service, url))


def run_environment(metadata: MetaData) -> None:
    """What every `migrations/env.py` calls."""
    asyncio.run(_migrate(context.config.attributes["url"], metadata))


async def _migrate(url: str, metadata: MetaData) -> None:
    engine = create_async_engine(url, poolclass=pool.NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_run, metadata)
            await connection.commit()
    finally:
        await engine.dispose()


def _run(connection: Connection, metadata: MetaData) -> None:
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    context.configure(connection=connection, target_metadata=metadata, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


def create_kernel_tables(op: Any) -> None:
    """The kernel's part of a service's first migration. Frozen: later changes are new functions."""
    metadata = service_metadata()
    metadata.create_all(op.get_bind(), checkfirst=False)
