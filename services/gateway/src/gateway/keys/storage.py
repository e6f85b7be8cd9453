"""The SQL of API keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.keys.rules import ApiKey

_COLUMNS = "key_id, account_id, name, hint, scopes, created_at, last_used_at, expires_at, replaced_by"
_LIVE = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())"

_LOCK_ACCOUNT = text("SELECT 1 FROM accounts WHERE account_id = :account_id FOR NO KEY UPDATE")
_COUNT_LIVE = text(
    f"""
    SELECT count(*) FILTER (WHERE replaced_by IS NULL) AS current, count(replaced_by) AS replaced
    FROM api_keys WHERE account_id = :account_id AND {_LIVE}
    """  # noqa: S608 - constants only
)
_LOCK_LIVE = text(
    f"""
    SELECT {_COLUMNS} FROM api_keys
    WHERE key_id = :key_id AND account_id = :account_id AND {_LIVE} FOR UPDATE
    """  # noqa: S608 - constants only
)
_REPLACE = text(
    """
    UPDATE api_keys SET
        replaced_by = :successor, expires_at = least(expires_at, now() + make_interval(secs => :overlap_seconds))
    WHERE key_id = :key_id RETURNING secret_hash
    """
)
_INSERT = text(
    f"""
    INSERT INTO api_keys (key_id, account_id, user_id, name, secret_hash, hint, scopes, expires_at)
    VALUES (:key_id, :account_id, :user_id, :name, :secret_hash, :hint, CAST(:scopes AS text[]), :expires_at)
    RETURNING {_COLUMNS}
    """  # noqa: S608 - constants only
)
_FIND = text(f"SELECT {_COLUMNS} FROM api_keys WHERE key_id = :key_id")  # noqa: S608
_LIST = text(
    f"""
    SELECT {_COLUMNS} FROM api_keys WHERE account_id = :account_id AND {_LIVE}
    ORDER BY key_id DESC
    """  # noqa: S608 - constants only
)
_REVOKE = text(
    """
    UPDATE api_keys SET revoked_at = coalesce(revoked_at, now())
    WHERE key_id = :key_id AND account_id = :account_id RETURNING secret_hash
    """
)
_BY_SECRET = text(
    """
    SELECT k.key_id, k.account_id, k.user_id, k.scopes, k.expires_at, a.plan
    FROM api_keys AS k JOIN accounts AS a ON a.account_id = k.account_id
    WHERE k.secret_hash = :secret_hash
      AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
    """
)
_TOUCH = text(
    """
    UPDATE api_keys AS k SET last_used_at = u.used_at
    FROM unnest(CAST(:key_ids AS uuid[]), CAST(:used_at AS timestamptz[])) AS u (key_id, used_at)
    WHERE k.key_id = u.key_id AND (k.last_used_at IS NULL OR k.last_used_at < u.used_at)
    """
)


@dataclass(frozen=True, slots=True)
class NewKey:
    """What is written for a new key; the id is chosen before the transaction, so that it can be repeated."""

    key_id: UUID
    account_id: UUID
    user_id: UUID
    name: str
    secret_hash: bytes
    hint: str
    scopes: Sequence[str]
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeyCounts:
    """An account's live keys: those in use, and those that end with their overlap."""

    current: int
    replaced: int


@dataclass(frozen=True, slots=True)
class LiveKey:
    """What a request with this key may do."""

    key_id: UUID
    account_id: UUID
    user_id: UUID
    plan: str
    scopes: frozenset[str]
    expires_at: datetime | None


async def count_live_keys(connection: AsyncConnection, account_id: UUID) -> KeyCounts:
    """How many live keys an account has, held still until the transaction ends."""
    await connection.execute(_LOCK_ACCOUNT, {"account_id": account_id})
    row = (await connection.execute(_COUNT_LIVE, {"account_id": account_id})).one()
    return KeyCounts(row.current, row.replaced)


async def lock_live_key(connection: AsyncConnection, account_id: UUID, key_id: UUID) -> ApiKey | None:
    """A live key of this account, held until the transaction ends."""
    row = (await connection.execute(_LOCK_LIVE, {"key_id": key_id, "account_id": account_id})).first()
    return _api_key(row) if row is not None else None


async def replace_key(connection: AsyncConnection, key_id: UUID, successor: UUID, overlap_seconds: int) -> bytes:
    """Have a key end with its overlap, if not before; the hash of its secret."""
    parameters = {"key_id": key_id, "successor": successor, "overlap_seconds": overlap_seconds}
    return bytes((await connection.execute(_REPLACE, parameters)).scalar_one())


async def find_key(connection: AsyncConnection, key_id: UUID) -> ApiKey | None:
    """A key by its id."""
    row = (await connection.execute(_FIND, {"key_id": key_id})).first()
    return _api_key(row) if row is not None else None


async def insert_key(connection: AsyncConnection, new_key: NewKey) -> ApiKey:
    """Store a new key."""
    parameters = {
        "key_id": new_key.key_id,
        "account_id": new_key.account_id,
        "user_id": new_key.user_id,
        "name": new_key.name,
        "secret_hash": new_key.secret_hash,
        "hint": new_key.hint,
        "scopes": list(new_key.scopes),
        "expires_at": new_key.expires_at,
    }
    return _api_key((await connection.execute(_INSERT, parameters)).one())


async def list_live_keys(connection: AsyncConnection, account_id: UUID) -> list[ApiKey]:
    """An account's live keys, the newest first."""
    return [_api_key(row) for row in await connection.execute(_LIST, {"account_id": account_id})]


async def revoke_key(connection: AsyncConnection, account_id: UUID, key_id: UUID) -> bytes | None:
    """End a key of this account; the hash of its secret, or None where the account has no such key."""
    row = (await connection.execute(_REVOKE, {"account_id": account_id, "key_id": key_id})).first()
    return bytes(row.secret_hash) if row is not None else None


async def find_live_key(connection: AsyncConnection, secret_hash: bytes) -> LiveKey | None:
    """The live key with this secret."""
    row = (await connection.execute(_BY_SECRET, {"secret_hash": secret_hash})).first()
    if row is None:
        return None
    return LiveKey(row.key_id, row.account_id, row.user_id, row.plan, frozenset(row.scopes), row.expires_at)


async def touch_keys(connection: AsyncConnection, used_at: Mapping[UUID, datetime]) -> None:
    """Note when keys were last used; a later time stands."""
    await connection.execute(_TOUCH, {"key_ids": list(used_at), "used_at": list(used_at.values())})


def _api_key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        row.key_id,
        row.account_id,
        row.name,
        row.hint,
        tuple(row.scopes),
        row.created_at,
        row.last_used_at,
        row.expires_at,
        row.replaced_by,
    )
