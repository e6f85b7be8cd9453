"""What the public is shown of a job, and of a refusal."""

import math
from datetime import datetime, timedelta
from typing import Any, Never
from uuid import UUID

from pydantic import BaseModel, Field

from common.clock import now
from common.errors import (
    IdempotencyMismatch,
    InsufficientCredits,
    OperationInProgress,
    QuotaExceeded,
    RateLimited,
    TooManyInFlight,
)
from common.http.noted_headers import note_headers
from common.ids import to_text
from gateway.jobs.status import JobStatus
from gateway.jobs.submission import RateState, Refused


class Expectation(BaseModel):
    """An interval in seconds from now: half of the jobs are within `p50`, nine of ten within `p90`."""

    p50_seconds: float
    p90_seconds: float


class Queue(BaseModel):
    """The place in the order and what it means."""

    position: int = Field(description="How many jobs of the same class are before this one.")
    start: Expectation
    finish: Expectation
    estimated_start_at: datetime
    estimated_finish_at: datetime


class Charge(BaseModel):
    """What the job costs: set aside at submission, then charged or returned."""

    price: int
    held: int
    charged: int
    returned: int
    settled: bool


class JobError(BaseModel):
    """Why the job came to nothing."""

    code: str
    detail: str


class Attempt(BaseModel):
    """One call of a provider on behalf of the job."""

    step: str
    provider: str
    model: str
    outcome: str
    error_code: str | None = None
    duration_seconds: float
    cost_microusd: int | None = Field(default=None, description="What it cost the studio, in millionths of a dollar.")
    branch: str = Field(
        default="first",
        description="`first`: the provider of choice; `waited`: the same, after it was down; `fallback`: another in its"
        " place. See the header `On-Provider-Down`.",
    )


class Job(BaseModel):
    """A job."""

    id: str = Field(examples=["job_01k9zv4m5sfv8b2c3d4e5f6g7h"])
    kind: str
    status: JobStatus
    progress: float = Field(ge=0, le=1)
    message: str | None = Field(default=None, description="What is being done, for people.")
    queue: Queue | None = None
    charge: Charge
    result: dict[str, Any] | None = Field(
        default=None,
        description="Of the shape its kind declares. Of a cancelled job of which parts were delivered: `parts`, each"
        " with `name`, `credits` and `result`.",
    )
    error: JobError | None = None
    attempts: list[Attempt] = []
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    files_deleted_at: datetime | None = Field(
        default=None, description="When the result's files were deleted, having been kept as long as the plan says."
    )


class JobPage(BaseModel):
    """A page of jobs, newest first."""

    items: list[Job]
    next_cursor: str | None = None


_MOVING = {"estimated_start_at", "estimated_finish_at"}


def state_of(job: Job) -> str:
    """What a job's entity tag stands for: all that is shown, but for times that move with the clock alone."""
    return job.model_dump_json(exclude={"queue": _MOVING})


def state_of_page(page: JobPage) -> str:
    """What a page's entity tag stands for."""
    return page.model_dump_json(exclude={"items": {"__all__": {"queue": _MOVING}}})


def queue_of(wait: dict[str, Any] | None) -> Queue | None:
    """The public form of a run's `Wait`, if it has one."""
    return None if wait is None else queue_now(wait)


def queue_now(wait: dict[str, Any]) -> Queue:
    """The public form of a `Wait`, counted from now."""
    start50, start90 = wait["start_seconds_p50"], wait["start_seconds_p90"]
    finish50, finish90 = start50 + wait["duration_seconds_p50"], start90 + wait["duration_seconds_p90"]
    moment = now()
    return Queue(
        position=wait["position"],
        start=Expectation(p50_seconds=start50, p90_seconds=start90),
        finish=Expectation(p50_seconds=finish50, p90_seconds=finish90),
        estimated_start_at=moment + timedelta(seconds=start50),
        estimated_finish_at=moment + timedelta(seconds=finish50),
    )


def rate_headers(rate: RateState | None) -> dict[str, str]:
    """`RateLimit` and `RateLimit-Policy` (IETF httpapi draft: ratelimit headers)."""
    if rate is None:
        return {}
    return {
        "RateLimit": f'"submissions";r={rate.remaining};t={int(rate.reset_seconds + 0.999)}',
        "RateLimit-Policy": f'"submissions";q={rate.limit};w=60',
    }


def raise_refusal(refused: Refused) -> Never:
    """Turn a refusal into the problem the caller is told: the rule, its number, and when to try again.

    Raises:
        AppError: always.
    """
    note_headers(_headers_of(refused))
    wait = refused.retry_after_seconds
    match refused.rule:
        case "rate":
            raise RateLimited(
                f"At most {refused.limit} submissions a minute for one {refused.subject}.",
                retry_after_seconds=wait,
                rule="submissions_per_minute",
                subject=refused.subject,
                limit=refused.limit,
            )
        case "quota":
            raise QuotaExceeded(
                f"{refused.number} of {refused.limit} jobs of today are used.",
                retry_after_seconds=wait,
                rule="jobs_per_day",
                limit=refused.limit,
                used=refused.number,
            )
        case "in_flight":
            raise TooManyInFlight(
                f"{refused.number} of {refused.limit} jobs are in flight.",
                retry_after_seconds=wait,
                rule="jobs_in_flight",
                limit=refused.limit,
                in_flight=refused.number,
            )
        case "click":
            raise OperationInProgress(
                "The same job was submitted a moment ago.", job_id=_job_text(refused.job_id), retry_after_seconds=5
            )
        case "key_reused":
            raise IdempotencyMismatch(job_id=_job_text(refused.job_id))
        case "credits":
            raise InsufficientCredits(refused.limit, refused.number)


def _headers_of(refused: Refused) -> dict[str, str]:
    """`RateLimit` and `RateLimit-Policy` of a refusal by a limit; of the day's jobs where they are used up."""
    wait = math.ceil(refused.retry_after_seconds or 0)
    match refused.rule:
        case "rate":
            return {
                "ratelimit": f'"submissions";r=0;t={wait}',
                "ratelimit-policy": f'"submissions";q={refused.limit};w=60',
            }
        case "quota":
            return {"ratelimit": f'"jobs";r=0;t={wait}', "ratelimit-policy": f'"jobs";q={refused.limit};w=86400'}
        case "in_flight":
            return {"ratelimit": f'"in-flight";r=0;t={wait}', "ratelimit-policy": f'"in-flight";q={refused.limit}'}
    return {}


def _job_text(job_id: UUID | None) -> str | None:
    return to_text("job", job_id) if job_id is not None else None
