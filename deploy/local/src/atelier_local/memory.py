"""Owns the measure of memory: the proportional share (PSS) of every process of an installation, from /proc."""

import os
from dataclasses import dataclass
from pathlib import Path

from atelier_local.state import RunState

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Share:
    """What one process of the plan, with everything below it, occupies."""

    name: str
    processes: int
    pss_kib: int


def measure(state: RunState) -> list[Share]:
    """The memory of every process, shared pages counted by their share. Linux only, and own processes only.

    Raises:
        OSError: the system does not tell.
    """
    children = _children()
    names = {process.pid: name for name, process in state.processes.items() if process.pid}
    own = {state.supervisor_pid, *(pid for pid in children.get(state.supervisor_pid, []) if pid not in names)}
    shares = [_share("supervisor", sorted(own))]
    return shares + [_share(name, _descendants(pid, children)) for pid, name in names.items()]


def _share(name: str, pids: list[int]) -> Share:
    return Share(name, len(pids), sum(_pss_kib(pid) for pid in pids))


def _descendants(pid: int, children: dict[int, list[int]]) -> list[int]:
    found = [pid]
    for child in found:
        found.extend(children.get(child, []))
    return found


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for name in os.listdir(_PROC):  # noqa: PTH208 - Path.iterdir is slower and gives nothing more
        if name.isdecimal():
            try:
                status = (_PROC / name / "stat").read_text()
            except OSError:  # ended meanwhile
                continue
            parent = int(status.rpartition(")")[2].split()[1])
            found.setdefault(parent, []).append(int(name))
    return found


def _pss_kib(pid: int) -> int:
    try:
        lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):  # ended meanwhile
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
