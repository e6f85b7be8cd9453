"""An account's limits, kept in Redis and decided in one script for each submission.

The counters are a projection: after Redis was emptied they are seeded again from the jobs in Postgres. While Redis is
away each process permits a small share by itself.
"""

import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError, ResponseError
from sqlalchemy import text

from common.db.database import Database, is_transient
from gateway.degraded.promptly import promptly
from gateway.jobs.submission import FirstUse, RateState, Refused, Submission

log = structlog.get_logger(__name__)

KEY_SECONDS = 24 * 3600
CLICK_SECONDS = 5
IN_FLIGHT_SECONDS = 6 * 3600
HINT_SECONDS = 60
SEEDED_SECONDS = 6 * 3600
SEED_SECONDS_MAX = 0.5
UNSEEDED_SECONDS = 30
"""How long counters are taken as they are found while the database cannot tell better."""
LOCAL_ACCOUNTS_MAX = 10_000
LOCAL_SHARE = 0.5

_SCRIPT = (Path(__file__).parent / "admission.lua").read_text(encoding="utf8")
_TAKE_BACK = """
if redis.call('ZREM', KEYS[1], ARGV[1]) == 1 then redis.call('DECR', KEYS[2]) end
if KEYS[3] and string.sub(redis.call('GET', KEYS[3]) or '', 1, #ARGV[1]) == ARGV[1] then redis.call('DEL', KEYS[3]) end
"""
_HINT = """
if tonumber(redis.call('HGET', KEYS[1], 'version') or '-1') < tonumber(ARGV[2]) then
  redis.call('HSET', KEYS[1], 'available', ARGV[1], 'version', ARGV[2])
  redis.call('EXPIRE', KEYS[1], ARGV[3])
end
"""
_OPEN_JOBS = text(
    """
    SELECT account_id, array_agg(job_id) FILTER (WHERE rank < 3) AS open,
           count(*) FILTER (WHERE created_at >= :midnight AND status <> 'rejected') AS today
    FROM jobs
    WHERE account_id = ANY(CAST(:account_ids AS uuid[])) AND (rank < 3 OR created_at >= :midnight)
    GROUP BY account_id
    """
)

_ENDED = text("SELECT job_id FROM jobs WHERE job_id = ANY(CAST(:job_ids AS uuid[])) AND rank = 3")


class AccountKeys:
    """The Redis keys of one account, all with its hash tag."""

    def __init__(self, account_id: UUID) -> None:
        prefix = f"atelier:{{{account_id.hex}}}"
        self.seeded = f"{prefix}:seeded"
        self.rate = f"{prefix}:rate"
        self.in_flight = f"{prefix}:in-flight"
        self.credits = f"{prefix}:credits"
        self._prefix = prefix

    def rate_of(self, part: str) -> str:
        """The rate of one user or one key of the account."""
        return f"{self.rate}:{part}"

    def today(self, moment: datetime) -> str:
        """Jobs of the day (UTC)."""
        return f"{self._prefix}:day:{moment:%Y%m%d}"

    def repeat(self, submission: Submission) -> str:
        """What recognises the same submission: its idempotency key, else its content."""
        if submission.idempotency_key is not None:
            return self.idempotency(submission.idempotency_key)
        return f"{self._prefix}:click:{submission.request_hash.hex()}"

    def idempotency(self, key: str) -> str:
        """What remembers the job of an idempotency key."""
        return f"{self._prefix}:key:{key}"


