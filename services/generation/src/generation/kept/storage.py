"""The SQL of kept results, and the key they are kept under.

A result is kept for the account it was made for and for no other: a stranger who sends the same picture must not
learn from the price that somebody had it before, and files a result points to belong to an account.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from generation.runs.json_text import to_json

DOCUMENT_BYTES_MAX = 64 * 1024

_FIND = text(
    """
    UPDATE kept_results SET used_at = now()
    WHERE account_id = :account_id AND digest = :digest AND expires_at > now()
    RETURNING document
    """
)
_KEEP = text(
    """
    INSERT INTO kept_results (account_id, digest, kind, document, expires_at)
    VALUES (:account_id, :digest, :kind, CAST(:document AS jsonb), now() + make_interval(secs => :seconds))
    ON CONFLICT (account_id, digest) DO UPDATE
    SET document = excluded.document, created_at = now(), used_at = now(), expires_at = excluded.expires_at
    WHERE kept_results.expires_at <= now()
    """
)
_PURGE_EXPIRED = text(
    """
    DELETE FROM kept_results WHERE (account_id, digest) IN (
        SELECT account_id, digest FROM kept_results WHERE expires_at <= now()
        ORDER BY expires_at LIMIT :limit FOR UPDATE SKIP LOCKED)
    """
)
_PURGE_SURPLUS = text(
    """
    DELETE FROM kept_results WHERE (account_id, digest) IN (
        SELECT account_id, digest FROM kept_results ORDER BY used_at
        LIMIT least(:limit, greatest(0, (SELECT count(*) FROM kept_results) - :rows_max)) FOR UPDATE SKIP LOCKED)
    """
)
_FORGET = text("DELETE FROM kept_results WHERE account_id = :account_id")


@dataclass(frozen=True, slots=True)
class KeptKey:
    """What a result is made of, and how long it may be kept.

    `version` is of the code that makes it: another one makes another result of the same picture.
    """

    kind: str
    version: int
    sha256: str
    options: Mapping[str, Any]
    keep_for: timedelta

    @property
    def digest(self) -> bytes:
        """SHA-256 of all but the time."""
        parts = [self.kind, self.version, self.sha256, sorted(self.options.items())]
        return hashlib.sha256(to_json(parts).encode()).digest()


async def find(database: Database, account_id: UUID, key: KeptKey) -> dict[str, Any] | None:
    """The kept result, if there is one; it counts as used now."""
    async with database.autocommit() as connection:
        row = (await connection.execute(_FIND, {"account_id": account_id, "digest": key.digest})).first()
    return None if row is None else row.document


async def keep(uow: UnitOfWork, account_id: UUID, key: KeptKey, document: Mapping[str, Any]) -> None:
    """Keep a result, unless it is larger than is worth it. Of two that were made at once the first stays."""
    text_document = to_json(document)
    if len(text_document.encode()) > DOCUMENT_BYTES_MAX:
        return
    await uow.execute(
        _KEEP,
        {
            "account_id": account_id,
            "digest": key.digest,
            "kind": key.kind,
            "document": text_document,
            "seconds": key.keep_for.total_seconds(),
        },
    )


async def purge(uow: UnitOfWork, *, rows_max: int, limit: int) -> int:
    """Drop what has expired and, of more than `rows_max`, what was used longest ago; how many went (≤ 2 × `limit`)."""
    expired = await uow.execute(_PURGE_EXPIRED, {"limit": limit})
    surplus = await uow.execute(_PURGE_SURPLUS, {"limit": limit, "rows_max": rows_max})
    return int(expired.rowcount) + int(surplus.rowcount)


async def forget(uow: UnitOfWork, account_id: UUID) -> None:
    """Drop all that is kept for an account."""
    await uow.execute(_FORGET, {"account_id": account_id})
