"""One use case, one transaction: state and the events that tell of it commit together."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, Row, text
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncConnection

from common.db.outbox_record import OutboxRecord
from common.events.envelope import Event
from common.telemetry.tracing import traceparent as current_traceparent

_INSERT_OUTBOX = text(
    """
    INSERT INTO outbox (event_id, topic, type, body, traceparent)
    SELECT * FROM unnest(
        CAST(:ids AS uuid[]), CAST(:topics AS text[]), CAST(:types AS text[]),
        CAST(:bodies AS text[]), CAST(:traceparents AS text[])
    )
    """
)
_INSERT_INBOX = text(
    """
    INSERT INTO inbox (event_id) SELECT unnest(CAST(:ids AS uuid[]))
    ON CONFLICT DO NOTHING RETURNING event_id
    """
)


class UnitOfWork:
    """An open transaction, the events it will tell of, and what to do once it is durable.

    Made by `Database.unit_of_work` or `Database.transact`; commits when its block ends without an exception.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self._records: list[OutboxRecord] = []
        self._written: list[OutboxRecord] = []
        self._after_commit: list[Callable[[], None]] = []

    async def execute(
        self, statement: Executable | str, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[Any]:
        """Run one statement; a plain string is SQL with `:named` parameters."""
        if isinstance(statement, str):
            statement = text(statement)
        return await self.connection.execute(statement, parameters)

    async def rows(
        self, statement: Executable | str, parameters: Mapping[str, Any] | None = None
    ) -> Sequence[Row[Any]]:
        """All rows of a query."""
        return (await self.execute(statement, parameters)).all()

    async def first(self, statement: Executable | str, parameters: Mapping[str, Any] | None = None) -> Row[Any] | None:
        """The first row of a query, or nothing."""
        return (await self.execute(statement, parameters)).first()

    def emit(self, event: Event, traceparent: str | None = None) -> None:
        """Tell the world, once this transaction is durable. `traceparent` defaults to the current span."""
        self._records.append(OutboxRecord.of(event, traceparent or current_traceparent()))

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Run something quick once the commit succeeded: a hint that may be lost, never a promise."""
        self._after_commit.append(callback)

    async def claim_events(self, event_ids: Sequence[UUID]) -> set[UUID]:
        """Enter events in the inbox; the answer holds those that no earlier transaction has handled."""
        result = await self.connection.execute(_INSERT_INBOX, {"ids": list(event_ids)})
        return set(result.scalars())

    def take_records(self) -> list[OutboxRecord]:
        """The outbox rows that are due, for a statement of this transaction that writes them along with its own."""
        records, self._records = self._records, []
        self._written += records
        return records

    async def flush(self) -> list[OutboxRecord]:
        """Write the outbox rows that no statement has taken; answers all. Called once, last thing before the commit."""
        records = self._records
        if records:
            await self.connection.execute(
                _INSERT_OUTBOX,
                {
                    "ids": [record.event_id for record in records],
                    "topics": [record.topic for record in records],
                    "types": [record.type for record in records],
                    "bodies": [record.body for record in records],
                    "traceparents": [record.traceparent for record in records],
                },
            )
        return self._written + records

    def committed(self) -> None:
        """Run the callbacks of `after_commit`. Called once, after the commit."""
        for callback in self._after_commit:
            callback()
