"""The SQL of attempts: one row for each subject, changed by one statement, by the database's clock."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.sessions.attempt_rules import AttemptRule

_MINUTE = "CASE WHEN a.minute_ends_at <= now() THEN 1 ELSE a.minute_count + 1 END"
_HOUR = "CASE WHEN a.hour_ends_at <= now() THEN 1 ELSE a.hour_count + 1 END"
_OVER = f"({_MINUTE} > :per_minute OR {_HOUR} > :per_hour)"
_BLOCK_ENDS = "now() + :block_seconds * interval '1 second'"
_COUNT = text(
    f"""
    WITH counted AS (
        INSERT INTO attempts AS a (subject, minute_count, minute_ends_at, hour_count, hour_ends_at, forgotten_at)
        VALUES (:subject, 1, now() + interval '1 minute', 1, now() + interval '1 hour', now() + interval '1 hour')
        ON CONFLICT (subject) DO UPDATE
        SET minute_count = CASE WHEN {_OVER} THEN 0 ELSE {_MINUTE} END,
            minute_ends_at = CASE WHEN a.minute_ends_at <= now() THEN excluded.minute_ends_at ELSE a.minute_ends_at END,
            hour_count = CASE WHEN {_OVER} THEN 0 ELSE {_HOUR} END,
            hour_ends_at = CASE WHEN a.hour_ends_at <= now() THEN excluded.hour_ends_at ELSE a.hour_ends_at END,
            blocked_until = CASE WHEN {_OVER} THEN {_BLOCK_ENDS} END,
            forgotten_at = greatest(excluded.forgotten_at, CASE WHEN {_OVER} THEN {_BLOCK_ENDS} END)
        WHERE a.blocked_until IS NULL OR a.blocked_until <= now()
        RETURNING blocked_until, minute_count, minute_ends_at
    )
    SELECT coalesce(extract(epoch FROM blocked_until - now()), 0), minute_count,
           extract(epoch FROM minute_ends_at - now()) FROM counted
    UNION ALL
    SELECT extract(epoch FROM blocked_until - now()), 0, 0 FROM attempts
    WHERE subject = :subject AND blocked_until > now() AND NOT EXISTS (SELECT FROM counted)
    """  # noqa: S608 - put together from constants above
)
_FORGIVE = text(
    """
    UPDATE attempts SET minute_count = greatest(0, minute_count - 1), hour_count = greatest(0, hour_count - 1)
    WHERE subject = :subject
    """
)
_CLEAR = text("DELETE FROM attempts WHERE subject = :subject")
_DELETE_LAPSED = text(
    """
    DELETE FROM attempts WHERE subject IN (
        SELECT subject FROM attempts WHERE forgotten_at <= now() LIMIT :rows_max FOR UPDATE SKIP LOCKED)
    AND forgotten_at <= now()
    """
)


@dataclass(frozen=True, slots=True)
class Counted:
    """What came of counting: for how long the subject is blocked, if it is; else the attempts of this minute."""

    blocked_seconds: float
    of_minute: int = 0
    minute_seconds: float = 0.0


async def count(connection: AsyncConnection, subject: str, rule: AttemptRule) -> Counted:
    """Count one attempt. A blocked subject is not written to."""
    parameters = {
        "subject": subject,
        "per_minute": rule.per_minute,
        "per_hour": rule.per_hour,
        "block_seconds": rule.block_seconds,
    }
    row = (await connection.execute(_COUNT, parameters)).first()
    # No row: somebody else's attempt, which this statement waited for without seeing it, has just begun the block.
    return Counted(rule.block_seconds) if row is None else Counted(max(0.0, float(row[0])), row[1], float(row[2]))


async def forgive(connection: AsyncConnection, subject: str) -> None:
    """Take one attempt back."""
    await connection.execute(_FORGIVE, {"subject": subject})


async def clear(connection: AsyncConnection, subject: str) -> None:
    """Forget the subject's attempts."""
    await connection.execute(_CLEAR, {"subject": subject})


async def delete_lapsed(connection: AsyncConnection, rows_max: int) -> int:
    """Delete some of the counts that mean nothing any more; how many there were."""
    return int((await connection.execute(_DELETE_LAPSED, {"rows_max": rows_max})).rowcount)
