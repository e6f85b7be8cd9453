"""One row of the outbox on its way to a stream."""

from dataclasses import dataclass
from typing import Self
from uuid import UUID

from common.events.envelope import Event


@dataclass(frozen=True, slots=True)
class OutboxRecord:
    """An event as it is stored and relayed, with the trace it belongs to."""

    event_id: UUID
    topic: str
    type: str
    body: str
    traceparent: str | None

    @classmethod
    def of(cls, event: Event, traceparent: str | None) -> Self:
        """The record of a typed event."""
        return cls(event.event_id, event.topic, event.type, event.to_json(), traceparent)
