"""Owns reading Server-Sent Events (WHATWG HTML §9.2): the format, a time limit, and resuming after a break."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2

from atelier_local.demo.checks import DemoFailed

_PAUSE_SECONDS = 0.2
_FRAME_CHARS_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event: its type, its id (empty when the stream never gave one) and its data."""

    type: str
    id: str
    data: str

    def json(self) -> dict[str, Any]:
        """The data as the object it is in this product's streams."""
        content = json.loads(self.data)
        if not isinstance(content, dict):
            raise DemoFailed(f"the event {self.type} carries {type(content).__name__} instead of an object")
        return content


class Decoder:
    """Turns the text of a stream, cut anywhere, into events."""

    def __init__(self) -> None:
        self.last_id = ""
        self._rest = ""
        self._type = ""
        self._data: list[str] = []

    def feed(self, text: str) -> list[ServerEvent]:
        """The events that `text` completes.

        Raises:
            DemoFailed: a single event has no end.
        """
        *lines, self._rest = (self._rest + text).split("\n")
        if len(self._rest) > _FRAME_CHARS_MAX:
            raise DemoFailed("an event of the stream is longer than a million characters")
        events = [self._line(line.removesuffix("\r")) for line in lines]
        return [event for event in events if event]

    def _line(self, line: str) -> ServerEvent | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._type = value
        elif name == "id" and "\0" not in value:
            self.last_id = value
        return None

    def _dispatch(self) -> ServerEvent | None:
        event = ServerEvent(self._type or "message", self.last_id, "\n".join(self._data)) if self._data else None
        self._type, self._data = "", []
        return event


def follow(client: httpx2.Client, path: str, *, after: str, seconds_max: float) -> Iterator[ServerEvent]:
    """Events after the resume point `after`, across as many connections as it takes; the caller stops reading.

    Raises:
        DemoFailed: the caller still reads after `seconds_max`, or the stream is refused.
    """
    deadline = time.monotonic() + seconds_max
    last_id = after
    while time.monotonic() < deadline:
        try:
            for event in _connection(client, path, last_id, deadline):
                last_id = event.id or last_id
                yield event
        except httpx2.TransportError:
            if time.monotonic() > deadline:
                break
        time.sleep(_PAUSE_SECONDS)
    raise DemoFailed(f"the stream {path} did not tell the end within {seconds_max:.0f} s")


def _connection(client: httpx2.Client, path: str, last_id: str, deadline: float) -> Iterator[ServerEvent]:
    headers = {"Accept": "text/event-stream", "Last-Event-ID": last_id}
    remaining = max(0.1, deadline - time.monotonic())
    with client.stream("GET", path, headers=headers, timeout=httpx2.Timeout(5.0, read=remaining)) as response:
        if response.status_code != httpx2.codes.OK:
            raise DemoFailed(f"GET {path} answered {response.status_code}, not a stream of events")
        decoder = Decoder()
        decoder.last_id = last_id
        for text in response.iter_text():
            yield from decoder.feed(text)
            if time.monotonic() > deadline:
                return
