"""The SQL of assets as their owners and jobs use them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from generation.assets.pictures import PictureFacts
from generation.assets.rules import Allowance, Reservation, picture_key, upload_key

_FACTS = (
    "asset_id, account_id, storage_key, version, media_type, width, height, size_bytes, sha256, created_at, used_at"
)
_LOCK_ACCOUNT = text(
    "SELECT pg_advisory_xact_lock(hashtextextended('assets ' || CAST(CAST(:account_id AS uuid) AS text), 0))"
)
_ALLOWANCE = text(
    """
    SELECT assets_per_day, bytes_max FROM asset_allowances
    WHERE plan IN (:plan, 'free') ORDER BY plan = :plan DESC LIMIT 1
    """
)
_HAS = text(
    """
    SELECT count(*) FILTER (WHERE created_at > now() - interval '1 day') AS today,
           count(*) FILTER (WHERE state = 'open' AND upload_until > now()) AS open,
           count(*) FILTER (WHERE state = 'awaiting' AND upload_until > now()) AS awaiting,
           coalesce(sum(size_bytes) FILTER (WHERE state = 'ready'), 0) AS bytes,
           extract(epoch FROM min(created_at) FILTER (WHERE created_at > now() - interval '1 day')
               + interval '1 day' - now()) AS next_seconds,
           EXISTS (SELECT 1 FROM account_deletions WHERE account_id = :account_id) AS closed
    FROM assets WHERE account_id = :account_id
    """
)
_BY_KEY = text(
    f"""
    SELECT {_FACTS}, state, received_sha256, upload_key, upload_until, upload_until <= now() AS lapsed FROM assets
    WHERE account_id = :account_id AND idempotency_key = :key
    """  # noqa: S608 - a constant
)
_INSERT = text(
    """
    INSERT INTO assets (asset_id, account_id, state, storage_key, upload_key, idempotency_key, upload_until)
    VALUES (:asset_id, :account_id, :state, :storage_key, :upload_key, :key, now() + make_interval(secs => :seconds))
    ON CONFLICT (asset_id) DO NOTHING
    """
)
_TAKE_UPLOAD = text(
    """
    UPDATE assets SET state = 'open' WHERE asset_id = :asset_id AND account_id = :account_id AND state = 'awaiting'
      AND upload_until > now() RETURNING upload_key
    """
)
_WAIT_AGAIN = text("UPDATE assets SET state = 'awaiting' WHERE asset_id = :asset_id AND state = 'open'")
_FINISH = text(
    f"""
    UPDATE assets SET state = 'ready', version = :version, media_type = :media_type, width = :width, height = :height,
        size_bytes = :size_bytes, sha256 = :sha256, received_sha256 = :received_sha256, used_at = now(),
        next_try_at = upload_until
    WHERE asset_id = :asset_id AND state = 'open' RETURNING {_FACTS}
    """  # noqa: S608 - a constant
)
_END = text(
    """
    UPDATE assets SET state = :state, idempotency_key = NULL, size_bytes = NULL, next_try_at = now()
    WHERE asset_id = :asset_id AND account_id = :account_id AND state = ANY(CAST(:states AS text[])) RETURNING asset_id
    """
)
_FIND = text(
    f"SELECT {_FACTS}, state, upload_until FROM assets"  # noqa: S608 - a constant
    " WHERE asset_id = :asset_id AND account_id = :account_id AND state <> 'deleted'"
)
_PAGE = text(
    f"""
    SELECT {_FACTS} FROM assets WHERE account_id = :account_id AND state = 'ready'
      AND (CAST(:before AS uuid) IS NULL OR asset_id < CAST(:before AS uuid))
    ORDER BY asset_id DESC LIMIT :limit
    """  # noqa: S608 - a constant
)
_USE = text(
    f"""
    UPDATE assets SET used_at = now() WHERE asset_id = :asset_id AND account_id = :account_id AND state = 'ready'
    RETURNING {_FACTS}
    """  # noqa: S608 - a constant
)


@dataclass(frozen=True, slots=True)
class Asset:
    """A picture that is ready to be used."""

    asset_id: UUID
    account_id: UUID
    public_id: str
    version: int
    media_type: str
    width: int
    height: int
    size_bytes: int
    sha256: str
    created_at: datetime
    used_at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """An asset in whatever state; `asset` is there when it is ready."""

    asset_id: UUID
    state: str
    received_sha256: str | None
    upload_key: str | None
    upload_until: datetime
    lapsed: bool
    asset: Asset | None


@dataclass(frozen=True, slots=True)
class Holdings:
    """What an account has, against what it may have. `next_seconds`: until the day's first upload leaves the window."""

    today: int
    open: int
    awaiting: int
    bytes: int
    next_seconds: float
    closed: bool
    allowance: Allowance


