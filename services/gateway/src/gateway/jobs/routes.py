"""HTTP of jobs: submit, read, list, cancel, and the receipt."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime, Field

from common.db.database import Database
from common.errors import InsufficientCredits, NotFound, ValidationFailed
from common.events.credits import CreditsHeld, CreditsRefused
from common.http.identity import Caller
from common.http.problems import problem_responses
from common.ids import InvalidId, from_text, to_text
from gateway.authentication import allowed
from gateway.jobs import read_model
from gateway.jobs.admission import Admission
from gateway.jobs.answers import Charge, Job, JobPage, queue_of, raise_refusal, rate_headers
from gateway.jobs.cancelling import request_cancel
from gateway.jobs.credit_hint import CreditHint
from gateway.jobs.figures import Figures
from gateway.jobs.reading import read_idempotency_key, read_input, read_submission
from gateway.jobs.receipts import JobLedger, Receipt, receipt_of
from gateway.jobs.status import JobStatus
from gateway.jobs.submission import Accepted, Refused, Submission
from gateway.jobs.verdicts import Word
from gateway.kinds.catalogue import KindCatalogue
from gateway.plans.limits import Plans
from gateway.requests.limited import LimitedRoute, reading

PAGE_MAX = 100
Moment = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(3000, 1, 1, tzinfo=UTC))]
Reader = Annotated[Caller, Depends(allowed("jobs:read"))]
Lister = Annotated[Caller, Depends(reading("jobs:read"))]
Writer = Annotated[Caller, Depends(allowed("jobs:write"))]
_READ = problem_responses("UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "VALIDATION_FAILED")
_LIST = problem_responses("UNAUTHORIZED", "FORBIDDEN", "VALIDATION_FAILED", "RATE_LIMITED")
_RECEIPT = problem_responses("UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "RATE_LIMITED", "DEPENDENCY_UNAVAILABLE")
_SUBMIT = problem_responses(
    "UNAUTHORIZED",
    "INSUFFICIENT_CREDITS",
    "FORBIDDEN",
    "NOT_FOUND",
    "OPERATION_IN_PROGRESS",
    "PAYLOAD_TOO_LARGE",
    "VALIDATION_FAILED",
    "RATE_LIMITED",
    "KIND_DISABLED",
)


def build_router(
    *,
    database: Database,
    admission: Admission,
    catalogue: KindCatalogue,
    plans: Plans,
    figures: Figures,
    credit_hint: CreditHint,
    ledger: JobLedger,
) -> APIRouter:
    """The routes of jobs."""
    router = APIRouter(tags=["jobs"], route_class=LimitedRoute)

    @router.post("/v1/jobs/{kind}", status_code=202, operation_id="submit_job", response_model=Job, responses=_SUBMIT)
    async def submit_job(kind: str, request: Request, caller: Writer) -> Response:
        """Ask for a piece of work. 202: the job is durable and reaches one outcome and one charge."""
        offered = catalogue.get(kind)
        job_input = read_input(await request.body())
        key = read_idempotency_key(request.headers)
        submission = read_submission(caller, offered, plans.limits(caller.plan), job_input, key)
        verdict, word = await admission.submit(submission)
        if isinstance(verdict, Refused) and verdict.rule == "credits":
            await credit_hint.confirm(caller, submission.price_credits)
            verdict, word = await admission.submit(submission)
        if isinstance(verdict, Refused):
            raise_refusal(verdict)
        if isinstance(word, CreditsRefused):
            raise InsufficientCredits(word.required_credits, word.available_credits)
        if verdict.replayed:
            return await _replayed(database, caller, verdict)
        job = _first_answer(submission, word, figures)
        return _accepted(job, rate_headers(verdict.rate))

    @router.get("/v1/jobs/{job_id}", operation_id="get_job", responses=_READ)
    async def get_job(job_id: str, caller: Reader) -> Job:
        """One job of the account."""
        return await _own_job(database, caller, job_id)

    @router.get("/v1/jobs/{job_id}/receipt", operation_id="get_job_receipt", responses=_RECEIPT)
    async def get_receipt(job_id: str, caller: Lister) -> Receipt:
        """What the job cost and why: what was held, what was bought for it, what was charged and what came back."""
        job = await _own_job(database, caller, job_id)
        return receipt_of(job, await ledger.facts(caller, job))

    @router.get("/v1/jobs", operation_id="list_jobs", responses=_LIST)
    async def list_jobs(
        caller: Lister,
        kind: Annotated[str | None, Query(max_length=100, pattern="^[a-z0-9-]+$")] = None,
        status: JobStatus | None = None,
        created_after: Moment | None = None,
        created_before: Moment | None = None,
        cursor: Annotated[str | None, Query(max_length=100)] = None,
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 20,
    ) -> JobPage:
        """The account's jobs, newest first."""
        wanted = read_model.JobFilter(
            kind=kind,
            status=status,
            created_after=created_after,
            created_before=created_before,
            before=None if cursor is None else _cursor(cursor),
        )
        found = await read_model.list_jobs(database, caller.account_id, wanted, limit + 1)
        items = list(found[:limit])
        return JobPage(items=items, next_cursor=items[-1].id if len(found) > limit else None)

    @router.post("/v1/jobs/{job_id}/cancel", status_code=202, operation_id="cancel_job", responses=_READ)
    async def cancel_job(job_id: str, caller: Writer) -> Job:
        """Ask for a job to be stopped. What has its outcome already keeps it."""
        job = await _own_job(database, caller, job_id)
        await database.transact(request_cancel, caller.account_id, from_text("job", job.id))
        return job

    return router


async def _own_job(database: Database, caller: Caller, job_id: str) -> Job:
    try:
        parsed = from_text("job", job_id)
    except InvalidId:
        raise NotFound from None
    job = await read_model.get_job(database, caller.account_id, parsed)
    if job is None:
        raise NotFound
    return job


async def _replayed(database: Database, caller: Caller, verdict: Accepted) -> Response:
    job = await _own_job(database, caller, to_text("job", verdict.job_id))
    return _accepted(job, {"Idempotent-Replayed": "true"})


def _first_answer(submission: Submission, word: Word | None, figures: Figures) -> Job:
    held = isinstance(word, CreditsHeld)
    return Job(
        id=to_text("job", submission.job_id),
        kind=submission.kind.name,
        status=JobStatus.QUEUED if held else JobStatus.SUBMITTED,
        progress=0.0,
        queue=queue_of(figures.wait(submission.kind.name, submission.kind.job_class)),
        charge=Charge(
            price=submission.price_credits,
            held=submission.price_credits if held else 0,
            charged=0,
            returned=0,
            settled=False,
        ),
        created_at=submission.created_at,
    )


def _accepted(job: Job, headers: dict[str, str]) -> Response:
    return Response(
        job.model_dump_json(),
        status_code=202,
        media_type="application/json",
        headers={"Location": f"/v1/jobs/{job.id}", **headers},
    )


def _cursor(text: str) -> Any:
    try:
        return from_text("job", text)
    except InvalidId:
        raise ValidationFailed(
            [{"pointer": "/query/cursor", "detail": "is not a cursor of this list", "code": "invalid"}]
        ) from None
