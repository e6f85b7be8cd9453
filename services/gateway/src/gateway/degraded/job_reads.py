"""Owns reading jobs: from the database, and from what was last known where it does not answer."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, TypeVar
from uuid import UUID

import structlog
from pydantic import ValidationError
from redis.exceptions import RedisError

from common.db.database import Database, is_transient
from common.errors import Degraded
from common.ids import from_text, to_text
from gateway.degraded.held_stream import HeldStream
from gateway.degraded.last_known import Known, LastKnown
from gateway.degraded.marks import Mark
from gateway.degraded.outages import Outages
from gateway.degraded.storage import find_repeat
from gateway.jobs import read_model
from gateway.jobs.answers import Charge, Job
from gateway.jobs.read_model import JobFilter
from gateway.jobs.status import JobStatus
from gateway.jobs.submission import HeldJob

log = structlog.get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

READ_SECONDS_MAX = 3.0
RETRY_SECONDS = 5.0
PART = "database"


@dataclass(frozen=True, slots=True)
class ShownJob:
    """A job as it can be shown, and how the answer is marked."""

    job: Job
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class ShownJobs:
    """Jobs as they can be shown, newest first; the mark has the age of the oldest knowledge among them."""

    jobs: Sequence[Job]
    mark: Mark | None = None


class JobReads:
    """The jobs of accounts, whatever is away."""

    def __init__(self, database: Database, stream: HeldStream, last_known: LastKnown, outages: Outages) -> None:
        self._database = database
        self._stream = stream
        self._last_known = last_known
        self._outages = outages

    async def one(self, account_id: UUID, job_id: UUID) -> ShownJob | None:
        """One job of an account; nothing where there is none or it belongs to somebody else.

        Raises:
            Degraded: the database does not answer and nothing is known of the job.
        """
        try:
            job = await self._ask(read_model.get_job, account_id, job_id)
            if job is None:
                return await self._promised(account_id, job_id)
        except _Away:
            return await self._remembered(account_id, job_id)
        self.remember(account_id, job)
        return ShownJob(job)

    async def many(self, account_id: UUID, wanted: JobFilter, limit: int) -> ShownJobs:
        """An account's jobs, newest first, at most `limit`. What was last known is no more than was shown in a day.

        Raises:
            Degraded: the database does not answer and nothing is known of any job.
        """
        try:
            jobs = await self._ask(read_model.list_jobs, account_id, wanted, limit)
        except _Away:
            return await self._all_remembered(account_id, wanted, limit)
        self.remember(account_id, *jobs)
        return ShownJobs(jobs)

    def remember(self, account_id: UUID, *jobs: Job) -> None:
        """These were shown just now."""
        for job in jobs:
            self._last_known.note(account_id, job.id, job.model_dump_json)

    async def _ask(
        self, question: Callable[Concatenate[Database, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        try:
            asked = self._database.retry(question, self._database, *args, **kwargs)
            return await self._outages.database.race(asked, READ_SECONDS_MAX)
        except Exception as error:
            if not is_transient(error):
                raise
            self._outages.database.suspect()
            log.debug("jobs_not_read", error=repr(error)[:200])
            raise _Away from error

    async def _promised(self, account_id: UUID, job_id: UUID) -> ShownJob | None:
        """A job that is held and not yet in the database, or an id that stands for another job."""
        try:
            held = await self._stream.find(account_id, job_id)
        except (RedisError, TimeoutError, OSError) as error:
            log.debug("held_submissions_not_searched", error=repr(error)[:200])
            held = None
        if held is not None:
            return ShownJob(held_answer(held), Mark(PART))
        first = await self._ask(find_repeat, account_id, job_id)
        if first is None:
            # It may have been replayed between the two looks.
            job = await self._ask(read_model.get_job, account_id, job_id)
        else:
            job = await self._ask(read_model.get_job, account_id, first)
        return None if job is None else ShownJob(job)

    async def _remembered(self, account_id: UUID, job_id: UUID) -> ShownJob:
        try:
            held = await self._stream.find(account_id, job_id)
            known = None if held is not None else await self._last_known.find(account_id, to_text("job", job_id))
        except (RedisError, TimeoutError, OSError) as error:
            self._outages.redis.suspect()
            raise _nothing_known() from error
        if held is not None:
            return ShownJob(held_answer(held), Mark(PART, 0.0))
        job = None if known is None else _read(known)
        if known is None or job is None:
            raise _nothing_known()
        return ShownJob(job, Mark(PART, known.age_seconds))

    async def _all_remembered(self, account_id: UUID, wanted: JobFilter, limit: int) -> ShownJobs:
        try:
            known = await self._last_known.find_all(account_id)
        except (RedisError, TimeoutError, OSError) as error:
            self._outages.redis.suspect()
            raise _nothing_known() from error
        found = [(job, item.age_seconds) for item in known.values() if (job := _read(item)) is not None]
        if not found:
            raise _nothing_known()
        fitting = sorted((pair for pair in found if _fits(pair[0], wanted)), key=lambda pair: pair[0].id, reverse=True)
        shown = fitting[:limit]
        age = max(age for _, age in shown or found)
        return ShownJobs([job for job, _ in shown], Mark(PART, age))


def held_answer(held: HeldJob) -> Job:
    """How a held job is shown."""
    return Job(
        id=to_text("job", held.job_id),
        kind=held.kind,
        status=JobStatus.SUBMITTED,
        progress=0.0,
        charge=Charge(price=held.price_credits, held=0, charged=0, returned=0, settled=False),
        created_at=held.created_at,
    )


class _Away(Exception):
    """The database does not answer."""


def _nothing_known() -> Degraded:
    return Degraded("This cannot be looked up for the moment.", retry_after_seconds=RETRY_SECONDS)


def _read(known: Known) -> Job | None:
    """The job of a text; nothing for what is no job, or one in the form of another release."""
    try:
        return Job.model_validate_json(known.text)
    except ValidationError:
        return None


def _fits(job: Job, wanted: JobFilter) -> bool:
    return (
        (wanted.kind is None or job.kind == wanted.kind)
        and (wanted.status is None or job.status == wanted.status)
        and (wanted.created_after is None or job.created_at >= wanted.created_after)
        and (wanted.created_before is None or job.created_at < wanted.created_before)
        and (not wanted.best_of or (job.result or {}).get("best_of") is True)
        and (wanted.before is None or from_text("job", job.id) < wanted.before)
    )
