"""The SQL of keeping files as long as plans say."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text

from common.db.unit_of_work import UnitOfWork
from generation.artefacts.retention_rules import Files, Holding, Look

_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext('generation.artefacts.retention'))")
# Whole accounts, so that one warning tells of all that is due. A plan without a row keeps files as the shortest does.
_DUE = text(
    """
    WITH accounts AS (
        SELECT account_id, min(files_due_at) AS since FROM (
            SELECT account_id, files_due_at FROM runs WHERE files_due_at <= :moment ORDER BY files_due_at LIMIT :limit
        ) AS first GROUP BY account_id
    )
    SELECT runs.job_id, runs.account_id, runs.kind, runs.files_state, runs.finished_at,
           runs.files_kept_until, runs.files_expire_on,
           coalesce((SELECT max(keep_days) FROM artefact_retentions WHERE plan IN (runs.plan, subscribers.plan)),
                    (SELECT min(keep_days) FROM artefact_retentions), 36500) AS keep_days,
           array_remove(ARRAY(
               SELECT DISTINCT substring(found.id #>> '{}' from '^([0-9a-f]{32})/')
               FROM (SELECT runs.result UNION ALL SELECT result FROM steps WHERE steps.job_id = runs.job_id)
                        AS stored (document),
                    jsonb_path_query(stored.document, 'strict $.**.id') AS found (id)
               WHERE jsonb_typeof(found.id) = 'string'), NULL) AS makers,
           state = 'completed' OR (state = 'cancelled' AND EXISTS (
               SELECT FROM steps WHERE steps.job_id = runs.job_id AND part_credits IS NOT NULL)) AS shown,
           EXISTS (SELECT FROM quotes WHERE quote_id = runs.job_id)
               OR EXISTS (SELECT FROM invoices WHERE invoice_id = runs.job_id) AS numbered,
           EXISTS (SELECT FROM artefact_deletions WHERE deletion_id = runs.job_id AND status = 'pending')
               AS deletions_open
    FROM runs JOIN accounts USING (account_id) LEFT JOIN subscribers USING (account_id)
    WHERE runs.files_due_at <= :moment
    ORDER BY accounts.since, account_id, runs.job_id LIMIT :limit FOR UPDATE OF runs SKIP LOCKED
    """
)
_WRITE = text(
    """
    UPDATE runs SET files_state = look.files, files_due_at = look.due_at, files_expire_on = look.expire_on
    FROM unnest(CAST(:jobs AS uuid[]), CAST(:files AS text[]), CAST(:due AS timestamptz[]), CAST(:expire AS date[]))
        AS look (job_id, files, due_at, expire_on)
    WHERE runs.job_id = look.job_id
    """
)
_KEEP_FOR_OTHERS = text(
    """
    UPDATE runs SET files_kept_until = greatest(files_kept_until, :day)
    WHERE job_id = ANY(:makers) AND account_id = :account_id AND files_kept_until IS DISTINCT FROM
          greatest(files_kept_until, :day)
    """
)
# As for a whole account: an artefact's id begins with its job's.
_COLLECT = text(
    """
    INSERT INTO artefact_deletions (deletion_id, artefact_id)
    SELECT DISTINCT job_id, found.id #>> '{}'
    FROM (
        SELECT job_id, result FROM runs WHERE job_id = :job_id AND result IS NOT NULL
        UNION ALL
        SELECT job_id, result FROM steps WHERE job_id = :job_id
    ) AS stored, jsonb_path_query(stored.result, 'strict $.**.id') AS found (id)
    WHERE jsonb_typeof(found.id) = 'string'
      AND starts_with(found.id #>> '{}', replace(CAST(job_id AS text), '-', '') || '/')
    ON CONFLICT DO NOTHING
    """
)
_FORGET_KEPT = text(
    "DELETE FROM kept_results WHERE account_id = :account_id AND strpos(CAST(document AS text), :maker) > 0"
)
_FORGET_ANSWERS = text(
    "DELETE FROM artefact_deletions WHERE deletion_id = :job_id AND status IN ('deleted', 'missing')"
)


async def may_look(uow: UnitOfWork) -> bool:
    """Whether this process looks now; one at a time does, so that an account is told once of all that is due."""
    row = await uow.first(_LOCK, {})
    return row is not None and bool(row[0])


async def lock_due(uow: UnitOfWork, moment: datetime, *, limit: int) -> list[Holding]:
    """Runs whose files are to be looked at, account by account, those waiting longest first."""
    return [
        Holding(
            job_id=row.job_id,
            account_id=row.account_id,
            kind=row.kind,
            shown=row.shown,
            files=Files(row.files_state),
            finished_at=row.finished_at,
            keep_days=row.keep_days,
            kept_until=row.files_kept_until,
            expire_on=row.files_expire_on,
            makers=tuple(UUID(maker) for maker in row.makers),
            numbered=row.numbered,
            deletions_open=row.deletions_open,
        )
        for row in await uow.rows(_DUE, {"moment": moment, "limit": limit})
    ]


async def write(uow: UnitOfWork, looks: Sequence[tuple[Holding, Look]]) -> None:
    """Write what the looks have led to."""
    await uow.execute(
        _WRITE,
        {
            "jobs": [holding.job_id for holding, _ in looks],
            "files": [look.files.value for _, look in looks],
            "due": [look.due_at for _, look in looks],
            "expire": [look.expire_on for _, look in looks],
        },
    )


async def keep_for_others(uow: UnitOfWork, account_id: UUID, makers: Iterable[UUID], day: date) -> None:
    """Files of these jobs are named by another job, and are kept as long as that one's."""
    await uow.execute(_KEEP_FOR_OTHERS, {"makers": list(makers), "account_id": account_id, "day": day})


async def let_go(uow: UnitOfWork, holding: Holding) -> None:
    """Have the run's own files deleted; no later job is given what points to them."""
    await uow.execute(_FORGET_KEPT, {"account_id": holding.account_id, "maker": f"{holding.job_id.hex}/"})
    await uow.execute(_COLLECT, {"job_id": holding.job_id})


async def forget_answers(uow: UnitOfWork, job_id: UUID) -> None:
    """The vendor has answered for all of them; what it refused stays on record."""
    await uow.execute(_FORGET_ANSWERS, {"job_id": job_id})
