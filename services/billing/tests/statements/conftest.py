"""Billing's statements over HTTP, on the ledger's own database."""

from collections.abc import AsyncIterator

import httpx2
import pytest_asyncio
from fastapi import FastAPI
from pydantic import SecretStr

from billing.statements.routes import build_router
from common.db.database import Database
from common.http.app import create_app
from common.http.identity import require_identity
from common.settings import CommonSettings

from ..ledger.conftest import _database_url, account_with, database, submitted
from .story import CSV_ROWS_MAX, SECRETS, Desk

__all__ = ["_database_url", "account_with", "database", "submitted"]


@pytest_asyncio.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    transport = httpx2.ASGITransport(statements_app(database), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://billing") as http:
        yield Desk(database, http)


def statements_app(database: Database) -> FastAPI:
    return create_app(
        service="billing",
        settings=CommonSettings(redis_url=SecretStr("redis://127.0.0.1/0")),
        routers=[build_router(database, require_identity(SECRETS), csv_rows_max=CSV_ROWS_MAX)],
        readiness={},
        title="statements",
        version="1",
    )
