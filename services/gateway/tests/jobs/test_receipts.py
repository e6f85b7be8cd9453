"""A receipt says what the ledger says, and nothing at all while the ledger cannot be asked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from common.clock import now
from common.errors import DependencyUnavailable
from common.http.identity import IDENTITY_HEADER, Caller, verify_identity
from common.ids import new_id, to_text
from gateway.jobs.answers import Attempt, Charge, Job, JobError
from gateway.jobs.receipts import JobLedger, LedgerFacts, receipt_of
from gateway.jobs.status import JobStatus
from gateway.kinds.catalogue import KindCatalogue

from .studio import open_studio
from .test_reading_jobs import jobs_of

SECRETS = (SecretStr("an identity secret of the tests, long enough"),)
NOBODY_THERE = "http://127.0.0.1:9"
CALLER = Caller(uuid4(), uuid4(), "free")


def job(status: JobStatus = JobStatus.SUCCEEDED, held: int = 5, **more: Any) -> Job:
    charge = Charge(price=5, held=held, charged=0, returned=0, settled=False)
    return Job(
        id=to_text("job", new_id()), kind="sketch", status=status, progress=1, charge=charge, created_at=now(), **more
    )


def facts(
    *,
    held: int = 5,
    captured: int = 0,
    expired: int = 0,
    reason: str | None = None,
    repaid: int = 0,
    open_hold: bool = False,
) -> LedgerFacts:
    def moved(amount: int, **more: Any) -> dict[str, Any]:
        return {"amount": amount, "at": now().isoformat(), "transaction_id": "txn_1", **more}

    returned = 0 if open_hold else held - captured - expired
    delivered = captured or reason == "completed"
    return LedgerFacts.model_validate(
        {
            "job_id": "job_1",
            "state": "held" if open_hold else "captured" if delivered else "released",
            "hold": moved(held),
            "capture": moved(captured) if delivered else None,
            "release": moved(returned, reason=reason) if reason else None,
            "repayment": moved(repaid) if repaid else None,
            "lots": [],
            "totals": {
                "held": held,
                "captured": captured,
                "returned": returned,
                "expired": expired,
                "open": held if open_hold else 0,
            },
        }
    )


@asynccontextmanager
async def ledger_of(answer: Response) -> AsyncIterator[JobLedger]:
    async def credits(request: Request) -> Response:
        assert verify_identity(SECRETS, request.headers[IDENTITY_HEADER]).account_id == CALLER.account_id
        return answer

    transport = httpx2.ASGITransport(Starlette(routes=[Route("/v1/credits/jobs/{job_id}", credits)]))
    async with httpx2.AsyncClient(transport=transport) as http:
        yield JobLedger("http://billing", http, SECRETS)


@pytest.mark.parametrize(
    ("ledger", "why"),
    [
        (facts(captured=5), "The work was delivered: 5 credits are charged, all that was held."),
        (facts(held=1, captured=1), "The work was delivered: 1 credit is charged, all that was held."),
        (
            facts(captured=3, reason="completed"),
            "A part of the work was delivered: 3 of 5 credits are charged, 2 came back.",
        ),
        (
            facts(captured=2, reason="cancelled"),
            "The job was cancelled after a part was delivered: 2 of 5 credits are charged, 3 came back.",
        ),
        (facts(reason="cancelled"), "The job was cancelled: nothing is charged, 5 came back."),
        (facts(reason="expired"), "The job came to no outcome in time: nothing is charged, 5 came back."),
        (
            facts(reason="failed"),
            "The job failed (The picture is not allowed): nothing is charged, 5 came back.",
        ),
        (
            facts(reason="failed", expired=2, repaid=1),
            "The job failed (The picture is not allowed): nothing is charged, 3 came back, 2 had expired meanwhile"
            " and 1 paid off debt.",
        ),
        (facts(reason="completed"), "The job is over: nothing is charged, 5 came back."),
        (facts(open_hold=True), "5 credits are set aside until the job has its outcome."),
        (facts(held=0, open_hold=True), "The job is free of charge: no credits were held."),
        (facts(held=0, reason="failed"), "The job is free of charge: no credits were held."),
    ],
)
def test_says_why(ledger: LedgerFacts, why: str) -> None:
    failed = JobError(code="MODERATION_BLOCKED", detail="The picture is not allowed.")
    assert receipt_of(job(error=failed), ledger).why == why


def test_a_rejected_job_has_held_nothing() -> None:
    error = JobError(code="INSUFFICIENT_CREDITS", detail="This costs 5 credits and 4 are available.")
    receipt = receipt_of(job(JobStatus.REJECTED, held=0, error=error), None)

    assert receipt.why == "Nothing was held or charged: This costs 5 credits and 4 are available."
    assert (receipt.hold, receipt.capture, receipt.release) == (None, None, None)
    assert set(receipt.totals.model_dump().values()) == {0}
    waiting = receipt_of(job(JobStatus.SUBMITTED, held=0), None)
    assert waiting.why == "Nothing is held yet: the job has just been submitted."


def test_credits_are_the_ledger_s_and_costs_are_of_the_attempts() -> None:
    attempts = [
        Attempt(step="draw", provider=name, model="m", outcome="ok", duration_seconds=1.0, cost_microusd=cost)
        for name, cost in (("openai", 40_000), ("replicate", None), ("replicate", 2_500))
    ]
    receipt = receipt_of(job(JobStatus.RUNNING, attempts=attempts), facts(captured=4, reason="completed"))

    assert receipt.totals.model_dump() == {
        "held": 5, "captured": 4, "returned": 1, "expired": 0, "open": 0, "provider_cost_microusd": 42_500,
    }  # fmt: skip
    assert receipt.attempts == attempts
    assert (receipt.price, receipt.status) == (5, JobStatus.RUNNING)


async def test_asks_billing_as_the_caller() -> None:
    told = facts(captured=5)
    async with ledger_of(JSONResponse(told.model_dump(mode="json"))) as ledger:
        assert await ledger.facts(CALLER, job()) == told


async def test_nothing_held_is_nothing_known() -> None:
    async with ledger_of(JSONResponse({"code": "NOT_FOUND"}, 404)) as ledger:
        assert await ledger.facts(CALLER, job(JobStatus.SUBMITTED, held=0)) is None


@pytest.mark.parametrize(
    "answer",
    [
        JSONResponse({"code": "NOT_FOUND"}, 404),
        JSONResponse({"code": "INTERNAL"}, 500),
        JSONResponse({"code": "UNAUTHORIZED"}, 401),
        JSONResponse({"odd": 1}),
        Response(b"not json"),
    ],
    ids=["a_known_hold_is_not_there", "error", "refused", "odd", "not_json"],
)
async def test_never_guesses(answer: Response) -> None:
    async with ledger_of(answer) as ledger:
        with pytest.raises(DependencyUnavailable):
            await ledger.facts(CALLER, job(held=5))


async def test_is_unavailable_while_billing_is_away_and_only_the_owner_s(
    database_url: str, redis_url: str, redis: Redis, catalogue: KindCatalogue
) -> None:
    async with open_studio(database_url, redis_url, billing_url=NOBODY_THERE) as studio:
        owner, other = studio.person(), studio.person()
        (mine,) = await jobs_of(studio, owner, 1)

        away = await owner.http.get(f"/v1/jobs/{mine}/receipt")
        foreign = await other.http.get(f"/v1/jobs/{mine}/receipt")
        nonsense = await owner.http.get("/v1/jobs/job_x/receipt")

        assert (away.status_code, away.json()["code"]) == (503, "DEPENDENCY_UNAVAILABLE")
        assert away.headers["retry-after"] == "2"
        assert (foreign.status_code, nonsense.status_code) == (404, 404)
