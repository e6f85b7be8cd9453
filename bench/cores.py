"""Which core a process runs on, whether other programs may disturb it, and how much of a core it used."""

import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SERVER_CORE, LOAD_CORE = 0, 1
FAVOUR = 19
"""By how much the niceness of what is measured is lowered: the most there is."""
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
    """Let processes, with all below them, go before everything else on the machine for the length of the block.

    For a machine that others use too. All are favoured by the same, so that their order among themselves stays as the
    product has it. Needs root, and counts where the kernel schedules sessions against each other (autogroups) too.
    """
    chosen = [found for pid in pids for found in descendants(pid)]
    _favour(chosen, -FAVOUR)
    try:
        yield
    finally:
        _favour(chosen, FAVOUR)


@contextmanager
def stopped(pid: int | None) -> Iterator[None]:
    """A process that does nothing for the length of the block.

    Raises:
        RuntimeError: there is none.
    """
    if pid is None:
        raise RuntimeError("what is to be stopped does not run")
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def _favour(pids: Iterable[int], change: int) -> None:
    sessions: set[str] = set()
    for pid in pids:
        with suppress(FileNotFoundError, ProcessLookupError):  # ended meanwhile
            os.setpriority(os.PRIO_PROCESS, pid, _within(os.getpriority(os.PRIO_PROCESS, pid) + change))
            group = Path(f"/proc/{pid}/autogroup")
            if not group.exists():
                continue
            name, _, niceness = group.read_text().split()
            if name not in sessions:
                sessions.add(name)
                group.write_text(str(_within(int(niceness) + change)))


def _within(niceness: int) -> int:
    """What a niceness can be: a process may have stepped back by itself meanwhile."""
    return max(-20, min(19, niceness))


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
