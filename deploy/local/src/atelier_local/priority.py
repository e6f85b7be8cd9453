"""Owns who goes first on a box with few cores."""

import os
from contextlib import suppress
from pathlib import Path

_AUTOGROUP = Path("/proc/self/autogroup")


def step_back(niceness: int) -> None:
    """Let others go before this process. Anybody may raise a niceness, nobody but root may lower it again.

    Linux schedules sessions, not processes, against each other where autogroups are on; the group's own niceness
    counts then. Elsewhere, and where /proc is sealed, the process's must do.
    """
    os.nice(niceness)
    with suppress(OSError):
        _AUTOGROUP.write_text(str(niceness), encoding="ascii")
