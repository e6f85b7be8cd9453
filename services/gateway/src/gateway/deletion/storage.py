"""The SQL of deletions."""

import json
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.deletion.rules import ASKED, KEPT, Answer, Deletion, NewDeletion

_INSERT = text(
    """
    INSERT INTO deletion_requests (deletion_id, account_id, receipt_hash)
    VALUES (:deletion_id, :account_id, :receipt_hash)
    """
)
_INSERT_ANSWERS = text(
    """
    INSERT INTO deletion_answers (deletion_id, processor, status, detail, answered_at)
    SELECT :deletion_id, processor, status, CAST(detail AS jsonb), CASE WHEN status <> 'pending' THEN now() END
    FROM unnest(CAST(:processors AS text[]), CAST(:statuses AS text[]), CAST(:details AS text[]))
        AS asked (processor, status, detail)
    """
)
_CLOSE_ACCOUNT = text("UPDATE accounts SET deleted_at = now() WHERE account_id = :account_id")
_ANONYMISE = text(
    """
    UPDATE users SET email = 'deleted-' || user_id || '@invalid', password_hash = '', verified_at = NULL
    WHERE account_id = :account_id
    """
)
_FORGET_LINKS = text(
    "DELETE FROM user_links WHERE user_id IN (SELECT user_id FROM users WHERE account_id = :account_id)"
)
_END_SESSIONS = text(
    """
    UPDATE refresh_tokens SET revoked_at = now()
    WHERE revoked_at IS NULL AND user_id IN (SELECT user_id FROM users WHERE account_id = :account_id)
    """
)
_REVOKE_KEYS = text(
    """
    UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()), name = 'deleted'
    WHERE account_id = :account_id RETURNING secret_hash
    """
)
_KEY_HASHES = text("SELECT secret_hash FROM api_keys WHERE account_id = :account_id")
_FIND = text(
    """
    SELECT deletion_id, account_id, requested_at, completed_at FROM deletion_requests
    WHERE deletion_id = :deletion_id
    """
)
_FIND_BY_RECEIPT = text(
    "SELECT deletion_id FROM deletion_requests WHERE deletion_id = :deletion_id AND receipt_hash = :receipt_hash"
)
_ANSWERS = text(
    """
    SELECT processor, status, CAST(detail AS text) AS detail, answered_at FROM deletion_answers
    WHERE deletion_id = :deletion_id ORDER BY processor
    """
)
_ANSWER = text(
    """
    UPDATE deletion_answers SET status = 'done', detail = CAST(:detail AS jsonb), answered_at = now()
    WHERE deletion_id = :deletion_id AND processor = :processor AND status = 'pending'
    """
)
_LOCK = text("SELECT 1 FROM deletion_requests WHERE deletion_id = :deletion_id FOR UPDATE")
_COMPLETE = text(
    """
    UPDATE deletion_requests SET completed_at = now()
    WHERE deletion_id = :deletion_id AND completed_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM deletion_answers WHERE deletion_id = :deletion_id AND status = 'pending')
    """
)
_PENDING = text(
    """
    SELECT deletion_id, account_id FROM deletion_requests JOIN deletion_answers USING (deletion_id)
    WHERE processor = 'gateway' AND status = 'pending' ORDER BY deletion_id LIMIT :limit
    """
)
_SCRUB_JOBS = text(
    """
    UPDATE jobs SET input = '{}', result = NULL, error = NULL, attempts = NULL, progress_message = NULL,
                    idempotency_key = NULL
    WHERE job_id IN (
        SELECT job_id FROM jobs WHERE account_id = :account_id AND rank = 3 AND (
            input <> '{}' OR result IS NOT NULL OR error IS NOT NULL OR attempts IS NOT NULL
            OR progress_message IS NOT NULL OR idempotency_key IS NOT NULL)
        LIMIT :limit FOR UPDATE SKIP LOCKED)
    """
)
_OPEN_JOBS = text("SELECT EXISTS (SELECT 1 FROM jobs WHERE account_id = :account_id AND rank < 3)")
_CLOSED = text("SELECT account_id FROM accounts WHERE deleted_at > now() - make_interval(secs => :seconds)")


