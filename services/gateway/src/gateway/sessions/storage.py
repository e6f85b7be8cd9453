"""The SQL of refresh tokens.

A rotation and a revocation of the same user's tokens wait for each other on the user's row; otherwise a token
that is being rotated while its family is revoked could leave a successor alive.
"""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.sessions.issuing import NewRefreshToken

_INSERT = text(
    """
    INSERT INTO refresh_tokens (token_hash, family_id, user_id, expires_at)
    VALUES (:token_hash, :family_id, :user_id, :expires_at)
    ON CONFLICT DO NOTHING
    """
)
_OPEN = text(
    """
    INSERT INTO refresh_tokens (token_hash, family_id, user_id, expires_at)
    SELECT :token_hash, :family_id, user_id, :expires_at FROM users
    WHERE user_id = :user_id AND password_hash = :password_hash FOR SHARE
    """
)
_LOCK_OWNER = text(
    """
    SELECT user_id FROM users
    WHERE user_id = (SELECT user_id FROM refresh_tokens WHERE token_hash = :token_hash)
    FOR NO KEY UPDATE
    """
)
_LOCK_USER = text("SELECT user_id FROM users WHERE user_id = :user_id FOR NO KEY UPDATE")
_ROTATE = text(
    """
    WITH used AS (
        UPDATE refresh_tokens SET used_at = now()
        WHERE token_hash = :token_hash AND used_at IS NULL AND revoked_at IS NULL AND expires_at > now()
        RETURNING family_id, user_id
    )
    INSERT INTO refresh_tokens (token_hash, family_id, user_id, expires_at)
    SELECT :new_hash, family_id, user_id, :expires_at FROM used
    """
)
_EXISTS = text("SELECT 1 FROM refresh_tokens WHERE token_hash = :token_hash")
_REVOKE_FAMILY_OF_USED = text(
    """
    UPDATE refresh_tokens SET revoked_at = now()
    WHERE revoked_at IS NULL AND family_id = (
        SELECT family_id FROM refresh_tokens WHERE token_hash = :token_hash AND used_at IS NOT NULL
    )
    """
)
_REVOKE_FAMILY = text(
    """
    UPDATE refresh_tokens SET revoked_at = now()
    WHERE revoked_at IS NULL
      AND family_id = (SELECT family_id FROM refresh_tokens WHERE token_hash = :token_hash)
    """
)
_REVOKE_USER = text("UPDATE refresh_tokens SET revoked_at = now() WHERE revoked_at IS NULL AND user_id = :user_id")
_DELETE_EXPIRED = text(
    """
    DELETE FROM refresh_tokens WHERE token_hash IN (
        SELECT token_hash FROM refresh_tokens
        WHERE expires_at < now() ORDER BY expires_at LIMIT :rows_max FOR UPDATE SKIP LOCKED
    )
    """
)


async def insert_first_token(connection: AsyncConnection, token: NewRefreshToken, user_id: UUID) -> None:
    """Store the first token of a family."""
    await connection.execute(
        _INSERT,
        {
            "token_hash": token.token_hash,
            "family_id": token.family_id,
            "user_id": user_id,
            "expires_at": token.expires_at,
        },
    )


async def open_family(connection: AsyncConnection, token: NewRefreshToken, user_id: UUID, password_hash: str) -> bool:
    """Store the first token of a family for the password that was checked; False when it was changed meanwhile.

    Whoever is changing it just now is waited for: a session never outlives the password it was opened with.
    """
    parameters = {
        "token_hash": token.token_hash,
        "family_id": token.family_id,
        "user_id": user_id,
        "expires_at": token.expires_at,
        "password_hash": password_hash,
    }
    return (await connection.execute(_OPEN, parameters)).rowcount == 1


async def lock_owner(connection: AsyncConnection, token_hash: bytes) -> UUID | None:
    """Hold the owner's tokens until the transaction ends; None for a token nobody has."""
    user_id: UUID | None = (await connection.execute(_LOCK_OWNER, {"token_hash": token_hash})).scalar()
    return user_id


async def rotate(connection: AsyncConnection, token_hash: bytes, successor: NewRefreshToken) -> bool:
    """Use a token up and store its successor in the same family; False when it is used, revoked or expired.

    True as well when an earlier try of the same transaction stored the successor.
    """
    result = await connection.execute(
        _ROTATE,
        {"token_hash": token_hash, "new_hash": successor.token_hash, "expires_at": successor.expires_at},
    )
    if result.rowcount == 1:
        return True
    return (await connection.execute(_EXISTS, {"token_hash": successor.token_hash})).first() is not None


async def revoke_family_of_used(connection: AsyncConnection, token_hash: bytes) -> int:
    """End the family of a token that was used before; the number of tokens that were still standing."""
    return int((await connection.execute(_REVOKE_FAMILY_OF_USED, {"token_hash": token_hash})).rowcount)


async def revoke_family(connection: AsyncConnection, token_hash: bytes) -> None:
    """End the family of a token."""
    await connection.execute(_REVOKE_FAMILY, {"token_hash": token_hash})


async def revoke_user(connection: AsyncConnection, user_id: UUID) -> None:
    """End every family of a user."""
    await connection.execute(_LOCK_USER, {"user_id": user_id})
    await connection.execute(_REVOKE_USER, {"user_id": user_id})


async def delete_expired(connection: AsyncConnection, rows_max: int) -> int:
    """Delete some of the expired tokens; how many there were."""
    return int((await connection.execute(_DELETE_EXPIRED, {"rows_max": rows_max})).rowcount)
