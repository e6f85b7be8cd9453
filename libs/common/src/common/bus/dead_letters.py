"""Events that could not be handled: kept in the database for a person to look at and to replay."""

from uuid import UUID

from redis.asyncio import Redis
from sqlalchemy import text

from common.bus.entries import Entry
from common.bus.publisher import Publisher
from common.db.database import Database
from common.db.outbox_record import OutboxRecord
from common.db.unit_of_work import UnitOfWork
from common.ids import new_id

_INSERT = text(
    """
    INSERT INTO dead_letters (dead_letter_id, topic, entry_id, type, body, traceparent, error, attempts)
    VALUES (:id, :topic, :entry_id, :type, :body, :traceparent, :error, :attempts)
    ON CONFLICT (topic, entry_id) DO NOTHING
    """
)
_OPEN = text(
    """
    SELECT dead_letter_id, topic, type, body, traceparent FROM dead_letters
    WHERE replayed_at IS NULL AND dead_letter_id = ANY(CAST(:ids AS uuid[]))
    ORDER BY created_at FOR UPDATE
    """
)
_REPLAYED = text("UPDATE dead_letters SET replayed_at = now() WHERE dead_letter_id = ANY(CAST(:ids AS uuid[]))")


async def bury(uow: UnitOfWork, entry: Entry, error: str, attempts: int) -> None:
    """Set an entry aside. Burying the same entry again changes nothing."""
    await uow.execute(
        _INSERT,
        {
            "id": new_id(),
            "topic": entry.topic,
            "entry_id": entry.entry_id,
            "type": entry.type,
            "body": entry.body,
            "traceparent": entry.traceparent,
            "error": error[:4000],
            "attempts": attempts,
        },
    )


async def replay(database: Database, redis: Redis, dead_letter_ids: list[UUID]) -> int:
    """Append the buried events to their streams again; groups that have handled them pass over them.

    Answers how many were replayed. An id that is unknown or was replayed before is left out.
    """
    async with database.unit_of_work() as uow:
        rows = await uow.rows(_OPEN, {"ids": dead_letter_ids})
        records = [OutboxRecord(row.dead_letter_id, row.topic, row.type, row.body, row.traceparent) for row in rows]
        await Publisher(redis).publish(records)
        await uow.execute(_REPLAYED, {"ids": [row.dead_letter_id for row in rows]})
    return len(records)
