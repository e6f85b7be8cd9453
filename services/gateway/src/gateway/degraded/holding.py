"""Owns taking submissions while the database is away: each is held in Redis, or refused at once with nothing kept."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import structlog
from prometheus_client import Counter
from redis.exceptions import RedisError

from common.batching import Batcher, BatcherFull
from common.errors import Degraded
from common.ids import to_text
from gateway.degraded.held_form import under_id
from gateway.degraded.held_stream import HeldStream, NotDurable
from gateway.degraded.last_known import LastKnown
from gateway.jobs.limits import AccountKeys, Limits
from gateway.jobs.submission import Accepted, HeldJob, RateState, Refused, Submission, Verdict

log = structlog.get_logger(__name__)

BATCH_MAX = 128
WAITING_MAX = 1024
LANES = 4
TAKE_BACK_SECONDS_MAX = 0.5
FULL_RETRY_SECONDS = 15.0
AWAY_RETRY_SECONDS = 5.0

_outcomes = Counter("held_submissions_total", "What became of submissions without the database", ["outcome"])


class Holding:
    """Keeps submissions until the database is back (see `gateway.degraded.replaying`)."""

    def __init__(self, stream: HeldStream, last_known: LastKnown, limits: Limits) -> None:
        self._stream = stream
        self._last_known = last_known
        self._limits = limits
        self._adding: Batcher[Submission, HeldJob | None] = Batcher(
            stream.hold, batch_max=BATCH_MAX, waiting_max=WAITING_MAX, lanes=LANES
        )

    async def hold(self, submission: Submission, state: RateState) -> Verdict:
        """Keep a submission that is within its limits.

        One whose idempotency key Redis remembers is answered with what is known of the first job, or is held under
        that job's id: if the first one is in the database nothing more comes of it, and if it never got there it does.

        Raises:
            Degraded: it cannot be kept; nothing was, and nothing counts.
        """
        if state.local:  # the limits have not heard of it, and what key it repeats nobody knows
            raise _refusal("redis_away", AWAY_RETRY_SECONDS)
        first = state.first
        if first is not None:
            if first.request_hash is not None and first.request_hash != submission.request_hash:
                return Refused("key_reused", job_id=first.job_id)
            if await self._is_known(submission.account_id, first.job_id):
                return Accepted(first.job_id, replayed=True, rate=None)
        asked = submission if first is None else under_id(submission, first.job_id)
        try:
            held = await self._adding.submit(asked)
        except (NotDurable, BatcherFull, RedisError, TimeoutError, OSError) as error:
            log.warning("submission_not_held", error=repr(error)[:200])
            await self._take_back(submission, state)
            raise _refusal("not_held", AWAY_RETRY_SECONDS) from error
        if held is None:
            log.warning("held_submissions_full")
            await self._take_back(submission, state)
            raise _refusal("full", FULL_RETRY_SECONDS)
        verdict = _same_request(submission, held)
        return replace(verdict, rate=state) if isinstance(verdict, Accepted) and not verdict.replayed else verdict

    async def repeats(self, pairs: Sequence[tuple[Submission, RateState]]) -> dict[UUID, Verdict]:
        """Answers for submissions whose key's first use is held and not yet in the database, by their own ids.

        Costs a look into Redis where a key was seen before, and nothing for all others.
        """
        seen = [(item, state.first.job_id) for item, state in pairs if state.first is not None]
        if not seen:
            return {}
        try:
            held = await self._stream.find_by_ids([(item.account_id, job_id) for item, job_id in seen])
        except (RedisError, TimeoutError, OSError) as error:
            log.warning("held_submissions_not_searched", error=repr(error)[:200])
            return {}
        return {
            item.job_id: _same_request(item, found)
            for (item, _), found in zip(seen, held, strict=True)
            if found is not None
        }

    async def _is_known(self, account_id: UUID, job_id: UUID) -> bool:
        """Whether the first use's job can be shown, which means that it is durable."""
        try:
            if await self._stream.find(account_id, job_id) is not None:
                return False  # held itself: its summary tells more than what was shown of it
            return await self._last_known.find(account_id, to_text("job", job_id)) is not None
        except (RedisError, TimeoutError, OSError) as error:
            log.warning("last_known_not_read", error=repr(error)[:200])
            return False

    async def _take_back(self, submission: Submission, state: RateState) -> None:
        """What was refused does not count, and may be sent again."""
        if state.first is not None:
            return  # the limits counted the first use
        repeat = AccountKeys(submission.account_id).repeat(submission)
        try:
            async with asyncio.timeout(TAKE_BACK_SECONDS_MAX):
                await self._limits.take_back(submission.account_id, submission.job_id, submission.created_at, repeat)
        except (RedisError, TimeoutError, OSError) as error:
            log.warning("refusal_not_taken_back", error=repr(error)[:200])


def _same_request(submission: Submission, held: HeldJob) -> Accepted | Refused:
    if held.request_hash != submission.request_hash:
        return Refused("key_reused", job_id=held.job_id)
    _outcomes.labels("held" if held.job_id == submission.job_id else "repeated").inc()
    return Accepted(held.job_id, replayed=held.job_id != submission.job_id, rate=None, held=held)


def _refusal(outcome: str, retry_after_seconds: float) -> Degraded:
    _outcomes.labels(outcome).inc()
    return Degraded(
        "New work cannot be taken for the moment; nothing was kept.", retry_after_seconds=retry_after_seconds
    )
