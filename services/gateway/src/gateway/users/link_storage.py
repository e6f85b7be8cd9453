"""The SQL of links in mails."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.users.links import LIVE_LINKS_MAX, LinkNotValid, LinkUse, NewLink, OpenedLink

_INSERT = text(
    """
    INSERT INTO user_links (token_hash, user_id, purpose, email, expires_at)
    VALUES (:token_hash, :user_id, :purpose, :email, :expires_at)
    ON CONFLICT DO NOTHING
    """
)
_TRIM = text(
    """
    DELETE FROM user_links WHERE user_id = :user_id AND purpose = :purpose AND token_hash NOT IN (
        SELECT token_hash FROM user_links
        WHERE user_id = :user_id AND purpose = :purpose AND used_at IS NULL AND expires_at > now()
        ORDER BY created_at DESC, token_hash LIMIT :live_max
    )
    """
)
_LOCK = text(
    """
    SELECT user_id, email, used_by, used_at IS NULL AND expires_at > now() AS live FROM user_links
    WHERE token_hash = :token_hash AND purpose = :purpose FOR UPDATE
    """
)
_USE = text("UPDATE user_links SET used_at = now(), used_by = :use_id WHERE token_hash = :token_hash")
_FIND_LIVE = text(
    """
    SELECT email FROM user_links
    WHERE token_hash = :token_hash AND purpose = :purpose AND used_at IS NULL AND expires_at > now()
    """
)
_END_OTHERS = text("DELETE FROM user_links WHERE user_id = :user_id AND used_at IS NULL")


async def insert_link(connection: AsyncConnection, link: NewLink, user_id: UUID) -> bool:
    """Store a link and forget the user's dead ones of this purpose; False when it is there already."""
    parameters = {
        "token_hash": link.token_hash,
        "user_id": user_id,
        "purpose": link.purpose,
        "email": link.email,
        "expires_at": link.expires_at,
    }
    inserted = (await connection.execute(_INSERT, parameters)).rowcount == 1
    await connection.execute(_TRIM, {"user_id": user_id, "purpose": link.purpose, "live_max": LIVE_LINKS_MAX})
    return inserted


async def use_link(connection: AsyncConnection, use: LinkUse) -> OpenedLink:
    """Use a link up. Of two who follow it at once, the second waits here and is refused.

    Raises:
        LinkNotValid: it was used by somebody else, has lapsed, or was never stored.
    """
    row = (await connection.execute(_LOCK, {"token_hash": use.token_hash, "purpose": use.purpose})).first()
    if row is None or not (row.live or row.used_by == use.use_id):
        raise LinkNotValid
    if row.live:
        await connection.execute(_USE, {"token_hash": use.token_hash, "use_id": use.use_id})
    return OpenedLink(row.user_id, row.email, row.live)


async def find_live_link(connection: AsyncConnection, use: LinkUse) -> str | None:
    """The address a link went to, while it can still be used."""
    found = await connection.execute(_FIND_LIVE, {"token_hash": use.token_hash, "purpose": use.purpose})
    email: str | None = found.scalar()
    return email


async def end_links(connection: AsyncConnection, user_id: UUID) -> None:
    """End every link of a user that was not used."""
    await connection.execute(_END_OTHERS, {"user_id": user_id})
