"""Owns the stream of held submissions in Redis: capped, on the disk before it is answered, each taken out once."""

import asyncio
from collections.abc import Sequence
from importlib import resources
from typing import Any
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.degraded.held_form import HeldEntry, Summary, fields_of, job_field
from gateway.jobs.submission import HeldJob, Submission

log = structlog.get_logger(__name__)

KEY = "{gateway}:held-submissions"
BYTES_OF_ONE = 2048
"""What is permitted on average: together with the cap on entries, the cap on bytes."""
SET_ASIDE_MAX = 1000
SYNC_MS_MAX = 1000
READ_SECONDS_MAX = 0.5
WRITE_SECONDS_MAX = 2.0
LEASE_MS = 5000

_STREAM, _INDEX, _BYTES, _ASIDE, _LEASE = KEY, f"{KEY}:index", f"{KEY}:bytes", f"{KEY}:set-aside", f"{KEY}:replayer"
_LEASE_SCRIPT = """
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""


class NotDurable(Exception):
    """Redis did not confirm that it is on the disk; it was taken back."""


class HeldStream:
    """The held submissions of all replicas.

    Args:
        entries_max: how many may be held at once.
    """

    def __init__(self, redis: Redis, *, entries_max: int) -> None:
        self._redis = redis
        self._entries_max = entries_max
        scripts = resources.files("gateway.degraded")
        self._hold = redis.register_script(scripts.joinpath("hold.lua").read_text("utf-8"))
        self._release = redis.register_script(scripts.joinpath("release.lua").read_text("utf-8"))
        self._lease = redis.register_script(_LEASE_SCRIPT)

    async def hold(self, submissions: Sequence[Submission]) -> list[HeldJob | None]:
        """Hold submissions; what is held under each one's job id then, or nothing: no room.

        Raises:
            NotDurable: the append-only file is off, or not written within a second.
            redis.RedisError, TimeoutError, OSError: Redis does not answer.
        """
        async with asyncio.timeout(WRITE_SECONDS_MAX), self._redis.pipeline(transaction=False) as pipeline:
            for submission in submissions:
                await self._hold(keys=[_STREAM, _INDEX, _BYTES], args=self._arguments(submission), client=pipeline)
            pipeline.execute_command("WAITAOF", 1, 0, SYNC_MS_MAX)
            *answers, synced = await pipeline.execute(raise_on_error=False)
        failures = [answer for answer in answers if isinstance(answer, Exception)]
        if failures or isinstance(synced, Exception) or synced[0] < 1:
            await self._take_back(submissions, answers)
            raise failures[0] if failures else NotDurable(repr(synced)[:200])
        return [_outcome(*pair) for pair in zip(submissions, answers, strict=True)]

    async def find(self, account_id: UUID, job_id: UUID) -> HeldJob | None:
        """A held job.

        Raises:
            redis.RedisError, TimeoutError, OSError: Redis does not answer.
        """
        async with asyncio.timeout(READ_SECONDS_MAX):
            summary = await self._redis.hget(_INDEX, job_field(account_id.hex, job_id.hex))  # type: ignore[misc]
        return None if summary is None else Summary.read(summary)

    async def find_by_ids(self, jobs: Sequence[tuple[UUID, UUID]]) -> list[HeldJob | None]:
        """As `find`, for several pairs of account and job."""
        names = [job_field(account_id.hex, job_id.hex) for account_id, job_id in jobs]
        async with asyncio.timeout(READ_SECONDS_MAX):
            summaries = await self._redis.hmget(_INDEX, names)  # type: ignore[misc]
        return [None if summary is None else Summary.read(summary) for summary in summaries]

    async def read(self, after: bytes | None, count: int) -> list[HeldEntry]:
        """Entries after one, oldest first."""
        start = "-" if after is None else f"({after.decode()}"
        async with asyncio.timeout(WRITE_SECONDS_MAX):
            found = await self._redis.xrange(_STREAM, min=start, count=count)
        return [HeldEntry(entry_id, fields) for entry_id, fields in found]

    async def lengths(self) -> tuple[int, int]:
        """How many submissions are held, and how many were set aside."""
        async with asyncio.timeout(READ_SECONDS_MAX), self._redis.pipeline(transaction=False) as pipeline:
            pipeline.xlen(_STREAM)
            pipeline.xlen(_ASIDE)
            held, aside = await pipeline.execute()
        return held, aside

    async def release(self, entries: Sequence[tuple[HeldEntry, str]]) -> int:
        """Take entries out, setting aside those that come with an error; says how many were still there."""
        async with asyncio.timeout(WRITE_SECONDS_MAX), self._redis.pipeline(transaction=False) as pipeline:
            for entry, error in entries:
                arguments: list[bytes | str | int] = [
                    entry.entry_id,
                    entry.job_field,
                    entry.size,
                    error,
                    SET_ASIDE_MAX,
                ]
                await self._release(keys=[_STREAM, _INDEX, _BYTES, _ASIDE], args=arguments, client=pipeline)
            return sum(await pipeline.execute())

    async def lease(self, owner: str) -> bool:
        """Whether this process is the one that replays, for the next seconds."""
        async with asyncio.timeout(READ_SECONDS_MAX):
            return bool(await self._lease(keys=[_LEASE], args=[owner, LEASE_MS]))

    def _arguments(self, submission: Submission) -> list[Any]:
        fields = fields_of(submission)
        return [
            self._entries_max,
            self._entries_max * BYTES_OF_ONE,
            job_field(submission.account_id.hex, submission.job_id.hex),
            Summary.of(submission).to_json(),
            len(fields["body"].encode()),
            *[part for pair in fields.items() for part in pair],
        ]

    async def _take_back(self, submissions: Sequence[Submission], answers: Sequence[Any]) -> None:
        """What was added is refused and must not become a job; where this fails too it may, as after any lost one."""
        added = [
            (HeldEntry(answer[1], {name.encode(): value.encode() for name, value in fields_of(submission).items()}), "")
            for submission, answer in zip(submissions, answers, strict=True)
            if not isinstance(answer, Exception) and answer[0] == b"held"
        ]
        try:
            await self.release(added)
        except (RedisError, TimeoutError, OSError) as error:
            log.warning("held_submissions_not_taken_back", count=len(added), error=repr(error)[:200])


def _outcome(submission: Submission, answer: list[bytes]) -> HeldJob | None:
    verdict, told = answer
    if verdict == b"full":
        return None
    return Summary.read(told if verdict == b"known" else Summary.of(submission).to_json().encode())
