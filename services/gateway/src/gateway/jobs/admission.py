"""Admission: limits, durability, and billing's word, for every submission of this process.

One script in Redis, then one statement in Postgres, each for a whole batch of submissions at once. Once the
statement has committed the job exists, whatever dies.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import structlog
from prometheus_client import Counter
from redis.exceptions import RedisError

from common.db.database import Database
from common.errors import DependencyUnavailable
from common.events.credits import CreditsRefused
from gateway.batching import Batcher, BatcherFull
from gateway.jobs.limits import AccountKeys, Limits
from gateway.jobs.storage import accept
from gateway.jobs.submission import Accepted, RateState, Refused, Submission, Verdict
from gateway.jobs.verdicts import Verdicts, Word

log = structlog.get_logger(__name__)

BATCH_MAX = 128
WAITING_MAX = 4096
REDIS_SECONDS_MAX = 2.0
ACCEPT_TRIES_MAX = 3

_submissions = Counter("job_submissions_total", "Submissions by how admission answered", ["outcome"])


class Admission:
    """What stands between a valid submission and its job."""

    def __init__(self, database: Database, limits: Limits, verdicts: Verdicts, *, verdict_seconds_max: float) -> None:
        self._database = database
        self._limits = limits
        self._verdicts = verdicts
        self._verdict_seconds_max = verdict_seconds_max
        self._deciding: Batcher[Submission, RateState | Refused] = Batcher(
            self._decide, batch_max=BATCH_MAX, waiting_max=WAITING_MAX, lanes=2
        )
        self._accepting: Batcher[Submission, Accepted | Refused | None] = Batcher(
            self._accept, batch_max=BATCH_MAX, waiting_max=WAITING_MAX, lanes=2
        )

    async def submit(self, submission: Submission) -> tuple[Verdict, Word | None]:
        """Admit a submission and wait a moment for billing's word on it.

        Raises:
            DependencyUnavailable: too much is waiting already, nothing was kept.
        """
        try:
            state = await self._deciding.submit(submission)
            if isinstance(state, Refused):
                _submissions.labels(state.rule).inc()
                return state, None
            with self._verdicts.expect(submission.job_id) as word:
                accepted = await self._make_durable(submission)
                if isinstance(accepted, Refused):
                    _submissions.labels(accepted.rule).inc()
                    return accepted, None
                if not accepted.replayed:
                    _submissions.labels("accepted").inc()
                    return replace(accepted, rate=state), await self._settle(submission, await self._wait(word))
        except BatcherFull:
            raise DependencyUnavailable("Too many submissions at once.", retry_after_seconds=1) from None
        _submissions.labels("replayed").inc()
        with self._verdicts.expect(accepted.job_id) as word:
            return accepted, await self._wait(word)

    async def _make_durable(self, submission: Submission) -> Accepted | Refused:
        for _ in range(ACCEPT_TRIES_MAX):
            accepted = await self._accepting.submit(submission)
            if accepted is not None:
                return accepted
        raise DependencyUnavailable("The first use of this key is just ending; try again.", retry_after_seconds=1)

    async def _wait(self, word: "asyncio.Future[Word]") -> Word | None:
        try:
            async with asyncio.timeout(self._verdict_seconds_max):
                return await asyncio.shield(word)
        except TimeoutError:
            return None

    async def _settle(self, submission: Submission, word: Word | None) -> Word | None:
        """A refusal does not count against limits, and neither burns the key nor blocks the same click."""
        if isinstance(word, CreditsRefused):
            try:
                async with asyncio.timeout(REDIS_SECONDS_MAX):
                    await self._limits.take_back(
                        submission.account_id,
                        submission.job_id,
                        submission.created_at,
                        AccountKeys(submission.account_id).repeat(submission),
                    )
            except (RedisError, TimeoutError, OSError) as error:
                log.warning("refusal_not_taken_back", error=repr(error)[:200])
        return word

    async def _decide(self, batch: Sequence[Submission]) -> Sequence[RateState | Refused]:
        try:
            async with asyncio.timeout(REDIS_SECONDS_MAX):
                return await self._limits.decide(batch)
        except (RedisError, TimeoutError, OSError) as error:
            log.warning("limits_without_redis", error=repr(error)[:200])
            return self._limits.decide_locally(batch)

    async def _accept(self, batch: Sequence[Submission]) -> Sequence[Accepted | Refused | None]:
        return await self._database.retry(accept, self._database, batch)