async def lock_account(uow: UnitOfWork, account_id: UUID) -> None:
    """From here to the commit nobody else counts or adds this account's assets."""
    await uow.execute(_LOCK_ACCOUNT, {"account_id": account_id})


async def holdings(uow: UnitOfWork, account_id: UUID, plan: str) -> Holdings:
    """What the account has; lock it first."""
    allowed = (await uow.execute(_ALLOWANCE, {"plan": plan})).one()
    row = (await uow.execute(_HAS, {"account_id": account_id})).one()
    return Holdings(
        today=row.today,
        open=row.open,
        awaiting=row.awaiting,
        bytes=int(row.bytes),
        next_seconds=float(row.next_seconds or 0),
        closed=row.closed,
        allowance=Allowance(allowed.assets_per_day, allowed.bytes_max),
    )


async def by_key(uow: UnitOfWork, account_id: UUID, key: str) -> Found | None:
    """What an earlier request with this Idempotency-Key made."""
    row = await uow.first(_BY_KEY, {"account_id": account_id, "key": key})
    if row is None:
        return None
    asset = _asset(row) if row.state == "ready" else None
    return Found(row.asset_id, row.state, row.received_sha256, row.upload_key, row.upload_until, row.lapsed, asset)


async def insert(uow: UnitOfWork, reservation: Reservation) -> None:
    """Enter an asset that is about to come."""
    account, asset = reservation.account_id.hex, reservation.asset_id.hex
    await uow.execute(
        _INSERT,
        {
            "asset_id": reservation.asset_id,
            "account_id": reservation.account_id,
            "state": "awaiting" if reservation.direct else "open",
            "storage_key": picture_key(account, asset),
            "upload_key": upload_key(account, asset) if reservation.direct else None,
            "key": reservation.idempotency_key,
            "seconds": reservation.seconds,
        },
    )


async def take_upload(uow: UnitOfWork, account_id: UUID, asset_id: UUID) -> str | None:
    """Make a direct upload's completion ours; the key it landed at, nothing where it is not awaited (any more)."""
    row = await uow.first(_TAKE_UPLOAD, {"account_id": account_id, "asset_id": asset_id})
    return None if row is None else str(row.upload_key)


async def wait_again(uow: UnitOfWork, asset_id: UUID) -> None:
    """Nothing has arrived yet."""
    await uow.execute(_WAIT_AGAIN, {"asset_id": asset_id})


async def finish(
    uow: UnitOfWork, asset_id: UUID, facts: PictureFacts, *, version: int, received_sha256: str
) -> Asset | None:
    """Make it ready; nothing where it has been given up meanwhile."""
    row = await uow.first(
        _FINISH,
        {
            "asset_id": asset_id,
            "version": version,
            "media_type": facts.media_type,
            "width": facts.width,
            "height": facts.height,
            "size_bytes": facts.size_bytes,
            "sha256": facts.sha256,
            "received_sha256": received_sha256,
        },
    )
    return None if row is None else _asset(row)


async def end(uow: UnitOfWork, account_id: UUID, asset_id: UUID, state: str, *, of: Sequence[str]) -> bool:
    """Leave one of the states `of` for `failed` or `deleting`; the key is free again. Whether it was in one of them."""
    parameters = {"asset_id": asset_id, "account_id": account_id, "state": state, "states": list(of)}
    return await uow.first(_END, parameters) is not None


async def find(database: Database, account_id: UUID, asset_id: UUID) -> Found | None:
    """An asset of this account."""
    async with database.autocommit() as connection:
        row = (await connection.execute(_FIND, {"asset_id": asset_id, "account_id": account_id})).first()
    if row is None:
        return None
    asset = _asset(row) if row.state == "ready" else None
    return Found(row.asset_id, row.state, None, None, row.upload_until, False, asset)


async def page(database: Database, account_id: UUID, *, before: UUID | None, limit: int) -> list[Asset]:
    """The account's pictures, newest first."""
    parameters = {"account_id": account_id, "before": before, "limit": limit}
    async with database.autocommit() as connection:
        return [_asset(row) for row in await connection.execute(_PAGE, parameters)]


async def use(database: Database, account_id: UUID, asset_id: UUID) -> Asset | None:
    """The asset a job wants; that it was used now is noted, so that it is kept."""
    async with database.autocommit() as connection:
        row = (await connection.execute(_USE, {"asset_id": asset_id, "account_id": account_id})).first()
    return None if row is None else _asset(row)


def _asset(row: Row[Any]) -> Asset:
    return Asset(
        asset_id=row.asset_id,
        account_id=row.account_id,
        public_id=row.storage_key,
        version=row.version,
        media_type=row.media_type,
        width=row.width,
        height=row.height,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        created_at=row.created_at,
        used_at=row.used_at,
    )
