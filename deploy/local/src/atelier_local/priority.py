"""Owns who goes first on a box with few cores: what a customer waits for, then everything else.

A submission passes a dozen times from process to process, and each time it waits for a core. Processes on its way ask
for short turns, which lets them in at once where the kernel knows that wish; those that nobody waits for give way, and
so do the database's own processes that work for them.
"""

import ctypes
import os
import platform
import struct
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}.get(platform.machine()) if sys.platform == "linux" else None
_SCHED_ATTR = struct.Struct("=IIQiIQQQ")
"""`struct sched_attr` of sched_setattr(2): size, policy, flags, nice, priority, runtime, deadline, period."""
TURN_NANOSECONDS = 200_000
"""The kernel's own is about 3 ms; 0.1 ms is the least it grants."""
_LOOK_SECONDS = 1.0
_HOUSEKEEPING = frozenset({"autovacuum", "checkpointer"})
"""What PostgreSQL does for itself, in the titles of its processes."""


def step_forward() -> None:
    """Ask for short turns for this process and all it starts.

    Linux since 6.12 lets a process with shorter turns in before one whose turn is under way; elsewhere this does
    nothing.
    """
    if _SCHED_SETATTR is None:
        return
    niceness = os.getpriority(os.PRIO_PROCESS, 0)
    wish = _SCHED_ATTR.pack(_SCHED_ATTR.size, os.SCHED_OTHER, 0, niceness, 0, TURN_NANOSECONDS, 0, 0)
    ctypes.CDLL(None).syscall(_SCHED_SETATTR, 0, wish, 0)  # a kernel that refuses leaves things as they were


def step_back(niceness: int, pid: int = 0) -> None:
    """Let others go before a process; 0 is this one. Anybody may step back, nobody but root may undo it.

    Linux schedules sessions, not processes, against each other where autogroups are on; the group's own niceness
    counts then. Elsewhere, and where /proc is sealed, the process's must do.
    """
    os.setpriority(os.PRIO_PROCESS, pid, niceness)
    with suppress(OSError):
        Path(f"/proc/{pid or 'self'}/autogroup").write_text(str(niceness), encoding="ascii")


class DatabaseBackends:
    """Lets PostgreSQL's processes step back that keep house or work for services which step back themselves."""

    def __init__(self, databases: Iterable[str], niceness: int) -> None:
        self._databases = frozenset(databases)
        self._niceness = niceness
        self._seen: set[int] = set()
        self._due_at = 0.0

    def look(self, postmaster: int | None) -> None:
        """Look for new ones, at most once a second."""
        if not self._databases or postmaster is None or time.monotonic() < self._due_at:
            return
        self._due_at = time.monotonic() + _LOOK_SECONDS
        try:
            children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text(encoding="ascii")
        except OSError:  # it has just ended, or this is not Linux
            return
        present = {int(pid) for pid in children.split()}
        self._seen &= present
        for pid in present - self._seen:
            self._judge(pid)

    def _judge(self, pid: int) -> None:
        try:
            title = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode(errors="replace").split()
        except OSError:  # ended meanwhile
            return
        if len(title) < 2 or not title[0].startswith("postgres:"):
            return
        housekeeping = title[1] in _HOUSEKEEPING
        if len(title) < 4 and not housekeeping:  # "postgres: user database address state"
            return  # it has not said yet whom it works for
        self._seen.add(pid)
        if housekeeping or title[2] in self._databases:
            with suppress(ProcessLookupError, PermissionError):
                step_back(self._niceness, pid)
