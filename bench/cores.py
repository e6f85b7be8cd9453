"""Which core a process runs on, whether other programs may disturb it, and how much of a core it used."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SERVER_CORE, LOAD_CORE = 0, 1
_TICKS = os.sysconf("SC_CLK_TCK")


def pinning_possible() -> bool:
    """Whether server and load can each have a core of their own."""
    return hasattr(os, "sched_setaffinity") and {SERVER_CORE, LOAD_CORE} <= os.sched_getaffinity(0)


def pin(pid: int, core: int) -> None:
    """Keep a process with all its threads on one core, where that is possible; 0 is this process."""
    if pinning_possible():
        for thread in os.listdir(f"/proc/{pid or os.getpid()}/task"):  # noqa: PTH208 - names are wanted
            os.sched_setaffinity(int(thread), {core})


@contextmanager
def undisturbed(pids: Iterable[int]) -> Iterator[None]:
    """Let processes, with all below them, run before everything else on the machine, which waits meanwhile.

    For a machine that others use too: real-time round robin for the length of the block. Needs root.
    """
    chosen = list(pids)
    _schedule(chosen, os.SCHED_RR, 1)
    try:
        yield
    finally:
        _schedule(chosen, os.SCHED_OTHER, 0)


def _schedule(pids: Iterable[int], policy: int, priority: int) -> None:
    for pid in pids:
        for found in descendants(pid):
            with suppress(FileNotFoundError, ProcessLookupError):  # ended meanwhile
                for thread in os.listdir(f"/proc/{found}/task"):  # noqa: PTH208 - names are wanted
                    os.sched_setscheduler(int(thread), policy, os.sched_param(priority))


def cpu_seconds(pid: int) -> float:
    """What a process and its descendants have used of the processors so far; ended descendants are not counted."""
    total = 0.0
    for found in descendants(pid):
        try:
            fields = Path(f"/proc/{found}/stat").read_text().rpartition(")")[2].split()
        except OSError:  # ended meanwhile
            continue
        total += (int(fields[11]) + int(fields[12])) / _TICKS
    return total


def descendants(pid: int) -> list[int]:
    """A process and everything below it."""
    found = [pid]
    for parent in found:
        try:
            children = Path(f"/proc/{parent}/task/{parent}/children").read_text()
        except OSError:
            continue
        found += [int(child) for child in children.split()]
    return found