async def insert_deletion(connection: AsyncConnection, made: NewDeletion, account_id: UUID) -> None:
    """Store a deletion with a row for everybody who is to answer, and for what is kept."""
    parameters = {"deletion_id": made.deletion_id, "account_id": account_id, "receipt_hash": made.receipt_hash}
    await connection.execute(_INSERT, parameters)
    details = [None] * len(ASKED) + [json.dumps({"reason": reason}) for reason in KEPT.values()]
    await connection.execute(
        _INSERT_ANSWERS,
        {
            "deletion_id": made.deletion_id,
            "processors": [*ASKED, *KEPT],
            "statuses": ["pending"] * len(ASKED) + ["kept"] * len(KEPT),
            "details": details,
        },
    )


async def close_account(connection: AsyncConnection, account_id: UUID) -> list[bytes]:
    """End sessions, links and keys, and take the person out of the user; the hashes of the keys' secrets."""
    for statement in (_CLOSE_ACCOUNT, _ANONYMISE, _FORGET_LINKS, _END_SESSIONS):
        await connection.execute(statement, {"account_id": account_id})
    rows = await connection.execute(_REVOKE_KEYS, {"account_id": account_id})
    return [bytes(secret_hash) for secret_hash in rows.scalars()]


async def key_hashes(connection: AsyncConnection, account_id: UUID) -> list[bytes]:
    """The hashes of the secrets of all keys an account has had."""
    rows = await connection.execute(_KEY_HASHES, {"account_id": account_id})
    return [bytes(secret_hash) for secret_hash in rows.scalars()]


async def find_deletion(connection: AsyncConnection, deletion_id: UUID) -> Deletion | None:
    """A deletion with its answers."""
    row = (await connection.execute(_FIND, {"deletion_id": deletion_id})).first()
    if row is None:
        return None
    rows = await connection.execute(_ANSWERS, {"deletion_id": deletion_id})
    answers = tuple(
        Answer(
            answer.processor,
            answer.status,
            None if answer.detail is None else json.loads(answer.detail),
            answer.answered_at,
        )
        for answer in rows
    )
    return Deletion(row.deletion_id, row.requested_at, row.completed_at, answers)


async def is_receipt_of(connection: AsyncConnection, deletion_id: UUID, receipt_hash: bytes) -> bool:
    """Whether the receipt belongs to the deletion."""
    parameters = {"deletion_id": deletion_id, "receipt_hash": receipt_hash}
    return (await connection.execute(_FIND_BY_RECEIPT, parameters)).first() is not None


async def store_answer(connection: AsyncConnection, deletion_id: UUID, processor: str, detail: dict[str, Any]) -> None:
    """Note that a keeper is done; the deletion is complete with the last of them. A second answer changes nothing."""
    await connection.execute(_LOCK, {"deletion_id": deletion_id})
    parameters = {"deletion_id": deletion_id, "processor": processor, "detail": json.dumps(detail)}
    await connection.execute(_ANSWER, parameters)
    await connection.execute(_COMPLETE, {"deletion_id": deletion_id})


async def find_pending(connection: AsyncConnection, limit: int) -> list[tuple[UUID, UUID]]:
    """Deletions whose jobs are not emptied yet, with their accounts."""
    rows = await connection.execute(_PENDING, {"limit": limit})
    return [(row.deletion_id, row.account_id) for row in rows]


async def scrub_jobs(connection: AsyncConnection, account_id: UUID, limit: int) -> int:
    """Empty some ended jobs of an account of what a person wrote or was given; how many there were."""
    return int((await connection.execute(_SCRUB_JOBS, {"account_id": account_id, "limit": limit})).rowcount)


async def has_open_jobs(connection: AsyncConnection, account_id: UUID) -> bool:
    """Whether a job of the account has no outcome yet."""
    return bool((await connection.execute(_OPEN_JOBS, {"account_id": account_id})).scalar_one())


async def closed_accounts(connection: AsyncConnection, seconds: float) -> set[UUID]:
    """The accounts that were deleted so many seconds ago at most."""
    return set((await connection.execute(_CLOSED, {"seconds": seconds})).scalars())
