"""HTTP of jobs: submit, read, list, cancel, and the receipt."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime, Field, SecretStr

from common.db.database import Database
from common.errors import Degraded, IdempotencyMismatch, InsufficientCredits, NotFound, ValidationFailed
from common.events.credits import CreditsHeld, CreditsRefused
from common.http.conditional import NOT_MODIFIED, IfNoneMatch, conditional
from common.http.identity import Caller
from common.http.problems import problem_responses
from common.ids import InvalidId, from_text, to_text
from gateway.authentication import allowed
from gateway.degraded.job_reads import JobReads, ShownJob, held_answer
from gateway.degraded.marks import Mark, marked
from gateway.features.board import FeatureBoard
from gateway.jobs import read_model
from gateway.jobs.admission import Admission
from gateway.jobs.answers import Charge, Job, JobPage, queue_of, raise_refusal, rate_headers, state_of, state_of_page
from gateway.jobs.cancelling import request_cancel
from gateway.jobs.credit_hint import CreditHint
from gateway.jobs.direct_route import DirectRoute
from gateway.jobs.figures import Figures
from gateway.jobs.networks import Networks
from gateway.jobs.places import Places
from gateway.jobs.provider_choice import read_provider_choice
from gateway.jobs.reading import read_idempotency_key, read_input, read_submission
from gateway.jobs.receipts import JobLedger, Receipt, receipt_of
from gateway.jobs.status import JobStatus
from gateway.jobs.submission import Refused, Submission
from gateway.jobs.verdicts import Word
from gateway.kinds.catalogue import KindCatalogue
from gateway.plans.limits import Plans
from gateway.quotes.rules import Quote, QuoteExpired
from gateway.quotes.storage import find_by_key
from gateway.quotes.tokens import read_token
from gateway.requests.limited import changing, dashboard, reading

PAGE_MAX = 100
_BEST_OF = 'Only the owner\'s "best of": photographs whose critique gave them 85 or more.'
QUOTE_HEADER = "quote"
Moment = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(3000, 1, 1, tzinfo=UTC))]
Reader = Annotated[Caller, Depends(reading("jobs:read"))]
Lister = Annotated[Caller, Depends(dashboard("jobs:read"))]
Writer = Annotated[Caller, Depends(allowed("jobs:write"))]
Changer = Annotated[Caller, Depends(changing("jobs:write"))]
_READ = problem_responses("UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "VALIDATION_FAILED", "DEGRADED")
_LIST = problem_responses("UNAUTHORIZED", "FORBIDDEN", "VALIDATION_FAILED", "RATE_LIMITED", "DEGRADED")
_RECEIPT = problem_responses(
    "UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "RATE_LIMITED", "DEGRADED", "DEPENDENCY_UNAVAILABLE"
)
_SUBMIT = problem_responses(
    "UNAUTHORIZED",
    "INSUFFICIENT_CREDITS",
    "FORBIDDEN",
    "NOT_ELIGIBLE",
    "NOT_FOUND",
    "OPERATION_IN_PROGRESS",
    "PAYLOAD_TOO_LARGE",
    "VALIDATION_FAILED",
    "IDEMPOTENCY_KEY_REUSED",
    "QUOTE_INVALID",
    "RATE_LIMITED",
    "QUOTA_EXCEEDED",
    "TOO_MANY_IN_FLIGHT",
    "KIND_DISABLED",
    "DEGRADED",
    "DEPENDENCY_UNAVAILABLE",
)


@dataclass(frozen=True, slots=True)
class JobParts:
    """What the routes work with. `quote_secrets`: any of them may have signed a quote."""

    database: Database
    reads: JobReads
    admission: Admission
    catalogue: KindCatalogue
    features: FeatureBoard
    plans: Plans
    figures: Figures
    places: Places
    credit_hint: CreditHint
    ledger: JobLedger
    networks: Networks
    quote_secrets: tuple[SecretStr, ...]


def build_router(parts: JobParts) -> APIRouter:
    """The routes of jobs."""
    router = APIRouter(tags=["jobs"])
    router.include_router(_submitting(parts))
    _add_cancelling(router, parts)
    _add_reading(router, parts)
    return router


def _submitting(parts: JobParts) -> APIRouter:
    router = APIRouter(route_class=DirectRoute)

    @router.post("/v1/jobs/{kind}", status_code=202, operation_id="submit_job", response_model=Job, responses=_SUBMIT)
    async def submit_job(kind: str, request: Request, caller: Writer) -> Response:
        """Ask for a piece of work. 202: the job is durable and reaches one outcome and one charge."""
        limits = parts.plans.limits(caller.plan)
        parts.networks.admit(request, limits)
        offered = parts.catalogue.get(kind)
        parts.features.admit_submission(kind)
        offered.admit(caller.plan)
        job_input = read_input(await request.body())
        key = read_idempotency_key(request.headers)
        token = request.headers.get(QUOTE_HEADER)
        quote = None if token is None else read_token(parts.quote_secrets, token)
        choice = read_provider_choice(request.headers)
        try:
            submission = read_submission(caller, offered, limits, job_input, key, quote, choice)
        except QuoteExpired:
            if (made := await _made_before(parts, caller, key, quote)) is None:
                raise
            return made
        return await _admit(parts, caller, submission)

    return router


def _add_cancelling(router: APIRouter, parts: JobParts) -> None:
    @router.post("/v1/jobs/{job_id}/cancel", status_code=202, operation_id="cancel_job", responses=_READ)
    async def cancel_job(job_id: str, caller: Changer) -> Job:
        """Ask for a job to be stopped. What has its outcome already keeps it."""
        job = _of_now(await _own_job(parts.reads, caller, job_id))
        await parts.database.transact(request_cancel, caller.account_id, from_text("job", job.id))
        return job


def _add_reading(router: APIRouter, parts: JobParts) -> None:
    reads = parts.reads

    @router.get("/v1/jobs/{job_id}", operation_id="get_job", response_model=Job, responses=_READ | NOT_MODIFIED)
    async def get_job(job_id: str, caller: Reader, if_none_match: IfNoneMatch = None) -> Response:
        """One job of the account."""
        shown = await _own_job(reads, caller, job_id)
        job = parts.places.placed(shown.job)
        answer = conditional(job.model_dump_json(), if_none_match, state=state_of(job))
        return marked(answer, shown.mark)

    @router.get(
        "/v1/jobs/{job_id}/receipt",
        operation_id="get_job_receipt",
        response_model=Receipt,
        responses=_RECEIPT | NOT_MODIFIED,
    )
    async def get_receipt(job_id: str, caller: Reader, if_none_match: IfNoneMatch = None) -> Response:
        """What the job cost and why: what was held, what was bought for it, what was charged and what came back."""
        job = _of_now(await _own_job(reads, caller, job_id))
        receipt = receipt_of(job, await parts.ledger.facts(caller, job))
        return conditional(receipt.model_dump_json(), if_none_match)

    @router.get("/v1/jobs", operation_id="list_jobs", response_model=JobPage, responses=_LIST | NOT_MODIFIED)
    async def list_jobs(
        caller: Lister,
        kind: Annotated[str | None, Query(max_length=100, pattern="^[a-z0-9-]+$")] = None,
        status: JobStatus | None = None,
        created_after: Moment | None = None,
        created_before: Moment | None = None,
        best_of: Annotated[bool, Query(description=_BEST_OF)] = False,
        cursor: Annotated[str | None, Query(max_length=100)] = None,
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 20,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """The account's jobs, newest first."""
        wanted = read_model.JobFilter(
            kind=kind,
            status=status,
            created_after=created_after,
            created_before=created_before,
            before=None if cursor is None else _cursor(cursor),
            best_of=best_of,
        )
        found = await reads.many(caller.account_id, wanted, limit + 1)
        items = [parts.places.placed(job) for job in found.jobs[:limit]]
        page = JobPage(items=items, next_cursor=items[-1].id if len(found.jobs) > limit else None)
        return marked(conditional(page.model_dump_json(), if_none_match, state=state_of_page(page)), found.mark)