class Limits:
    """Decides submissions against the plan's numbers."""

    def __init__(self, redis: Redis, database: Database) -> None:
        self._redis = redis
        self._database = database
        self._sha: str | None = None
        self._local = LocalLimits()

    async def decide(self, submissions: Sequence[Submission]) -> list[RateState | Refused]:
        """One answer for each submission. Those that are admitted are counted.

        Raises:
            redis.RedisError: Redis does not answer; `decide_locally` is what is left.
        """
        answers = await self._evaluate(submissions)
        cold = [submission for submission, answer in zip(submissions, answers, strict=True) if answer[0] == b"cold"]
        if cold:
            await self._seed_if_possible({submission.account_id for submission in cold})
            again = iter(await self._evaluate(cold))
            answers = [next(again) if answer[0] == b"cold" else answer for answer in answers]
            if any(answer[0] == b"cold" for answer in answers):
                raise ResponseError("Redis was emptied while the counters were being seeded")
        return [_outcome(*pair) for pair in zip(submissions, answers, strict=True)]

    def decide_locally(self, submissions: Sequence[Submission]) -> list[RateState | Refused]:
        """Without Redis: a part of the rate, in this process alone; the ledger still decides about credits."""
        return [self._local.decide(submission) for submission in submissions]

    async def seed(self, account_ids: set[UUID]) -> None:
        """Count anew from the jobs in Postgres."""
        now = datetime.now(UTC)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        async with self._database.autocommit() as connection:
            parameters = {"account_ids": list(account_ids), "midnight": midnight}
            rows = {row.account_id: row for row in await connection.execute(_OPEN_JOBS, parameters)}
        forgotten_at = (now + timedelta(seconds=IN_FLIGHT_SECONDS)).timestamp() * 1000
        async with self._redis.pipeline(transaction=False) as pipeline:
            for account_id in account_ids:
                keys, row = AccountKeys(account_id), rows.get(account_id)
                if row is not None and row.open:
                    pipeline.zadd(keys.in_flight, {str(job_id): forgotten_at for job_id in row.open})
                    pipeline.expire(keys.in_flight, IN_FLIGHT_SECONDS)
                pipeline.set(keys.today(now), row.today if row is not None else 0, ex=2 * KEY_SECONDS, nx=True)
                pipeline.set(keys.seeded, 1, ex=SEEDED_SECONDS)
            await pipeline.execute()

    async def _seed_if_possible(self, account_ids: set[UUID]) -> None:
        """Without the database the counters hold as they stand in Redis, which knows all since it was last emptied."""
        try:
            await promptly(self.seed(account_ids), SEED_SECONDS_MAX)
        except Exception as error:
            if isinstance(error, RedisError) or not is_transient(error):
                raise
            log.warning("limits_not_seeded", accounts=len(account_ids), error=repr(error)[:200])
            async with self._redis.pipeline(transaction=False) as pipeline:
                for account_id in account_ids:
                    pipeline.set(AccountKeys(account_id).seeded, 1, ex=UNSEEDED_SECONDS, nx=True)
                await pipeline.execute()

    async def _forget_finished(self, account_ids: set[UUID]) -> None:
        """Before a refusal for jobs in flight: take out those that have ended, should the word of it have been lost."""
        for account_id in account_ids:
            key = AccountKeys(account_id).in_flight
            members = [UUID(member.decode()) for member in await self._redis.zrange(key, 0, -1)]
            async with self._database.autocommit() as connection:
                ended = (await connection.execute(_ENDED, {"job_ids": members})).scalars().all()
            if ended:
                await self._redis.zrem(key, *[str(job_id) for job_id in ended])

    async def take_back(self, account_id: UUID, job_id: UUID, at: datetime, repeat_key: str | None = None) -> None:
        """A submission came to nothing: it does not count, and with `repeat_key` the same may be sent again."""
        keys = AccountKeys(account_id)
        names = [keys.in_flight, keys.today(at), *([repeat_key] if repeat_key else [])]
        await self._redis.eval(_TAKE_BACK, len(names), *names, str(job_id))  # type: ignore[misc]

    async def finished(self, account_id: UUID, job_id: UUID) -> None:
        """A job came to its end and is in flight no more."""
        await self._redis.zrem(AccountKeys(account_id).in_flight, str(job_id))

    async def hint_credits(self, account_id: UUID, available_credits: int, version: int) -> None:
        """Remember for a moment what the account has; it can only refuse early, and is confirmed before it does."""
        await self.hint_all({account_id: (version, available_credits)})

    async def hint_all(self, balances: Mapping[UUID, tuple[int, int]]) -> None:
        """As `hint_credits`, for many accounts in one round trip: their versions and available credits."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            for account_id, (version, available) in balances.items():
                key = AccountKeys(account_id).credits
                pipeline.eval(_HINT, 1, key, str(available), str(version), str(HINT_SECONDS))
            await pipeline.execute()

    async def forget_hint(self, account_id: UUID) -> None:
        """The hint was wrong."""
        await self._redis.delete(AccountKeys(account_id).credits)

    async def _evaluate(self, submissions: Sequence[Submission]) -> list[list[bytes]]:
        for _ in range(2):
            if self._sha is None:
                self._sha = await self._redis.script_load(_SCRIPT)
            async with self._redis.pipeline(transaction=False) as pipeline:
                for submission in submissions:
                    pipeline.evalsha(self._sha, 6 + len(submission.rates), *_arguments(submission))
                answers: list[Any] = await pipeline.execute(raise_on_error=False)
            failures = [answer for answer in answers if isinstance(answer, Exception)]
            if not failures:
                return answers
            if not isinstance(failures[0], NoScriptError):
                raise failures[0]
            self._sha = None
        raise failures[0]


class LocalLimits:
    """A bounded set of token buckets in this process, for the time without Redis."""

    def __init__(self) -> None:
        self._arrivals: OrderedDict[str, float] = OrderedDict()

    def decide(self, submission: Submission) -> RateState | Refused:
        """Half the plan's rate, and half of what a user or a key may, by arrival times as in the script."""
        keys, moment = AccountKeys(submission.account_id), time.monotonic()
        rates = [
            ("account", keys.rate, submission.limits.submissions_per_minute),
            *((rate.subject, keys.rate_of(rate.part), rate.per_minute) for rate in submission.rates),
        ]
        states: dict[str, RateState] = {}
        for subject, key, full_rate in rates:
            per_minute = max(1, int(full_rate * LOCAL_SHARE))
            interval = 60.0 / per_minute
            arrival = max(self._arrivals.get(key, 0.0), moment) + interval
            if arrival - moment > 60.0:
                wait = arrival - moment - 60.0
                return Refused("rate", limit=per_minute, retry_after_seconds=wait, subject=subject)
            left = int((moment + 60.0 - arrival) / interval + 0.001)
            states[key] = RateState(per_minute, max(left, 0), arrival - moment, local=True)
        for key, state in states.items():
            self._arrivals[key] = moment + state.reset_seconds
            self._arrivals.move_to_end(key)
        while len(self._arrivals) > LOCAL_ACCOUNTS_MAX:
            self._arrivals.popitem(last=False)
        return states[keys.rate]


