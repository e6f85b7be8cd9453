"""The SQL of the account event log."""

import asyncio
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from notifier.feed.rules import Feed, JobState

# The no-op update locks the rows; the ORDER BY gives all writers one order of locking.
_LOCK_FEEDS = text(
    """
    INSERT INTO feeds AS feed (account_id)
    SELECT account_id FROM unnest(CAST(:ids AS uuid[])) AS wanted (account_id) ORDER BY account_id
    ON CONFLICT (account_id) DO UPDATE SET last_sequence = feed.last_sequence
    RETURNING feed.account_id, feed.last_sequence, feed.balance_version, feed.closed_at IS NOT NULL AS closed
    """
)
_LOAD_JOBS = text(
    """
    SELECT job_id, account_id, kind, held_credits, attempt, progress_sequence, outcome, settlement,
           captured_credits, released_credits, closed_sequence, reason, file
    FROM job_states WHERE job_id = ANY(CAST(:ids AS uuid[]))
    """
)
_SAVE_FEEDS = text(
    """
    UPDATE feeds SET last_sequence = changed.last_sequence, balance_version = changed.balance_version
    FROM unnest(CAST(:ids AS uuid[]), CAST(:sequences AS bigint[]), CAST(:versions AS bigint[]))
        AS changed (account_id, last_sequence, balance_version)
    WHERE feeds.account_id = changed.account_id
    """
)
_SAVE_JOBS = text(
    """
    INSERT INTO job_states (job_id, account_id, kind, held_credits, attempt, progress_sequence, outcome,
                            settlement, captured_credits, released_credits, closed_sequence, reason, file)
    SELECT job_id, account_id, kind, held_credits, attempt, progress_sequence, outcome,
           settlement, captured_credits, released_credits, closed_sequence, reason, CAST(file AS jsonb)
    FROM unnest(
        CAST(:job_ids AS uuid[]), CAST(:account_ids AS uuid[]), CAST(:kinds AS text[]),
        CAST(:held AS bigint[]), CAST(:attempts AS integer[]), CAST(:progress AS bigint[]),
        CAST(:outcomes AS text[]),
        CAST(:settlements AS text[]), CAST(:captured AS bigint[]), CAST(:released AS bigint[]),
        CAST(:closed AS bigint[]), CAST(:reasons AS text[]), CAST(:files AS text[])
    ) AS job (job_id, account_id, kind, held_credits, attempt, progress_sequence, outcome,
              settlement, captured_credits, released_credits, closed_sequence, reason, file)
    ON CONFLICT (job_id) DO UPDATE SET
        kind = excluded.kind, held_credits = excluded.held_credits, attempt = excluded.attempt,
        progress_sequence = excluded.progress_sequence, outcome = excluded.outcome,
        settlement = excluded.settlement, captured_credits = excluded.captured_credits,
        released_credits = excluded.released_credits, closed_sequence = excluded.closed_sequence,
        reason = excluded.reason, file = excluded.file, updated_at = now()
    """
)
_APPEND = text(
    """
    INSERT INTO account_events (account_id, sequence, event_id, type, job_id, final, body, occurred_at)
    SELECT * FROM unnest(
        CAST(:account_ids AS uuid[]), CAST(:sequences AS bigint[]), CAST(:event_ids AS uuid[]),
        CAST(:types AS text[]), CAST(:job_ids AS uuid[]), CAST(:finals AS boolean[]), CAST(:bodies AS text[]),
        CAST(:times AS timestamptz[])
    )
    """
)
_CUT = text(
    """
    DELETE FROM account_events
    USING unnest(CAST(:ids AS uuid[]), CAST(:bounds AS bigint[])) AS cut (account_id, bound)
    WHERE account_events.account_id = cut.account_id AND sequence <= cut.bound
    """
)
_FORGET_EVENTS = text(
    """
    DELETE FROM account_events WHERE (account_id, sequence) IN (
        SELECT account_id, sequence FROM account_events
        WHERE created_at < now() - make_interval(days => :days) ORDER BY created_at LIMIT :limit
    )
    """
)
_FORGET_JOBS = text(
    """
    DELETE FROM job_states WHERE job_id IN (
        SELECT job_id FROM job_states
        WHERE updated_at < now() - make_interval(days => :days) ORDER BY updated_at LIMIT :limit
    )
    """
)
_COLUMNS = "account_id, sequence, event_id, type, job_id, final, body, occurred_at"
_READ_ACCOUNT = text(
    f"""
    SELECT {_COLUMNS} FROM account_events
    WHERE account_id = :account_id AND sequence > :after ORDER BY sequence LIMIT :limit
    """  # noqa: S608 - the columns are a constant
)
_READ_JOB = text(
    f"""
    SELECT {_COLUMNS} FROM account_events
    WHERE account_id = :account_id AND job_id = :job_id AND sequence > :after ORDER BY sequence LIMIT :limit
    """  # noqa: S608 - the columns are a constant
)
_BOUNDS = text(
    """
    SELECT last_sequence, coalesce(
        (SELECT min(sequence) FROM account_events WHERE account_events.account_id = feeds.account_id),
        last_sequence + 1) AS oldest_sequence
    FROM feeds WHERE account_id = :account_id
    """
)
_HEADS = text("SELECT account_id, last_sequence FROM feeds WHERE account_id = ANY(CAST(:ids AS uuid[]))")
_JOB = text("SELECT account_id, closed_sequence FROM job_states WHERE job_id = :job_id")


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One entry of an account's log; `body` is its JSON as every reader gets it."""

    account_id: UUID
    sequence: int
    event_id: UUID
    type: str
    job_id: UUID | None
    final: bool
    body: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Bounds:
    """The first entry still kept and the last one written; `oldest` is `last + 1` in an empty log."""

    oldest: int
    last: int

    def missed(self, after: int) -> bool:
        """Whether a reader who has seen everything up to `after` cannot be served without a gap."""
        return after + 1 < self.oldest or after > self.last


