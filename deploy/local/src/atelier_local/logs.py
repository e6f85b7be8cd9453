"""Owns the size of the logs: one previous file is kept of each, and both are bounded."""

import os
import shutil
from collections import deque
from pathlib import Path

BYTES_MAX = 10 * 1024 * 1024


def bound(log: Path, *, bytes_max: int = BYTES_MAX) -> None:
    """Move a log that has grown too long to `<name>.log.1`.

    Writers append through an open descriptor, so the content is copied and the file emptied in place; lines
    written in between may be lost, which a development log can bear.
    """
    try:
        if log.stat().st_size <= bytes_max:
            return
    except FileNotFoundError:
        return
    shutil.copyfile(log, log.with_name(f"{log.name}.1"))
    os.truncate(log, 0)


def tail(log: Path, lines: int = 30) -> str:
    """The last lines of a log; empty when there is none."""
    try:
        with log.open(encoding="utf-8", errors="replace") as file:
            return "".join(deque(file, maxlen=lines)).rstrip()
    except FileNotFoundError:
        return ""
