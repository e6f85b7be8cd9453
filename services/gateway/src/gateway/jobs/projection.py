"""The read model of jobs, kept from what billing and generation say, in whatever order it arrives.

A batch is folded into one row of news for each job and written by one statement, which is enough for a transaction of
its own: the inbox entries go with it.
"""

import json
from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.exc import DBAPIError

from common.bus.handlers import Received
from common.db.database import Database, sqlstate
from common.db.unit_of_work import UnitOfWork
from common.events.runs import RunCancelled, RunCompleted, RunFailed
from gateway.jobs.limit_notes import LimitNotes
from gateway.jobs.news import Fact, JobNews, balance_in, fold

_UNIQUE_VIOLATION = "23505"
NEWS_COLUMNS = {
    "job_ids": "job_id", "statuses": "status", "ranks": "rank", "held": "held", "waits": "wait", "attempt": "attempt",
    "started": "started_at", "told": "told_attempt", "progress": "progress", "messages": "message",
    "finished": "finished_at", "results": "result", "errors": "error", "attempts": "attempts", "charged": "charged",
    "returned": "returned", "settled": "settled_at",
}  # fmt: skip
"""The parameters of `APPLY_NEWS` with the columns they become."""
# `known` locks in id order, so that two consumers cannot deadlock, and remembers the key that a rejection frees.
# `early` keeps what is said of a job before the job itself (see `gateway.orders.early_news`).
APPLY_NEWS = text(
    """
    WITH claimed AS (
        INSERT INTO inbox (event_id) SELECT unnest(CAST(:event_ids AS uuid[]))
    ), news AS (
        SELECT * FROM unnest(
            CAST(:job_ids AS uuid[]), CAST(:statuses AS text[]), CAST(:ranks AS smallint[]), CAST(:held AS bigint[]),
            CAST(:waits AS text[]), CAST(:attempt AS integer[]), CAST(:started AS timestamptz[]),
            CAST(:told AS integer[]), CAST(:progress AS float8[]), CAST(:messages AS text[]),
            CAST(:finished AS timestamptz[]), CAST(:results AS text[]), CAST(:errors AS text[]),
            CAST(:attempts AS text[]), CAST(:charged AS bigint[]), CAST(:returned AS bigint[]),
            CAST(:settled AS timestamptz[])
        ) AS row (job_id, status, rank, held, wait, attempt, started_at, told_attempt, progress, message, finished_at,
                  result, error, attempts, charged, returned, settled_at)
    ), known AS (
        SELECT job_id, idempotency_key, jobs.rank < 3 AS open FROM jobs JOIN news USING (job_id)
        ORDER BY job_id FOR UPDATE OF jobs
    ), early AS (
        INSERT INTO early_news (job_id, news)
        SELECT job_id, to_jsonb(news) FROM news WHERE NOT EXISTS (SELECT FROM known WHERE known.job_id = news.job_id)
    ), changed AS (
        SELECT news.*, known.idempotency_key, open AND news.rank = 3 AS ends,
               open AND news.status = 'rejected' AS rejected
        FROM news JOIN known USING (job_id)
    )
    UPDATE jobs
    SET status = CASE WHEN changed.rank > jobs.rank THEN changed.status ELSE jobs.status END,
        rank = greatest(jobs.rank, changed.rank),
        held_credits = coalesce(changed.held, held_credits),
        wait = coalesce(CAST(changed.wait AS jsonb), jobs.wait),
        attempt = greatest(jobs.attempt, changed.attempt),
        started_at = least(jobs.started_at, changed.started_at),
        progress = CASE
            WHEN ends AND changed.status = 'succeeded' THEN 1
            WHEN told_attempt >= jobs.attempt AND changed.progress >= jobs.progress THEN changed.progress
            ELSE jobs.progress END,
        progress_message = CASE
            WHEN greatest(jobs.rank, changed.rank) = 3 THEN NULL
            WHEN told_attempt >= jobs.attempt AND changed.progress >= jobs.progress THEN changed.message
            ELSE progress_message END,
        finished_at = CASE WHEN ends THEN changed.finished_at ELSE jobs.finished_at END,
        result = CASE WHEN ends THEN CAST(changed.result AS jsonb) ELSE jobs.result END,
        error = CASE WHEN ends THEN CAST(changed.error AS jsonb) ELSE jobs.error END,
        attempts = CASE WHEN ends THEN CAST(changed.attempts AS jsonb) ELSE jobs.attempts END,
        charged_credits = coalesce(changed.charged, charged_credits),
        returned_credits = coalesce(changed.returned, returned_credits),
        settled_at = CASE WHEN rejected THEN changed.finished_at ELSE coalesce(changed.settled_at, jobs.settled_at) END,
        idempotency_key = CASE WHEN rejected THEN NULL ELSE jobs.idempotency_key END
    FROM changed WHERE jobs.job_id = changed.job_id
    RETURNING jobs.job_id, jobs.account_id, created_at, changed.idempotency_key AS freed_key, rejected
    """
)


class Projection:
    """Takes batches of facts into the read model, and tells the limits of them afterwards."""

    def __init__(self, notes: LimitNotes) -> None:
        self._notes = notes

    async def apply(self, batch: Sequence[Received[Fact]], uow: UnitOfWork) -> None:
        """Write what a batch says, whatever the types of its events."""
        events = [received.event for received in batch]
        rows = await uow.rows(APPLY_NEWS, _parameters(fold(events)))
        uow.after_commit(partial(self._tell, events, rows))

    async def apply_at_once(self, batch: Sequence[Received[Fact]], database: Database) -> bool:
        """As `apply`, as a transaction of one statement; False when an event was taken in before."""
        events = [received.event for received in batch]
        try:
            async with database.autocommit() as connection:
                parameters = _parameters(fold(events), [event.event_id for event in events])
                rows = (await connection.execute(APPLY_NEWS, parameters)).all()
        except DBAPIError as error:
            if sqlstate(error) == _UNIQUE_VIOLATION:
                return False
            raise
        self._tell(events, rows)
        return True

    def _tell(self, events: Sequence[Fact], rows: Sequence[Row[Any]]) -> None:
        for event in events:
            if isinstance(event, RunCompleted | RunFailed | RunCancelled):
                self._notes.finished(event.account_id, event.job_id)
            balance = balance_in(event)
            if balance is not None and event.account_id is not None:
                self._notes.balance(event.account_id, balance.available_credits, balance.version)
        for row in rows:
            if row.rejected:
                self._notes.refused(row.account_id, row.job_id, row.created_at, row.freed_key)


def _parameters(news: Sequence[JobNews], event_ids: Sequence[UUID] = ()) -> dict[str, list[Any]]:
    return {
        "event_ids": list(event_ids),
        "job_ids": [one.job_id for one in news],
        "statuses": [one.status.value for one in news],
        "ranks": [one.rank for one in news],
        "held": [one.held_credits for one in news],
        "waits": [_json(one.wait) for one in news],
        "attempt": [one.attempt for one in news],
        "started": [one.started_at for one in news],
        "told": [one.told_attempt for one in news],
        "progress": [one.progress for one in news],
        "messages": [one.message for one in news],
        "finished": [one.finished_at for one in news],
        "results": [_json(one.result) for one in news],
        "errors": [_json(one.error) for one in news],
        "attempts": [_json(one.attempts) for one in news],
        "charged": [one.charged_credits for one in news],
        "returned": [one.returned_credits for one in news],
        "settled": [one.settled_at for one in news],
    }


def _json(value: object) -> str | None:
    return None if value is None else json.dumps(value)
