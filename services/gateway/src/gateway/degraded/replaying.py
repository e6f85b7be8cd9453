"""Owns bringing held submissions into the database once it is back, each exactly once.

One process at a time replays, by a lease in Redis. That is for order and thrift: what makes it once is that `accept`
knows a job by its id and by its idempotency key, and that an entry is taken out only after its job is durable. Two
that replay the same entry, or one that dies between the two steps, do no harm.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

import structlog
from prometheus_client import Counter, Gauge
from redis.exceptions import RedisError

from common.clock import now
from common.db.database import Database, is_transient
from gateway.degraded.held_form import HeldEntry, Unreadable, as_of
from gateway.degraded.held_stream import HeldStream
from gateway.degraded.outages import Outage
from gateway.degraded.storage import store_repeat
from gateway.jobs.storage import accept
from gateway.jobs.submission import Accepted, Refused, Submission

log = structlog.get_logger(__name__)

BATCH_MAX = 64
PAUSE_SECONDS = 0.5

_waiting = Gauge("held_submissions_waiting", "Submissions that wait for the database")
_aside = Gauge("held_submissions_set_aside", "Held submissions that could not be replayed and wait for an operator")
_replayed = Counter("held_submissions_replayed_total", "Held submissions by what came of them", ["outcome"])

Answer = Accepted | Refused | None


class Replayer:
    """Watches the held submissions; runs in every gateway process."""

    def __init__(self, database: Database, stream: HeldStream, outage: Outage) -> None:
        self._database = database
        self._stream = stream
        self._outage = outage
        self._name = uuid4().hex

    async def run(self) -> None:
        """Replay what is held, for ever, through every absence of database and Redis."""
        while True:
            try:
                await self.replay_all()
            except Exception as error:
                if not isinstance(error, RedisError) and not is_transient(error):
                    raise
                log.debug("held_submissions_wait", error=repr(error)[:200])
            await asyncio.sleep(PAUSE_SECONDS)

    async def replay_all(self) -> int:
        """One pass over all that is held; how many entries it took out.

        Raises:
            Exception: Redis or the database does not answer; what was not taken out stays.
        """
        waiting, aside = await self._stream.lengths()
        _waiting.set(waiting)
        _aside.set(aside)
        if not waiting or self._outage.is_away:
            return 0
        total, after = 0, None
        while await self._stream.lease(self._name):
            entries = await self._stream.read(after, BATCH_MAX)
            if not entries:
                break
            total += await self._replay(entries)
            after = entries[-1].entry_id
        if total:
            log.info("held_submissions_replayed", count=total)
            _waiting.set((await self._stream.lengths())[0])
        return total

    async def _replay(self, entries: Sequence[HeldEntry]) -> int:
        moment = now()
        readable: list[tuple[HeldEntry, Submission]] = []
        done: list[tuple[HeldEntry, str]] = []
        for entry in entries:
            try:
                readable.append((entry, as_of(entry.submission(), moment)))
            except Unreadable as error:
                done.append((entry, _set_aside(entry, error)))
        done += await self._accept(readable) if readable else []
        return await self._stream.release(done)

    async def _accept(self, held: Sequence[tuple[HeldEntry, Submission]]) -> list[tuple[HeldEntry, str]]:
        """Make a batch durable; the entries that are done with, each with its error or none."""
        submissions = [submission for _, submission in held]
        try:
            answers: Sequence[Answer] = await self._database.retry(accept, self._database, submissions)
        except Exception as error:
            if is_transient(error):
                raise
            if len(held) == 1:
                return [(held[0][0], _set_aside(held[0][0], error))]
            return [done for one in held for done in await self._accept([one])]
        settled = zip(held, answers, strict=True)
        return [(entry, "") for (entry, submission), answer in settled if await self._settle(submission, answer)]

    async def _settle(self, submission: Submission, answer: Answer) -> bool:
        """Keep what was promised under this id; whether the entry is done with."""
        if answer is None:  # the key's first use is just ending: the next pass sees it ended
            return False
        if isinstance(answer, Refused):
            # Redis had been emptied of the key, so another body was promised a job too. It gets one.
            log.warning("held_submission_without_its_key", job_id=str(submission.job_id), used_by=str(answer.job_id))
            await self._database.retry(accept, self._database, [replace(submission, idempotency_key=None)])
            _replayed.labels("without_key").inc()
        elif answer.job_id != submission.job_id:
            await store_repeat(self._database, submission.account_id, submission.job_id, answer.job_id)
            _replayed.labels("repeat").inc()
        else:
            _replayed.labels("job").inc()
        return True


def _set_aside(entry: HeldEntry, error: Exception) -> str:
    _replayed.labels("set_aside").inc()
    log.error(
        "held_submission_set_aside",
        entry_id=entry.entry_id.decode(),
        job_field=entry.job_field,
        error=repr(error)[:300],
    )
    return repr(error)[:500]