@dataclass(frozen=True, slots=True)
class JobOwner:
    """Whose job it is, and the number of its last event once everything is told."""

    account_id: UUID
    closed_sequence: int | None


async def lock_feeds(uow: UnitOfWork, account_ids: Collection[UUID]) -> dict[UUID, Feed]:
    """The feeds of these accounts, created where missing and locked in id order until the commit."""
    rows = await uow.rows(_LOCK_FEEDS, {"ids": sorted(account_ids)})
    return {row.account_id: Feed(**row._mapping) for row in rows}


async def load_jobs(uow: UnitOfWork, job_ids: Collection[UUID]) -> dict[UUID, JobState]:
    """What is known of these jobs; the lock on their accounts' feeds guards it."""
    if not job_ids:
        return {}
    rows = await uow.rows(_LOAD_JOBS, {"ids": sorted(job_ids)})
    return {row.job_id: JobState(**row._mapping) for row in rows}


async def save_feeds(uow: UnitOfWork, feeds: Iterable[Feed]) -> None:
    """Write the counters back."""
    changed = sorted(feeds, key=lambda feed: feed.account_id)
    await uow.execute(
        _SAVE_FEEDS,
        {
            "ids": [feed.account_id for feed in changed],
            "sequences": [feed.last_sequence for feed in changed],
            "versions": [feed.balance_version for feed in changed],
        },
    )


async def save_jobs(uow: UnitOfWork, states: Iterable[JobState]) -> None:
    """Write the jobs' states back."""
    jobs = sorted(states, key=lambda job: job.job_id)
    if not jobs:
        return
    await uow.execute(
        _SAVE_JOBS,
        {
            "job_ids": [job.job_id for job in jobs],
            "account_ids": [job.account_id for job in jobs],
            "kinds": [job.kind for job in jobs],
            "held": [job.held_credits for job in jobs],
            "attempts": [job.attempt for job in jobs],
            "progress": [job.progress_sequence for job in jobs],
            "outcomes": [job.outcome for job in jobs],
            "settlements": [job.settlement for job in jobs],
            "captured": [job.captured_credits for job in jobs],
            "released": [job.released_credits for job in jobs],
            "closed": [job.closed_sequence for job in jobs],
            "reasons": [job.reason for job in jobs],
            "files": [None if job.file is None else json.dumps(job.file) for job in jobs],
        },
    )


async def append(uow: UnitOfWork, events: Sequence[StoredEvent]) -> None:
    """Write log entries; their numbers were taken under the lock of `lock_feeds`."""
    await uow.execute(
        _APPEND,
        {
            "account_ids": [event.account_id for event in events],
            "sequences": [event.sequence for event in events],
            "event_ids": [event.event_id for event in events],
            "types": [event.type for event in events],
            "job_ids": [event.job_id for event in events],
            "finals": [event.final for event in events],
            "bodies": [event.body for event in events],
            "times": [event.occurred_at for event in events],
        },
    )


async def cut(uow: UnitOfWork, bounds: dict[UUID, int]) -> None:
    """Delete each account's entries up to and including its bound."""
    await uow.execute(_CUT, {"ids": list(bounds), "bounds": list(bounds.values())})


async def forget(database: Database, *, event_days: int, job_days: int, limit: int) -> int:
    """Delete up to `limit` old log entries and job states each; the answer is the larger count."""
    async with database.autocommit() as connection:
        events = await connection.execute(_FORGET_EVENTS, {"days": event_days, "limit": limit})
        jobs = await connection.execute(_FORGET_JOBS, {"days": job_days, "limit": limit})
    return max(events.rowcount, jobs.rowcount)


class LogReader:
    """Reads of the log, for streams and pages, so many at a time that writers always find a connection.

    Every read of entries is bound to one account.
    """

    def __init__(self, database: Database, *, reads_max: int) -> None:
        self._database = database
        self._slots = asyncio.Semaphore(reads_max)

    async def read(self, account_id: UUID, job_id: UUID | None, after: int, limit: int) -> list[StoredEvent]:
        """The next entries after a number, oldest first; of one job when `job_id` is given."""
        statement = _READ_ACCOUNT if job_id is None else _READ_JOB
        parameters = {"account_id": account_id, "job_id": job_id, "after": after, "limit": limit}
        if job_id is None:
            del parameters["job_id"]
        async with self._slots, self._database.autocommit() as connection:
            rows = (await connection.execute(statement, parameters)).all()
        return [StoredEvent(**row._mapping) for row in rows]

    async def bounds(self, account_id: UUID) -> Bounds:
        """Where an account's log begins and ends; (1, 0) for an account nothing was told yet."""
        async with self._slots, self._database.autocommit() as connection:
            row = (await connection.execute(_BOUNDS, {"account_id": account_id})).first()
        return Bounds(1, 0) if row is None else Bounds(row.oldest_sequence, row.last_sequence)

    async def heads(self, account_ids: Collection[UUID]) -> dict[UUID, int]:
        """The last number of each of these accounts."""
        async with self._slots, self._database.autocommit() as connection:
            rows = (await connection.execute(_HEADS, {"ids": list(account_ids)})).all()
        return {row.account_id: row.last_sequence for row in rows}

    async def job(self, job_id: UUID) -> JobOwner | None:
        """Whose job it is; nothing when no event of it has arrived."""
        async with self._slots, self._database.autocommit() as connection:
            row = (await connection.execute(_JOB, {"job_id": job_id})).first()
        return None if row is None else JobOwner(row.account_id, row.closed_sequence)
