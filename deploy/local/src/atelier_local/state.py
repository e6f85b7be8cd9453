"""Owns run.json: what is running in a home, and how private files are written."""

import json
import os
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

Phase = Literal["starting", "running", "stopping", "failed"]


@dataclass(slots=True)
class ProcessState:
    """One supervised process. `pid` is None while it waits for its next start."""

    pid: int | None
    ready: bool
    restarts: int


@dataclass(slots=True)
class RunState:
    """What `status`, `down` and tests need to know; secrets included, so the file is private."""

    phase: Phase
    supervisor_pid: int
    urls: dict[str, str]
    environment: dict[str, str]
    processes: dict[str, ProcessState] = field(default_factory=dict)
    failure: str = ""

    @property
    def ready(self) -> bool:
        """Whether everything answered since its last start."""
        return self.phase == "running" and all(process.ready for process in self.processes.values())


def write_private(path: Path, content: dict[str, Any]) -> None:
    """Replace a JSON file atomically; only its owner can read it."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1, sort_keys=True)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read_private(path: Path) -> dict[str, Any]:
    """The content of a file written by `write_private`; empty when there is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    if not isinstance(content, dict):
        raise TypeError(f"{path} does not hold an object")
    return content


def write_state(path: Path, state: RunState) -> None:
    """Replace run.json."""
    write_private(path, asdict(state))


def read_state(path: Path) -> RunState | None:
    """The last written state, which may be of a run that has ended; None when there never was one."""
    content = read_private(path)
    if not content:
        return None
    processes = {name: ProcessState(**process) for name, process in content.pop("processes").items()}
    return RunState(**content, processes=processes)
