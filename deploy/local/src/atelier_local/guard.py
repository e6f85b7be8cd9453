"""Owns the end of everything when the supervisor itself is killed: a small process that outlives it to clean up.

Linux can signal a child when its parent dies, and `fork` asks for that; but a service's own children would
stay, and other systems have no such call. The guard holds the reading end of a pipe whose writing end only
the supervisor keeps: end of file means the supervisor is gone, however it went. Every child announces its
process group through the pipe before it does anything else. The guard shares the home's lock, which
therefore stays taken until nothing of the home is left.
"""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress

from atelier_local.fork import fork_bare, group_exists, signal_group

_GRACE_SECONDS = 8.0
_KILL_SECONDS = 3.0
_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


class Guard:
    """The supervisor's end of the pipe."""

    def __init__(self, let_go: Callable[[], None]) -> None:
        """`let_go` closes, in the guard, what it must not keep of the supervisor's."""
        reading, self._writing = os.pipe()

        def body() -> None:
            let_go()
            os.close(self._writing)
            _watch(reading)

        self.pid = fork_bare(body, name="atelier-guard")
        os.close(reading)

    def announce_self(self, death_signal: int) -> None:
        """In a child: register its process group, then let go of the pipe."""
        os.write(self._writing, f"+{os.getpid()} {death_signal}\n".encode())
        os.close(self._writing)

    def announce(self, group: int, death_signal: int) -> None:
        """In the supervisor: register a group that another guard knew."""
        os.write(self._writing, f"+{group} {death_signal}\n".encode())

    def forget(self, group: int) -> None:
        """In the supervisor: nothing of this group is left."""
        os.write(self._writing, f"-{group} 0\n".encode())

    def close(self) -> None:
        """Let go of a guard that has ended."""
        os.close(self._writing)

    def dismiss(self) -> None:
        """Let the guard finish; whatever is still registered is killed first."""
        os.close(self._writing)
        os.waitpid(self.pid, 0)


def _watch(reading: int) -> None:
    os.setsid()
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    groups: dict[int, int] = {}
    with os.fdopen(reading, encoding="ascii") as lines:
        for line in lines:
            group, death_signal = (int(part) for part in line[1:].split())
            if line[0] == "+":
                groups[group] = death_signal
            else:
                groups.pop(group, None)
    for group, death_signal in groups.items():
        signal_group(group, death_signal)
    _wait_for(groups, _GRACE_SECONDS)
    for group in groups:
        signal_group(group, signal.SIGKILL)
    _wait_for(groups, _KILL_SECONDS)


def _wait_for(groups: dict[int, int], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for group in [group for group in groups if not group_exists(group)]:
            groups.pop(group)
        if not groups:
            return
        with suppress(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)
        time.sleep(0.05)
