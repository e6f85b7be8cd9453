"""The SQL of deleting artefacts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, text

from common.db.unit_of_work import UnitOfWork
from generation.documents import storage as documents
from generation.entitlements import storage as entitlements
from generation.kept.storage import forget
from generation.questionnaires import storage as questionnaires

_INSERT = text(
    """
    INSERT INTO account_deletions (deletion_id, account_id) VALUES (:deletion_id, :account_id)
    ON CONFLICT DO NOTHING
    """
)
_OPEN = text(
    """
    SELECT deletion_id, account_id, requested_at < now() - make_interval(secs => :settle_seconds) AS settled
    FROM account_deletions WHERE completed_at IS NULL ORDER BY requested_at LIMIT :limit FOR UPDATE SKIP LOCKED
    """
)
# What customers have brought goes too: at once, or where a direct upload may still come, when none can any more.
_COLLECT_ASSETS = text(
    """
    INSERT INTO artefact_deletions (deletion_id, artefact_id, next_try_at)
    SELECT CAST(:deletion_id AS uuid), stored.key, greatest(now(), stored.not_before)
    FROM assets, LATERAL (
        VALUES (storage_key, now()), (upload_key, upload_until + interval '1 second')
    ) AS stored (key, not_before)
    WHERE account_id = :account_id AND state <> 'deleted' AND stored.key IS NOT NULL
    ON CONFLICT DO NOTHING
    """
)
# Documents know their files too: a run that died after it issued one has told nobody else.
_COLLECT_DOCUMENTS = text(
    """
    INSERT INTO artefact_deletions (deletion_id, artefact_id)
    SELECT CAST(:deletion_id AS uuid), pdf ->> 'id' FROM (
        SELECT pdf FROM quotes WHERE account_id = :account_id
        UNION ALL SELECT pdf FROM invoices WHERE account_id = :account_id
    ) AS issued WHERE pdf IS NOT NULL
    ON CONFLICT DO NOTHING
    """
)
# An artefact's id begins with its job's, so no other `id` in a result is taken for one.
_COLLECT = text(
    """
    INSERT INTO artefact_deletions (deletion_id, artefact_id)
    SELECT DISTINCT CAST(:deletion_id AS uuid), found.id #>> '{}'
    FROM (
        SELECT job_id, result FROM runs WHERE account_id = :account_id AND result IS NOT NULL
        UNION ALL
        SELECT steps.job_id, steps.result FROM steps JOIN runs USING (job_id) WHERE account_id = :account_id
    ) AS stored, jsonb_path_query(stored.result, 'strict $.**.id') AS found (id)
    WHERE jsonb_typeof(found.id) = 'string'
      AND starts_with(found.id #>> '{}', replace(CAST(stored.job_id AS text), '-', '') || '/')
    ON CONFLICT DO NOTHING
    """
)
_CLAIM = text(
    """
    UPDATE artefact_deletions SET tries = tries + 1, next_try_at = now() + make_interval(secs => :lease_seconds)
    WHERE (deletion_id, artefact_id) IN (
        SELECT deletion_id, artefact_id FROM artefact_deletions
        WHERE status = 'pending' AND next_try_at <= now() ORDER BY next_try_at LIMIT :limit FOR UPDATE SKIP LOCKED)
    RETURNING deletion_id, artefact_id, tries
    """
)
_ANSWER = text(
    """
    UPDATE artefact_deletions SET status = :status, error = :error, answered_at = now()
    WHERE deletion_id = :deletion_id AND artefact_id = :artefact_id AND status = 'pending'
    """
)
_POSTPONE = text(
    """
    UPDATE artefact_deletions SET error = :error, next_try_at = now() + make_interval(secs => :pause_seconds)
    WHERE deletion_id = :deletion_id AND artefact_id = :artefact_id AND status = 'pending' AND tries = :tries
    """
)
_BUSY = text(
    """
    SELECT EXISTS (SELECT 1 FROM runs WHERE account_id = :account_id AND state IN ('queued', 'running'))
        OR EXISTS (SELECT 1 FROM assets WHERE account_id = :account_id AND state = 'open' AND upload_until > now())
        OR EXISTS (SELECT 1 FROM artefact_deletions WHERE deletion_id = :deletion_id AND status = 'pending')
    """
)
_SCRUB_STEPS = text(
    """
    UPDATE steps SET result = '{}' FROM runs
    WHERE runs.job_id = steps.job_id AND runs.account_id = :account_id
    """
)
_SCRUB_RUNS = text("UPDATE runs SET input = '{}', result = NULL, error_detail = NULL WHERE account_id = :account_id")
_FORGET_ASSETS = text("DELETE FROM assets WHERE account_id = :account_id")
_COMPLETE = text("UPDATE account_deletions SET completed_at = now() WHERE deletion_id = :deletion_id")
_COUNTS = text(
    """
    SELECT count(*) FILTER (WHERE status = 'deleted') AS deleted, count(*) FILTER (WHERE status = 'missing') AS missing,
           count(*) FILTER (WHERE status = 'refused') AS refused
    FROM artefact_deletions WHERE deletion_id = :deletion_id
    """
)

FinalAnswer = Literal["deleted", "missing", "refused"]


@dataclass(frozen=True, slots=True)
class ClaimedArtefact:
    """An artefact that this process is to have deleted now; `tries` counts this one."""

    deletion_id: UUID
    artefact_id: str
    tries: int


async def insert_deletion(uow: UnitOfWork, deletion_id: UUID, account_id: UUID) -> None:
    """Note that the artefacts of an account are to go."""
    await uow.execute(_INSERT, {"deletion_id": deletion_id, "account_id": account_id})


async def lock_open(uow: UnitOfWork, *, settle_seconds: float, limit: int) -> Sequence[Row[Any]]:
    """Deletions that are not complete and that nobody else looks after just now, oldest first."""
    return await uow.rows(_OPEN, {"settle_seconds": settle_seconds, "limit": limit})


async def collect(uow: UnitOfWork, deletion_id: UUID, account_id: UUID) -> int:
    """Enter what runs of the account have stored and what its customer has brought; how many are new."""
    parameters = {"deletion_id": deletion_id, "account_id": account_id}
    statements = (_COLLECT, _COLLECT_DOCUMENTS, _COLLECT_ASSETS)
    return sum([int((await uow.execute(statement, parameters)).rowcount) for statement in statements])


async def claim(uow: UnitOfWork, *, lease_seconds: float, limit: int) -> list[ClaimedArtefact]:
    """Take artefacts that are due."""
    rows = await uow.rows(_CLAIM, {"lease_seconds": lease_seconds, "limit": limit})
    return [ClaimedArtefact(row.deletion_id, row.artefact_id, row.tries) for row in rows]


async def answer(uow: UnitOfWork, artefact: ClaimedArtefact, status: FinalAnswer, error: str | None = None) -> None:
    """Record what the vendor said; the first answer stands."""
    parameters = {"deletion_id": artefact.deletion_id, "artefact_id": artefact.artefact_id}
    await uow.execute(_ANSWER, {**parameters, "status": status, "error": error})


async def postpone(uow: UnitOfWork, artefact: ClaimedArtefact, error: str, pause_seconds: float) -> None:
    """Ask again later."""
    parameters = {"deletion_id": artefact.deletion_id, "artefact_id": artefact.artefact_id, "tries": artefact.tries}
    await uow.execute(_POSTPONE, {**parameters, "error": error, "pause_seconds": pause_seconds})


async def is_busy(uow: UnitOfWork, deletion_id: UUID, account_id: UUID) -> bool:
    """Whether a run of the account is under way or an artefact without an answer."""
    row = await uow.first(_BUSY, {"deletion_id": deletion_id, "account_id": account_id})
    return row is None or bool(row[0])


async def complete(uow: UnitOfWork, deletion_id: UUID, account_id: UUID) -> Row[Any]:
    """Empty the account's runs of what was asked for and made, forget its assets; the counts of answers."""
    for statement in (_SCRUB_STEPS, _SCRUB_RUNS, _FORGET_ASSETS):
        await uow.execute(statement, {"account_id": account_id})
    await forget(uow, account_id)
    await entitlements.forget(uow, account_id)
    await questionnaires.forget(uow, account_id)
    await documents.forget(uow, account_id)
    await uow.execute(_COMPLETE, {"deletion_id": deletion_id})
    return (await uow.execute(_COUNTS, {"deletion_id": deletion_id})).one()
