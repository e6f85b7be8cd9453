"""The SQL of accepting jobs: a whole batch of jobs and their outbox rows in one statement."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from common.db.database import Database
from gateway.jobs.submission import Accepted, Refused, Submission

_ACCEPT = text(
    """
    WITH submitted AS (
        SELECT * FROM unnest(
            CAST(:job_ids AS uuid[]), CAST(:accounts AS uuid[]), CAST(:kinds AS text[]), CAST(:classes AS text[]),
            CAST(:prices AS bigint[]), CAST(:inputs AS text[]), CAST(:keys AS text[]), CAST(:hashes AS bytea[]),
            CAST(:created AS timestamptz[]), CAST(:deadlines AS timestamptz[]), CAST(:traceparents AS text[]),
            CAST(:event_ids AS uuid[]), CAST(:bodies AS text[])
        ) AS row (job_id, account_id, kind, job_class, price, input, key, hash, created_at, deadline_at, traceparent,
                  event_id, body)
    ), accepted AS (
        INSERT INTO jobs (job_id, account_id, kind, job_class, status, rank, price_credits, input, idempotency_key,
                          request_hash, created_at, deadline_at, traceparent)
        SELECT job_id, account_id, kind, job_class, 'submitted', 0, price, CAST(input AS jsonb), key, hash, created_at,
               deadline_at, traceparent
        FROM submitted
        ON CONFLICT DO NOTHING
        RETURNING job_id
    ), posted AS (
        INSERT INTO outbox (event_id, topic, type, body, traceparent)
        SELECT event_id, 'jobs', 'job.submitted', body, traceparent FROM submitted JOIN accepted USING (job_id)
    )
    SELECT job_id FROM accepted
    """
)
_FIRST = text(
    """
    SELECT job_id, account_id, idempotency_key, request_hash FROM jobs
    WHERE job_id = ANY(CAST(:job_ids AS uuid[]))
       OR (account_id, idempotency_key) IN (SELECT * FROM unnest(CAST(:accounts AS uuid[]), CAST(:keys AS text[])))
    """
)


async def accept(database: Database, submissions: Sequence[Submission]) -> list[Accepted | Refused | None]:
    """Make jobs durable with the events that tell of them; from here they exist whatever dies.

    One answer for each submission: accepted; or the job that its idempotency key made before; or refused because
    that key came with another body; or nothing, in the rare case that the key's first job was refused credits at
    this very moment, and the submission is to be tried again.
    """
    async with database.autocommit() as connection:
        new_ids = set((await connection.execute(_ACCEPT, _parameters(submissions))).scalars())
    database.publish([submission.record for submission in submissions if submission.job_id in new_ids])
    known = [submission for submission in submissions if submission.job_id not in new_ids]
    firsts = await _firsts(database, known) if known else []
    return [
        Accepted(submission.job_id, replayed=False, rate=None)
        if submission.job_id in new_ids
        else _found(submission, firsts)
        for submission in submissions
    ]


async def _firsts(database: Database, known: Sequence[Submission]) -> Sequence[Any]:
    async with database.autocommit() as connection:
        parameters = {
            "job_ids": [submission.job_id for submission in known],
            "accounts": [submission.account_id for submission in known],
            "keys": [submission.idempotency_key for submission in known],
        }
        return (await connection.execute(_FIRST, parameters)).all()


def _found(submission: Submission, firsts: Sequence[Any]) -> Accepted | Refused | None:
    """What is there instead: the submission itself (its commit had succeeded unseen), or the first use of its key."""
    for row in firsts:
        if row.job_id == submission.job_id:
            return Accepted(submission.job_id, replayed=False, rate=None)
        if (row.account_id, row.idempotency_key) == (submission.account_id, submission.idempotency_key):
            if row.request_hash != submission.request_hash:
                return Refused("key_reused", job_id=row.job_id)
            return Accepted(row.job_id, replayed=True, rate=None)
    return None


def _parameters(submissions: Sequence[Submission]) -> dict[str, list[object]]:
    return {
        "job_ids": [item.job_id for item in submissions],
        "accounts": [item.account_id for item in submissions],
        "kinds": [item.kind.name for item in submissions],
        "classes": [item.kind.job_class for item in submissions],
        "prices": [item.price_credits for item in submissions],
        "inputs": [item.input_text for item in submissions],
        "keys": [item.idempotency_key for item in submissions],
        "hashes": [item.request_hash for item in submissions],
        "created": [item.created_at for item in submissions],
        "deadlines": [item.deadline_at for item in submissions],
        "traceparents": [item.traceparent for item in submissions],
        "event_ids": [item.record.event_id for item in submissions],
        "bodies": [item.record.body for item in submissions],
    }
