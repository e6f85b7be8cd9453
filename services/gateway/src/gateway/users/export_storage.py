"""The SQL of an export: all rows about a user and the account, a page at a time, without hashes."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from common.db.database import Database

_SESSIONS = text(
    """
    SELECT family_id AS page_key, min(issued_at) AS began_at, max(issued_at) AS last_refreshed_at,
           max(expires_at) AS expires_at, max(revoked_at) AS ended_at
    FROM refresh_tokens WHERE user_id = :user_id AND family_id > :after
    GROUP BY family_id ORDER BY family_id LIMIT :limit
    """
)
_KEYS = text(
    """
    SELECT key_id AS page_key, name, hint, scopes, created_at, last_used_at, expires_at, revoked_at, replaced_by
    FROM api_keys WHERE account_id = :account_id AND key_id > :after ORDER BY key_id LIMIT :limit
    """
)
_JOBS = text(
    """
    SELECT job_id AS page_key, kind, status, price_credits, input, idempotency_key, created_at, started_at,
           finished_at, attempt, progress, progress_message, result, error, attempts, held_credits,
           charged_credits, returned_credits, settled_at, cancel_requested_at
    FROM jobs WHERE account_id = :account_id AND job_id > :after ORDER BY job_id LIMIT :limit
    """
)


async def session_page(database: Database, user_id: UUID, after: UUID, limit: int) -> Sequence[Row[Any]]:
    """The next signings-in of a user."""
    return await _page(database, _SESSIONS, {"user_id": user_id, "after": after, "limit": limit})


async def key_page(database: Database, account_id: UUID, after: UUID, limit: int) -> Sequence[Row[Any]]:
    """The next API keys of an account, ended ones included."""
    return await _page(database, _KEYS, {"account_id": account_id, "after": after, "limit": limit})


async def job_page(database: Database, account_id: UUID, after: UUID, limit: int) -> Sequence[Row[Any]]:
    """The next jobs of an account, with what went in and what came out."""
    return await _page(database, _JOBS, {"account_id": account_id, "after": after, "limit": limit})


async def _page(database: Database, statement: Any, parameters: dict[str, Any]) -> Sequence[Row[Any]]:
    async with database.autocommit() as connection:
        return (await connection.execute(statement, parameters)).all()