def _arguments(submission: Submission) -> list[Any]:
    keys, limits = AccountKeys(submission.account_id), submission.limits
    by_key = submission.idempotency_key is not None
    midnight = (submission.created_at + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return [
        keys.seeded,
        keys.rate,
        keys.today(submission.created_at),
        keys.in_flight,
        keys.credits,
        keys.repeat(submission),
        *(keys.rate_of(rate.part) for rate in submission.rates),
        str(submission.job_id),
        limits.submissions_per_minute,
        limits.jobs_per_day,
        limits.jobs_in_flight,
        submission.price_credits,
        "key" if by_key else "click",
        (KEY_SECONDS if by_key else CLICK_SECONDS) * 1000,
        IN_FLIGHT_SECONDS * 1000,
        int((midnight - submission.created_at).total_seconds()),
        f"{submission.job_id}:{submission.request_hash.hex()}" if by_key else str(submission.job_id),
        *(rate.per_minute for rate in submission.rates),
    ]


def _too_fast(submission: Submission, wait_seconds: float, which: int) -> Refused:
    limit, subject = submission.limits.submissions_per_minute, "account"
    if which > 0:
        limit, subject = submission.rates[which - 1].per_minute, submission.rates[which - 1].subject
    return Refused("rate", limit=limit, retry_after_seconds=wait_seconds, subject=subject)


def _outcome(submission: Submission, answer: list[bytes]) -> RateState | Refused:
    verdict, first, second = (part.decode() for part in answer)
    limits = submission.limits
    match verdict:
        case "ok":
            return RateState(limits.submissions_per_minute, int(first), int(second) / 1000)
        case "replay":
            return RateState(limits.submissions_per_minute, 0, 0, FirstUse(UUID(first), bytes.fromhex(second) or None))
        case "click":
            return Refused("click", job_id=UUID(first))
        case "rate":
            return _too_fast(submission, int(first) / 1000, int(second))
        case "quota":
            seconds = (
                (submission.created_at + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
                - submission.created_at
            ).total_seconds()
            return Refused("quota", int(first), int(second), retry_after_seconds=seconds)
        case "in_flight":
            return Refused("in_flight", int(first), int(second), retry_after_seconds=5)
        case "credits":
            return Refused("credits", int(first), submission.price_credits)
    raise AssertionError(f"the admission script answered {verdict}")
