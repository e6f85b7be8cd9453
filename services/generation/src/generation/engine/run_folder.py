"""A folder of a run's own, which nobody else can read and which ends with the run, or with the next worker's start."""

import asyncio
import os
import shutil
import tempfile
from pathlib import Path

FOLDER_PREFIX = "atelier-run-"
"""Then the pid of the worker it belongs to."""


def sweep_left_folders(where: Path | None = None) -> int:
    """Remove what workers that were killed have left behind; for a worker's start. Says how many folders there were.

    A pid may have gone to somebody else since: then its folders wait for a later start.
    """
    left = [
        folder
        for folder in Path(where or tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*")
        if (pid := folder.name.removeprefix(FOLDER_PREFIX).partition("-")[0]).isdecimal() and not _is_another(int(pid))
    ]
    for folder in left:
        shutil.rmtree(folder, ignore_errors=True)
    return len(left)


def _is_another(pid: int) -> bool:
    """Whether this is a process that lives, and not ours: what bears our own pid at our start is from a former life."""
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


class RunFolder:
    """Made when it is first asked for.

    Args:
        where: in which folder; the system's place for temporary files if not given.
    """

    def __init__(self, where: Path | None = None) -> None:
        self._where = where
        self._folder: Path | None = None
        self._lock = asyncio.Lock()

    async def path(self) -> Path:
        """The folder."""
        async with self._lock:
            if self._folder is None:
                self._folder = await asyncio.to_thread(self._make)
            return self._folder

    async def aclose(self) -> None:
        """Remove it with all that is in it."""
        if self._folder is not None:
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)
            self._folder = None

    def _make(self) -> Path:
        return Path(tempfile.mkdtemp(prefix=f"{FOLDER_PREFIX}{os.getpid()}-", dir=self._where))
