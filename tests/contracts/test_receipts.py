"""A receipt adds up to the ledger: the real gateway asks the real billing, each on its own database."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
import pytest_asyncio
from pydantic import SecretStr

from billing.ledger import routes as ledger_routes
from billing.ledger.audit import audit
from billing.ledger.grants import Grant, post_grants
from billing.ledger.holds import place_holds
from billing.ledger.settlements import settle_outcomes
from billing.settings import BillingSettings
from billing.statements import routes as statement_routes
from common.bus.handlers import Received
from common.clock import now
from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.events.jobs import JobSubmitted
from common.events.runs import AttemptSummary, RunCancelled, RunCompleted, RunFailed
from common.http.app import create_app
from common.http.identity import Caller, issue_access_token, require_identity
from common.ids import new_id, to_text
from gateway.bootstrap import Parts, build_app
from gateway.jobs.projection import Projection
from gateway.jobs.reading import read_submission
from gateway.jobs.storage import accept
from gateway.kinds.catalogue import KindCatalogue
from gateway.plans.limits import PlanLimits
from gateway.settings import GatewaySettings
from generation.kinds.discovery import discover

GRANTED = 20
ATTEMPTS = (
    AttemptSummary(
        step="draw", provider="openai", model="a", outcome="failed", error_code="TIMEOUT", duration_seconds=3.5
    ),
    AttemptSummary(
        step="draw", provider="replicate", model="b", outcome="ok", duration_seconds=2.0, cost_microusd=39_000
    ),
)
PLAN = PlanLimits("enterprise", submissions_per_minute=600, jobs_per_day=1000, jobs_in_flight=500, weight=16)
Outcome = RunCompleted | RunFailed | RunCancelled


@dataclass
class House:
    """Both services, and one customer with credits."""

    gateway: Parts
    billing: Database
    http: httpx2.AsyncClient
    account_id: UUID

    async def submit(self, price: int, *, hold: bool = True) -> UUID:
        """A job that the gateway accepted, at this price, and billing heard of."""
        kind = next(iter(self.gateway.catalogue.all()))
        caller = Caller(self.account_id, new_id(), "enterprise")
        submission = read_submission(caller, kind, PLAN, kind.declaration["example"], None)
        await accept(self.gateway.database, [replace(submission, price_credits=price)])
        told = JobSubmitted.from_json(submission.record.body)
        told = told.model_copy(update={"job": told.job.model_copy(update={"price_credits": price})})
        if hold:
            await self._tell(self.billing, lambda uow: place_holds([Received(told, None)], uow))
        return submission.job_id

    async def end(self, outcome: Outcome) -> None:
        """The job has its outcome, and both services heard of it."""
        await self._tell(self.billing, lambda uow: settle_outcomes([Received(outcome, None)], uow))
        notes, database = self.gateway.notes, self.gateway.database
        await self._tell(database, lambda uow: Projection(notes).apply([Received(outcome, None)], uow))

    async def receipt(self, job_id: UUID) -> dict[str, Any]:
        """As the customer sees it."""
        answer = await self.http.get(f"/v1/jobs/{to_text('job', job_id)}/receipt")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def _tell(self, database: Database, use_case: Callable[[UnitOfWork], Any]) -> None:
        async with database.unit_of_work() as uow:
            await use_case(uow)


@pytest_asyncio.fixture
async def house(databases: Any, redis_url: str) -> AsyncIterator[House]:
    parts = Parts(
        GatewaySettings(
            redis_url=SecretStr(redis_url), database_urls={"gateway": SecretStr(await databases.migrated("gateway"))}
        )
    )
    parts.catalogue = KindCatalogue(parts.database, [kind.declaration() for kind in discover().values()])
    billing_url = await databases.migrated("billing")
    ledger = Database(billing_url, application="tests", pool_size=5)
    await parts.http.aclose()
    parts.http = httpx2.AsyncClient(transport=httpx2.ASGITransport(billing_app(ledger, redis_url)))
    account_id = new_id()
    await ledger.transact(post_grants, [Grant(account_id, GRANTED, "purchase", str(new_id()), "pack")])
    token = issue_access_token(
        parts.settings.access_token_secrets,
        account_id=account_id, user_id=new_id(), plan="enterprise", ttl=timedelta(minutes=5),
    )  # fmt: skip
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(build_app(parts)),
        base_url="http://gateway",
        headers={"authorization": f"Bearer {token}"},
    ) as http:
        yield House(parts, ledger, http, account_id)
    assert await audit(ledger) == []
    await ledger.close()
    await parts.aclose()


def billing_app(database: Database, redis_url: str) -> Any:
    settings = BillingSettings(
        redis_url=SecretStr(redis_url),
        stripe_api_key=SecretStr("sk_test_none"),
        stripe_webhook_secrets=(SecretStr("whsec_none"),),
    )
    identify = require_identity(settings.identity_secrets)
    return create_app(
        service="billing",
        settings=settings,
        routers=[ledger_routes.build_router(database, identify), statement_routes.build_router(database, identify)],
        readiness={},
        title="billing",
        version="1",
    )


def completed(house: House, job_id: UUID, charge: int) -> Outcome:
    return RunCompleted(
        account_id=house.account_id, job_id=job_id, kind="any", charge_credits=charge, result={}, attempts=ATTEMPTS,
        started_at=now(), finished_at=now(),
    )  # fmt: skip


def failed(house: House, job_id: UUID, charge: int) -> Outcome:
    assert charge == 0
    return RunFailed(
        account_id=house.account_id, job_id=job_id, kind="any", code="MODERATION_BLOCKED",
        detail="The picture is not allowed.", attempts=ATTEMPTS, finished_at=now(),
    )  # fmt: skip


def cancelled(house: House, job_id: UUID, charge: int) -> Outcome:
    return RunCancelled(
        account_id=house.account_id, job_id=job_id, kind="any", charge_credits=charge, attempts=ATTEMPTS,
        finished_at=now(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("outcome", "price", "charge", "status", "why"),
    [
        (completed, 5, 5, "succeeded", "The work was delivered: 5 credits are charged, all that was held."),
        (
            completed, 5, 3, "succeeded",
            "A part of the work was delivered: 3 of 5 credits are charged, 2 came back.",
        ),
        (
            failed, 5, 0, "failed",
            "The job failed (The picture is not allowed): nothing is charged, 5 came back.",
        ),
        (cancelled, 5, 0, "cancelled", "The job was cancelled: nothing is charged, 5 came back."),
        (
            cancelled, 5, 1, "cancelled",
            "The job was cancelled after a part was delivered: 1 of 5 credits are charged, 4 came back.",
        ),
        (completed, 0, 0, "succeeded", "The job is free of charge: no credits were held."),
        (failed, 0, 0, "failed", "The job is free of charge: no credits were held."),
    ],
)  # fmt: skip
async def test_adds_up_to_the_ledger(
    house: House, outcome: Callable[[House, UUID, int], Outcome], price: int, charge: int, status: str, why: str
) -> None:
    job_id = await house.submit(price)
    await house.end(outcome(house, job_id, charge))

    receipt = await house.receipt(job_id)

    totals = receipt["totals"]
    assert (receipt["price"], receipt["status"], receipt["why"]) == (price, status, why)
    assert totals == {
        "held": price, "captured": charge, "returned": price - charge, "expired": 0, "open": 0,
        "provider_cost_microusd": 39_000,
    }  # fmt: skip
    assert receipt["hold"]["amount"] == price
    assert (receipt["capture"] or {"amount": 0})["amount"] == charge
    assert (receipt["release"] or {"amount": 0})["amount"] == price - charge
    assert [attempt["provider"] for attempt in receipt["attempts"]] == ["openai", "replicate"]
    statement = (await house.http.get("/v1/credits/transactions")).json()["items"]
    lines = [item for item in statement if item["job_id"] == receipt["id"]]
    assert -sum(item["change"]["available"] for item in lines) == totals["captured"]
    moved = [receipt["hold"], receipt["capture"], receipt["release"]]
    assert {item["id"] for item in lines} == {part["transaction_id"] for part in moved if part} - {None}
    credits = (await house.http.get("/v1/credits")).json()
    assert (credits["available"], credits["held"]) == (GRANTED - charge, 0)


async def test_a_job_under_way_has_its_price_set_aside(house: House) -> None:
    unheard, held = await house.submit(4, hold=False), await house.submit(4)

    assert (await house.receipt(unheard))["why"] == "Nothing is held yet: the job has just been submitted."
    receipt = await house.receipt(held)
    assert receipt["why"] == "4 credits are set aside until the job has its outcome."
    assert (receipt["totals"]["open"], receipt["capture"], receipt["release"]) == (4, None, None)


async def test_the_statement_passes_as_csv_too(house: House) -> None:
    await house.submit(4)

    answer = await house.http.get("/v1/credits/transactions", headers={"accept": "text/csv"})

    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    assert [line.split(",")[1] for line in answer.text.splitlines()] == ["kind", "hold", "grant"]
