"""Writes docs/events: one JSON Schema for each event type of the registry. With `--check` it only compares."""

import json
import sys
from pathlib import Path

from common.bus.streams import PUBLISHERS, SUBSCRIBERS
from common.events.envelope import Event
from common.events.registry import EVENT_TYPES

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "events"


def render(event_type: type[Event]) -> str:
    """The schema of an event as it is kept in the repository."""
    publisher = next(service for service, topics in PUBLISHERS.items() if event_type.topic in topics)
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **event_type.json_schema(),
        "title": event_type.type,
        "x-topic": event_type.topic,
        "x-published-by": publisher,
        "x-read-by": sorted(SUBSCRIBERS[event_type.topic]),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def expected() -> dict[str, str]:
    """The content of every file of the folder, by its name."""
    return {f"{name}.schema.json": render(event_type) for name, event_type in EVENT_TYPES.items()}


def differences(folder: Path = FOLDER) -> list[str]:
    """The names of files that are missing, stale or left over."""
    wanted = expected()
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.schema.json")}
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def write(folder: Path = FOLDER) -> None:
    """Make the folder what it should be."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = expected()
    for path in folder.glob("*.schema.json"):
        if path.name not in wanted:
            path.unlink()
    for name, content in wanted.items():
        (folder / name).write_text(content, encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Write, or with `--check` say what differs; answers the exit code."""
    if arguments == ["--check"]:
        stale = differences()
        for name in stale:
            print(f"docs/events/{name} is not what the registry says; run scripts/event_schemas.py")
        return 1 if stale else 0
    write()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
