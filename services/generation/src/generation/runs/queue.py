"""Enters paid jobs as runs, each with its place in the fair order."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from common.bus.handlers import Received
from common.db.unit_of_work import UnitOfWork
from common.events.credits import CreditsHeld
from generation.runs.fairness import FairClocks, Tags
from generation.runs.json_text import to_json

_OPEN_CLOCKS = text(
    """
    INSERT INTO class_clocks (job_class) SELECT DISTINCT unnest(CAST(:classes AS text[])) ON CONFLICT DO NOTHING
    """
)
_CLASS_TIMES = text(
    """
    SELECT job_class, virtual_time FROM class_clocks WHERE job_class = ANY(CAST(:classes AS text[]))
    ORDER BY job_class FOR SHARE
    """
)
_LOCK_ACCOUNT_CLOCKS = text(
    """
    INSERT INTO account_clocks (job_class, account_id, virtual_finish)
    SELECT class, account, 0 FROM (
        SELECT DISTINCT * FROM unnest(CAST(:classes AS text[]), CAST(:accounts AS uuid[])) AS pair (class, account)
        ORDER BY 1, 2
    ) AS pairs
    ON CONFLICT (job_class, account_id) DO UPDATE SET virtual_finish = account_clocks.virtual_finish
    RETURNING job_class, account_id, virtual_finish
    """
)
_SAVE_ACCOUNT_CLOCKS = text(
    """
    UPDATE account_clocks SET virtual_finish = moved.finish
    FROM unnest(CAST(:classes AS text[]), CAST(:accounts AS uuid[]), CAST(:finishes AS float8[]))
        AS moved (job_class, account_id, finish)
    WHERE account_clocks.job_class = moved.job_class AND account_clocks.account_id = moved.account_id
    """
)
_INSERT_RUNS = text(
    """
    INSERT INTO runs (job_id, account_id, kind, job_class, input, held_credits, plan, weight, locale, state,
                      virtual_start, virtual_finish, deadline_at, traceparent, on_provider_down,
                      provider_wait_seconds)
    SELECT job_id, account_id, kind, job_class, CAST(input AS jsonb), held, plan, weight, locale, 'queued',
           virtual_start, virtual_finish, deadline_at, traceparent, on_provider_down, wait_seconds
    FROM unnest(
        CAST(:job_ids AS uuid[]), CAST(:accounts AS uuid[]), CAST(:kinds AS text[]), CAST(:classes AS text[]),
        CAST(:inputs AS text[]), CAST(:held AS bigint[]), CAST(:plans AS text[]), CAST(:weights AS integer[]),
        CAST(:locales AS text[]), CAST(:starts AS float8[]), CAST(:finishes AS float8[]),
        CAST(:deadlines AS timestamptz[]), CAST(:traceparents AS text[]), CAST(:on_down AS text[]),
        CAST(:wait_seconds AS integer[])
    ) AS paid (job_id, account_id, kind, job_class, input, held, plan, weight, locale, virtual_start,
               virtual_finish, deadline_at, traceparent, on_provider_down, wait_seconds)
    ON CONFLICT (job_id) DO NOTHING
    RETURNING job_id
    """
)


@dataclass(frozen=True, slots=True)
class Queued:
    """A run that has just entered the order."""

    received: Received[CreditsHeld]
    tags: Tags


async def enqueue_runs(uow: UnitOfWork, batch: Sequence[Received[CreditsHeld]]) -> list[Queued]:
    """Write a run for each paid job and answer those that are new, in the order of their payment."""
    events = [received.event for received in batch]
    pairs = {"classes": [e.job.job_class for e in events], "accounts": [e.account_id for e in events]}
    await uow.execute(_OPEN_CLOCKS, {"classes": pairs["classes"]})
    class_times = await uow.rows(_CLASS_TIMES, {"classes": pairs["classes"]})
    account_finishes = await uow.rows(_LOCK_ACCOUNT_CLOCKS, pairs)
    clocks = FairClocks(
        [(row.job_class, row.virtual_time) for row in class_times],
        [(row.job_class, row.account_id, row.virtual_finish) for row in account_finishes],
    )
    tags = [clocks.place(e.job.job_class, e.account_id, e.job.weight) for e in events]
    new_ids = await _insert(uow, batch, tags)
    await _save_clocks(uow, clocks)
    return [
        Queued(received, place)
        for received, place in zip(batch, tags, strict=True)
        if received.event.job.job_id in new_ids
    ]


async def _insert(uow: UnitOfWork, batch: Sequence[Received[CreditsHeld]], tags: Sequence[Tags]) -> set[UUID]:
    jobs = [received.event.job for received in batch]
    rows = await uow.rows(
        _INSERT_RUNS,
        {
            "job_ids": [job.job_id for job in jobs],
            "accounts": [received.event.account_id for received in batch],
            "kinds": [job.kind for job in jobs],
            "classes": [job.job_class for job in jobs],
            "inputs": [to_json(job.input) for job in jobs],
            "held": [received.event.amount_credits for received in batch],
            "plans": [job.plan for job in jobs],
            "weights": [job.weight for job in jobs],
            "locales": [job.locale for job in jobs],
            "starts": [place.virtual_start for place in tags],
            "finishes": [place.virtual_finish for place in tags],
            "deadlines": [job.deadline_at for job in jobs],
            "traceparents": [received.traceparent for received in batch],
            "on_down": [job.on_provider_down for job in jobs],
            "wait_seconds": [job.provider_wait_seconds for job in jobs],
        },
    )
    return {row.job_id for row in rows}


async def _save_clocks(uow: UnitOfWork, clocks: FairClocks) -> None:
    keys = sorted(clocks.account_finishes)
    await uow.execute(
        _SAVE_ACCOUNT_CLOCKS,
        {
            "classes": [job_class for job_class, _ in keys],
            "accounts": [account for _, account in keys],
            "finishes": [clocks.account_finishes[key] for key in keys],
        },
    )
