"""Admission: limits, durability, and billing's word, for every submission of this process.

One script in Redis, then one statement in Postgres, each for a whole batch of submissions at once. Once the
statement has committed the job exists, whatever dies.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import structlog
from prometheus_client import Counter
from redis.exceptions import RedisError

from common.batching import Batcher, BatcherFull
from common.db.database import Database, is_transient
from common.errors import DependencyUnavailable
from common.events.credits import CreditsRefused
from gateway.degraded.holding import Holding
from gateway.degraded.outages import Outages
from gateway.jobs.limits import AccountKeys, Limits
from gateway.jobs.storage import accept
from gateway.jobs.submission import Accepted, RateState, Refused, Submission, Undurable, Verdict
from gateway.jobs.verdicts import Verdicts, Word

log = structlog.get_logger(__name__)

BATCH_MAX = 128
WAITING_MAX = 4096
REDIS_SECONDS_MAX = 2.0
ACCEPT_TRIES_MAX = 3
LANES = 1
"""One batch at a time: what arrives meanwhile shares the next commit, and commits wait for the disk one by one."""
PACE_SECONDS = 0.02
"""Of submissions that come side by side, a batch begins so often: billing, the streams and the disk then see half as
many batches, each twice as large, and all are answered sooner for it (docs/benchmarks.md)."""
DURABLE_SECONDS_MAX = 3.0
"""The database's time for a batch, tries and all, while nothing shows that it is away; then submissions are held."""

_submissions = Counter("job_submissions_total", "Submissions by how admission answered", ["outcome"])


class Admission:
    """What stands between a valid submission and its job."""

    def __init__(
        self,
        database: Database,
        limits: Limits,
        verdicts: Verdicts,
        holding: Holding,
        outages: Outages,
        *,
        verdict_seconds_max: float,
    ) -> None:
        self._database = database
        self._limits = limits
        self._verdicts = verdicts
        self._holding = holding
        self._outages = outages
        self._verdict_seconds_max = verdict_seconds_max
        self._admitting: Batcher[Submission, Verdict | Undurable | None] = Batcher(
            self._admit, batch_max=BATCH_MAX, waiting_max=WAITING_MAX, lanes=LANES, pace_seconds=PACE_SECONDS
        )

    async def submit(self, submission: Submission) -> tuple[Verdict, Word | None]:
        """Admit a submission and wait a moment for billing's word on it.

        Raises:
            DependencyUnavailable: too much is waiting already, or the key's first use is just ending; nothing was kept.
            Degraded: the database is away, and the submission cannot be held; nothing was kept.
        """
        with self._verdicts.expect(submission.job_id) as word:
            try:
                verdict = await self._admitting.submit(submission)
            except BatcherFull:
                raise DependencyUnavailable("Too many submissions at once.", retry_after_seconds=1) from None
            if verdict is None:
                raise DependencyUnavailable(
                    "The first use of this key is just ending; try again.", retry_after_seconds=1
                )
            if isinstance(verdict, Undurable):
                verdict = await self._holding.hold(submission, verdict.state)
            if isinstance(verdict, Refused):
                _submissions.labels(verdict.rule).inc()
                return verdict, None
            if verdict.held is not None:
                _submissions.labels("held").inc()
                return verdict, None
            if not verdict.replayed:
                _submissions.labels("accepted").inc()
                return verdict, await self._settle(submission, await self._wait(word))
        _submissions.labels("replayed").inc()
        with self._verdicts.expect(verdict.job_id) as word:
            return verdict, await self._wait(word)

    async def _admit(self, batch: Sequence[Submission]) -> Sequence[Verdict | Undurable | None]:
        """Limits, then durability, for a whole batch; nothing for one whose key's first use kept ending just now."""
        states = await self._decide(batch)
        pairs = [(item, state) for item, state in zip(batch, states, strict=True) if isinstance(state, RateState)]
        kept: dict[UUID, Verdict | Undurable] = dict(await self._holding.repeats(pairs))
        open_ = [(item, state) for item, state in pairs if item.job_id not in kept]
        try:
            kept |= await self._make_durable([item for item, _ in open_]) if open_ else {}
        except Exception as error:
            if not is_transient(error):
                raise
            self._outages.database.suspect()
            log.warning("submissions_not_durable", count=len(open_), error=repr(error)[:200])
            kept |= {item.job_id: Undurable(state) for item, state in open_}
        return [_verdict(state, kept.get(item.job_id)) for item, state in zip(batch, states, strict=True)]

    async def _make_durable(self, open_: list[Submission]) -> dict[UUID, Accepted | Refused]:
        return await self._outages.database.race(self._keep(open_), DURABLE_SECONDS_MAX)

    async def _keep(self, open_: list[Submission]) -> dict[UUID, Accepted | Refused]:
        """Durability, for those within their limits."""
        durable: dict[UUID, Accepted | Refused] = {}
        for _ in range(ACCEPT_TRIES_MAX):
            if not open_:
                break
            found = await self._database.retry(accept, self._database, open_)
            durable |= {item.job_id: kept for item, kept in zip(open_, found, strict=True) if kept is not None}
            open_ = [item for item in open_ if item.job_id not in durable]
        return durable

    async def _wait(self, word: "asyncio.Future[Word]") -> Word | None:
        if self._outages.redis.is_away:
            return None
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
        if self._outages.redis.is_away:
            return self._limits.decide_locally(batch)
        try:
            async with asyncio.timeout(REDIS_SECONDS_MAX):
                return await self._limits.decide(batch)
        except (RedisError, TimeoutError, OSError) as error:
            self._outages.redis.suspect()
            log.warning("limits_without_redis", error=repr(error)[:200])
            return self._limits.decide_locally(batch)


def _verdict(state: RateState | Refused, kept: Verdict | Undurable | None) -> Verdict | Undurable | None:
    """The refusal of a limit, or what came of keeping the job, with the state of the rate where it is new."""
    if isinstance(state, Refused):
        return state
    return replace(kept, rate=state) if isinstance(kept, Accepted) and not kept.replayed else kept
