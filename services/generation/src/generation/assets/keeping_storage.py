"""The SQL of letting assets go: what nobody uses, what was given up, what lies where uploads land."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from common.db.unit_of_work import UnitOfWork

_RETIRE = text(
    """
    UPDATE assets SET state = 'deleting', idempotency_key = NULL, size_bytes = NULL, next_try_at = now()
    WHERE asset_id IN (
        SELECT asset_id FROM assets
        WHERE (state = 'ready' AND used_at < now() - CAST(:unused_for AS interval))
           OR (state IN ('open', 'awaiting') AND upload_until < now())
        ORDER BY used_at LIMIT :limit FOR UPDATE SKIP LOCKED)
    """
)
_CLAIM = text(
    """
    UPDATE assets SET tries = tries + 1, next_try_at = now() + make_interval(secs => :lease_seconds)
    WHERE asset_id IN (
        SELECT asset_id FROM assets
        WHERE (state = 'deleting' OR (upload_key IS NOT NULL AND state IN ('ready', 'failed'))) AND next_try_at <= now()
        ORDER BY next_try_at LIMIT :limit FOR UPDATE SKIP LOCKED)
    RETURNING asset_id, state, storage_key, CASE WHEN upload_until < now() THEN upload_key END AS upload_key,
              upload_key IS NOT NULL AND upload_until >= now() AS upload_possible, tries
    """
)
_FORGET_UPLOAD = text(
    """
    UPDATE assets SET upload_key = NULL, tries = 0, next_try_at = now()
    WHERE asset_id = :asset_id AND upload_until < now()
    """
)
_DELETED = text(
    """
    UPDATE assets SET state = 'deleted', upload_key = NULL, sha256 = NULL, received_sha256 = NULL
    WHERE asset_id = :asset_id AND state = 'deleting'
    """
)
_LATER = text(
    """
    UPDATE assets SET next_try_at = greatest(now() + make_interval(secs => :seconds),
                                             CASE WHEN :after_upload THEN upload_until + interval '1 second' END)
    WHERE asset_id = :asset_id
    """
)
_PURGE = text(
    """
    DELETE FROM assets WHERE asset_id IN (
        SELECT asset_id FROM assets WHERE state IN ('deleted', 'failed') AND upload_key IS NULL
          AND created_at < now() - interval '2 days' LIMIT :limit FOR UPDATE SKIP LOCKED)
    """
)


@dataclass(frozen=True, slots=True)
class Leaving:
    """What this process is to have deleted now.

    `upload_key` is set when nothing can be uploaded there any more, `upload_possible` while something still can.
    """

    asset_id: UUID
    state: str
    storage_key: str
    upload_key: str | None
    upload_possible: bool
    tries: int


async def retire(uow: UnitOfWork, *, unused_for: timedelta, limit: int) -> int:
    """Give up what no job has used for so long, and uploads that came to no end; how many."""
    return int((await uow.execute(_RETIRE, {"unused_for": unused_for, "limit": limit})).rowcount)


async def claim(uow: UnitOfWork, *, lease_seconds: float, limit: int) -> Sequence[Leaving]:
    """Take some that are due."""
    rows = await uow.rows(_CLAIM, {"lease_seconds": lease_seconds, "limit": limit})
    return [
        Leaving(row.asset_id, row.state, row.storage_key, row.upload_key, row.upload_possible, row.tries)
        for row in rows
    ]


async def forget_upload(uow: UnitOfWork, asset_id: UUID) -> None:
    """Nothing lies where the upload landed."""
    await uow.execute(_FORGET_UPLOAD, {"asset_id": asset_id})


async def deleted(uow: UnitOfWork, asset_id: UUID) -> None:
    """Nothing of it is left in storage. The row stays for two days: it counts for the day's allowance."""
    await uow.execute(_DELETED, {"asset_id": asset_id})


async def later(uow: UnitOfWork, asset_id: UUID, seconds: float, after_upload: bool) -> None:
    """Look at it again after so long, or after the last upload could have come."""
    await uow.execute(_LATER, {"asset_id": asset_id, "seconds": seconds, "after_upload": after_upload})


async def purge(uow: UnitOfWork, *, limit: int) -> int:
    """Remove rows that count for nothing any more; how many."""
    return int((await uow.execute(_PURGE, {"limit": limit})).rowcount)
