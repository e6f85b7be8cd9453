"""Server-Sent Events on the wire (WHATWG HTML §9.2): only entries of the log carry an `id`."""

from collections.abc import Iterable

from pydantic import BaseModel

from notifier.feed.storage import StoredEvent

HEARTBEAT = b": heartbeat\n\n"


def event_frames(events: Iterable[StoredEvent]) -> bytes:
    """Log entries as frames. A body is one line of JSON, so that one `data` field holds it."""
    return b"".join(f"id: {event.sequence}\nevent: {event.type}\ndata: {event.body}\n\n".encode() for event in events)


def notice_frame(name: str, notice: BaseModel, retry_ms: int | None = None) -> bytes:
    """A word of the server itself. It has no `id`, so that it never becomes somebody's resume point."""
    retry = "" if retry_ms is None else f"retry: {retry_ms}\n"
    return f"event: {name}\n{retry}data: {notice.model_dump_json()}\n\n".encode()


def hello_frame(retry_ms: int) -> bytes:
    """The first bytes: they get the headers through every proxy, and say when to come back after a break."""
    return f": connected\nretry: {retry_ms}\n\n".encode()
