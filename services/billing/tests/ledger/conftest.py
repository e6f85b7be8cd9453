"""A database with billing's tables, shared by the suite: each test has accounts of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from billing.ledger.audit import audit
from billing.ledger.grants import Grant, post_grants
from common.bus.handlers import Received
from common.clock import now
from common.db.database import Database
from common.events.jobs import JobSpec, JobSubmitted
from common.ids import new_id


@pytest_asyncio.fixture(scope="session")
async def _database_url(session_databases: Any) -> str:
    return str(await session_databases.migrated("billing"))


@pytest_asyncio.fixture
async def database(_database_url: str) -> AsyncIterator[Database]:
    """Left with a clean audit by every test."""
    opened = Database(_database_url, application="tests", pool_size=12)
    yield opened
    violations = await audit(opened)
    await opened.close()
    assert violations == []


GiveCredits = Callable[..., Awaitable[UUID]]


@pytest.fixture
def account_with(database: Database) -> GiveCredits:
    """Makes an account with credits: `await account_with(10)`."""

    async def make(credits: int, expires_in: timedelta | None = None, account_id: UUID | None = None) -> UUID:
        account_id = account_id or new_id()
        expires_at = None if expires_in is None else now() + expires_in
        grant = Grant(account_id, credits, "promotion", str(new_id()), "for a test", expires_at)
        await database.transact(post_grants, [grant])
        return account_id

    return make


@pytest.fixture
def submitted() -> Callable[..., Received[JobSubmitted]]:
    """Makes the news of a job: `submitted(account_id, price=3)`."""

    def make(
        account_id: UUID, price: int = 1, job_id: UUID | None = None, traceparent: str | None = None, **spec: Any
    ) -> Received[JobSubmitted]:
        job = JobSpec(
            job_id=job_id or new_id(),
            kind="text_to_design",
            job_class="image",
            price_credits=price,
            input={},
            deadline_at=spec.pop("deadline_at", now() + timedelta(minutes=5)),
        )
        return Received(JobSubmitted(account_id=account_id, job=job), traceparent)

    return make
