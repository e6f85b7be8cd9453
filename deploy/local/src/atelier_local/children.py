"""Owns the supervisor's children: forking them, hearing of their end, and clearing up what they leave behind."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress

from atelier_local import logs
from atelier_local.fork import Child, fork_child, signal_group
from atelier_local.guard import Guard
from atelier_local.managed import Managed
from atelier_local.ports import Reservations


class Children:
    """All processes below the supervisor: the guard, supervised ones, and jobs that run once."""

    def __init__(self, kept: list[int], reservations: Reservations, say: Callable[[str], None]) -> None:
        """`kept` are file descriptors that no child may keep."""
        self.managed: list[Managed] = []
        self._kept, self._reservations, self._say = kept, reservations, say
        self._jobs: dict[int, str] = {}
        self._job_codes: dict[int, int] = {}
        self._guard = Guard(reservations.close)

    def launch(self, managed: Managed) -> None:
        """Start a supervised process, for the first time or again."""
        if managed not in self.managed:
            self.managed.append(managed)
            if managed.child.log:
                logs.bound(managed.child.log, bytes_max=logs.BYTES_MAX // 2)
        self._reservations.release(managed.ports)
        managed.started(fork_child(managed.child, self._let_go(managed.child)))

    def start_job(self, child: Child) -> int:
        """Start a process that is to end by itself; returns its pid."""
        pid = fork_child(child, self._let_go(child))
        self._jobs[pid] = child.name
        return pid

    def job_code(self, pid: int) -> int | None:
        """A job's exit code once it has ended."""
        return self._job_codes.get(pid)

    def kill_jobs(self) -> None:
        """Do not wait for the jobs that still run."""
        for pid in self._jobs:
            signal_group(pid, signal.SIGKILL)

    def reap(self, *, stopping: bool) -> None:
        """Take note of every child that has ended."""
        for managed in self.managed:
            if managed.pid is not None and (code := _ended(managed.pid)) is not None:
                self._cleared(managed.pid)
                if not stopping:
                    self._say(f"{managed.name} {how_it_ended(code)}; starting it again")
                managed.ended()
        for pid in list(self._jobs):
            if (code := _ended(pid)) is not None:
                self._cleared(pid)
                del self._jobs[pid]
                self._job_codes[pid] = code
        if not stopping and _ended(self._guard.pid) is not None:
            self._replace_guard()

    def renew_guard(self) -> None:
        """Fork the guard again: one forked before the shared imports has pages of its own, one after shares them."""
        former = self._guard

        def let_go() -> None:
            former.close()
            self._reservations.close()

        self._guard = Guard(let_go)
        self._announce_all()
        for managed in self.managed:
            if managed.pid is not None:
                former.forget(managed.pid)
        former.dismiss()

    def close(self) -> None:
        """Let the guard end, after it has killed whatever is still there."""
        with suppress(ChildProcessError):
            self._guard.dismiss()

    def _let_go(self, child: Child) -> Callable[[], None]:
        """What a child does first: be known to the guard, and keep nothing of the supervisor's."""

        def in_child() -> None:
            self._guard.announce_self(child.death_signal)
            self._reservations.close()
            for handle in self._kept:
                os.close(handle)

        return in_child

    def _cleared(self, group: int) -> None:
        """A child has ended: so must what it started."""
        signal_group(group, signal.SIGKILL)
        with suppress(BrokenPipeError):  # the guard is about to be replaced
            self._guard.forget(group)

    def _replace_guard(self) -> None:
        self._guard.close()
        self._guard = Guard(self._reservations.close)
        self._announce_all()

    def _announce_all(self) -> None:
        for managed in self.managed:
            if managed.pid is not None:
                self._guard.announce(managed.pid, managed.child.death_signal)


def how_it_ended(code: int) -> str:
    """An exit code in words; negative codes are signals."""
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"


def _ended(pid: int) -> int | None:
    """The exit code of a child that has ended (negative: the signal), else None."""
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None
