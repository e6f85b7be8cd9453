"""Has pictures cleaned by child processes: what a hostile file does to its decoder harms nobody else."""

from dataclasses import dataclass
from pathlib import Path

import structlog

from generation.assets.rules import IMAGE_TOO_LARGE, UNSUPPORTED_IMAGE, PictureRefused
from generation.local.failures import FailureReason, LocalWorkFailed
from generation.local.pool import LocalPool, LocalTask

log = structlog.get_logger(__name__)

PIXELS_MAX = 40_000_000
_CLEAN = LocalTask("clean-picture", "generation.assets.cleaning:clean", wall_seconds=30.0, cpu_seconds=20.0)
_BEYOND_US = (FailureReason.OUT_OF_MEMORY, FailureReason.OUT_OF_CPU, FailureReason.TIMED_OUT)


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """A clean picture: what it is, its size, and the SHA-256 (hex) of its file."""

    media_type: str
    width: int
    height: int
    size_bytes: int
    sha256: str


class Pictures:
    """Cleans pictures, as many at once as the pool has processes.

    Args:
        pixels_max: larger ones are refused; decoding takes 4 bytes a pixel, turning and WebP as much again each.
    """

    def __init__(self, pool: LocalPool, *, pixels_max: int = PIXELS_MAX) -> None:
        self._pool = pool
        self._pixels_max = pixels_max

    async def clean(self, source: Path, target: Path) -> PictureFacts:
        """Write a clean picture to `target`; see `generation.assets.cleaning.clean`.

        Raises:
            PictureRefused: the file is at fault, or asks for more than a picture may.
            LocalWorkFailed: we are: too much to do, or stopping.
        """
        arguments = {"source": str(source), "target": str(target), "pixels_max": self._pixels_max}
        try:
            return PictureFacts(**await self._pool.run(_CLEAN, arguments))
        except LocalWorkFailed as error:
            if error.reason is FailureReason.REFUSED:
                raise PictureRefused(error.code, error.detail) from error
            if error.reason in _BEYOND_US:
                raise PictureRefused(IMAGE_TOO_LARGE, "The picture takes too much memory or time to open.") from error
            if error.reason is FailureReason.CRASHED:
                log.warning("picture_crashed_its_decoder", detail=error.detail)
                raise PictureRefused(UNSUPPORTED_IMAGE, "The picture is damaged.") from error
            raise
