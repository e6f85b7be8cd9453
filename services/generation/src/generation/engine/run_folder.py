"""A folder of a run's own, which nobody else can read and which ends with the run."""

import asyncio
import shutil
import tempfile
from pathlib import Path

FOLDER_PREFIX = "atelier-run-"


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
        return Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX, dir=self._where))
