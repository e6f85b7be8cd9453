"""Stream entries as a consumer meets them: decoded, or set aside with the reason."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from common.bus.handlers import Handlers, Received
from common.bus.streams import parse_entry_id
from common.events.envelope import Event
from common.events.registry import EVENT_TYPES


@dataclass(frozen=True, slots=True)
class Entry:
    """One raw entry."""

    topic: str
    entry_id: str
    type: str
    body: str
    traceparent: str | None

    @property
    def place(self) -> tuple[int, int]:
        """When it was appended, by the clock of the server that all topics are on: an effect after its cause."""
        return parse_entry_id(self.entry_id)

    @classmethod
    def from_fields(cls, topic: str, entry_id: bytes, fields: Mapping[bytes, bytes]) -> "Entry":
        """The entry behind what Redis returned. Missing fields become empty, which then fails to decode."""
        traceparent = fields.get(b"traceparent")
        return cls(
            topic=topic,
            entry_id=entry_id.decode(),
            type=_storable(fields.get(b"type", b"")),
            body=_storable(fields.get(b"body", b"")),
            traceparent=_storable(traceparent) if traceparent else None,
        )


def _storable(value: bytes) -> str:
    """The text of a field as a database can keep it: whatever the bytes are, they can be buried."""
    return value.decode(errors="replace").replace("\x00", "\ufffd")


@dataclass(frozen=True, slots=True)
class Sorted:
    """A batch of entries, sorted by what can be done with them."""

    events: list[tuple[Entry, Received[Event]]]
    passed_over: list[Entry]
    undecodable: list[tuple[Entry, str]]


def sort_entries(entries: list[Entry], handlers: Handlers) -> Sorted:
    """Decode what has a handler; unknown types are news from a newer release and pass by."""
    result = Sorted([], [], [])
    for entry in entries:
        event_type = EVENT_TYPES.get(entry.type)
        if not entry.type:
            result.undecodable.append((entry, "the entry names no type"))
        elif event_type is None or not handlers.handles(event_type):
            result.passed_over.append(entry)
        else:
            try:
                event = event_type.from_json(entry.body)
            except ValidationError as error:
                result.undecodable.append((entry, str(error)[:2000]))
            else:
                result.events.append((entry, Received(event, entry.traceparent)))
    return result