async def _admit(parts: JobParts, caller: Caller, submission: Submission) -> Response:
    verdict, word = await parts.admission.submit(submission)
    if isinstance(verdict, Refused) and verdict.rule == "credits":
        await parts.credit_hint.confirm(caller, submission.price_credits)
        verdict, word = await parts.admission.submit(submission)
    if isinstance(verdict, Refused):
        raise_refusal(verdict)
    if isinstance(word, CreditsRefused):
        raise InsufficientCredits(word.required_credits, word.available_credits)
    if verdict.held is not None:
        held = ShownJob(held_answer(verdict.held), Mark("database"))
        parts.reads.remember(caller.account_id, held.job)
        return _replayed(held) if verdict.replayed else _accepted(held, rate_headers(verdict.rate))
    if verdict.replayed:
        return _replayed(await _own_job(parts.reads, caller, to_text("job", verdict.job_id)))
    job = _first_answer(submission, word, parts.figures)
    parts.reads.remember(caller.account_id, job)
    return _accepted(ShownJob(job), rate_headers(verdict.rate))


async def _made_before(parts: JobParts, caller: Caller, key: str | None, quote: Quote | None) -> Response | None:
    """The job that this key and quote made while the quote was valid: whoever lost that answer asks again."""
    made = await find_by_key(parts.database, caller.account_id, key) if key is not None and quote is not None else None
    if made is None or quote is None:
        return None
    job_id, request_hash = made
    if request_hash != quote.request_hash:
        raise IdempotencyMismatch(job_id=to_text("job", job_id))
    return _replayed(await _own_job(parts.reads, caller, to_text("job", job_id)))


async def _own_job(reads: JobReads, caller: Caller, job_id: str) -> ShownJob:
    try:
        parsed = from_text("job", job_id)
    except InvalidId:
        raise NotFound from None
    shown = await reads.one(caller.account_id, parsed)
    if shown is None:
        raise NotFound
    return shown


def _of_now(shown: ShownJob) -> Job:
    """The job, where its present state is known.

    Raises:
        Degraded: only what was known of it before is.
    """
    if shown.mark is not None:
        raise Degraded(retry_after_seconds=5)
    return shown.job


def _replayed(shown: ShownJob) -> Response:
    return _accepted(shown, {"Idempotent-Replayed": "true"})


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


def _accepted(shown: ShownJob, headers: dict[str, str]) -> Response:
    answer = Response(
        shown.job.model_dump_json(),
        status_code=202,
        media_type="application/json",
        headers={"Location": f"/v1/jobs/{shown.job.id}", **headers},
    )
    return marked(answer, shown.mark)


def _cursor(text: str) -> Any:
    try:
        return from_text("job", text)
    except InvalidId:
        raise ValidationFailed(
            [{"pointer": "/query/cursor", "detail": "is not a cursor of this list", "code": "invalid"}]
        ) from None
