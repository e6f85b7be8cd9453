"""Makes of a run's picture the small copy that models are shown, in a child process, file to file."""

import asyncio
from pathlib import Path

from generation.engine.failures import JobFailed
from generation.local.failures import FailureReason, LocalWorkFailed
from generation.local.pool import LocalPool, LocalTask
from generation.providers.ports import PICTURE_BYTES_MAX, Picture

SHOW_TASK = LocalTask("show-picture", "generation.local.showing:show", wall_seconds=20.0, cpu_seconds=15.0)
_MEDIA_TYPE = "image/jpeg"


async def shown(pool: LocalPool, path: Path) -> Picture:
    """The copy of the picture at `path` that a model is shown: at most 1024 pixels and `PICTURE_BYTES_MAX`.

    Raises:
        JobFailed: `UNSUPPORTED_IMAGE`, the file is at fault.
        LocalWorkFailed: we are.
    """
    target = path.with_name(f"{path.name}.shown")
    arguments = {"source": str(path), "target": str(target), "bytes_max": PICTURE_BYTES_MAX}
    try:
        await pool.run(SHOW_TASK, arguments)
        return Picture(await asyncio.to_thread(target.read_bytes), _MEDIA_TYPE)
    except LocalWorkFailed as error:
        if error.reason is FailureReason.REFUSED:
            raise JobFailed(error.code, error.detail) from error
        raise
    finally:
        await asyncio.to_thread(target.unlink, missing_ok=True)
