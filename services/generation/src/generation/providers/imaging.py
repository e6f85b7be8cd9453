"""Judging and re-encoding image bytes others made: formats, pixel cap, no metadata, off the event loop."""

import asyncio
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from PIL import Image, ImageOps

T = TypeVar("T")

PIXELS_MAX = 40_000_000
FRAMES_MAX = 1
FORMATS = ("PNG", "JPEG", "WEBP")
_MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}

# Pillow warns above this and raises above twice this; the size check below makes both an UnusableImage.
Image.MAX_IMAGE_PIXELS = PIXELS_MAX


class UnusableImage(ValueError):
    """The bytes are no image we take: unknown format, too many pixels or frames, damaged."""


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What an image is: media type and size in pixels."""

    media_type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """A WebP file without metadata, and its size in pixels."""

    content: bytes
    width: int
    height: int


def inspect_image(content: bytes) -> ImageFacts:
    """Decode ``content`` completely and say what it is. Blocking.

    Raises:
        UnusableImage: it is not a whole PNG, JPEG or WebP of at most 40 megapixels and one frame.
    """
    image = decoded(content)
    return ImageFacts(_MEDIA_TYPES[str(image.format)], image.width, image.height)


def encode_webp(content: bytes, size: tuple[int, int] | None = None, *, quality: int = 90) -> EncodedImage:
    """Turn an image into upright WebP that carries no EXIF, XMP, ICC or text; fitted to `size` if given. Blocking.

    Raises:
        UnusableImage: as for :func:`inspect_image`.
    """
    upright = ImageOps.exif_transpose(decoded(content))
    mode = "RGBA" if upright.has_transparency_data else "RGB"
    plain = upright.convert(mode)
    if size is not None and plain.size != size:
        plain = ImageOps.fit(plain, size, Image.Resampling.LANCZOS)
    plain.info.clear()
    out = io.BytesIO()
    plain.save(out, format="WEBP", quality=quality, method=4)
    return EncodedImage(out.getvalue(), plain.width, plain.height)


def decoded(content: bytes) -> Image.Image:
    """The whole image in memory. Blocking.

    Raises:
        UnusableImage: as for :func:`inspect_image`.
    """
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
        if image.width * image.height > PIXELS_MAX:
            raise UnusableImage(f"{image.width}x{image.height} exceeds {PIXELS_MAX} pixels")
        if getattr(image, "n_frames", 1) > FRAMES_MAX:
            raise UnusableImage("animated images are not taken")
        image.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnusableImage(f"more than {PIXELS_MAX} pixels") from error
    except UnusableImage:
        raise
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow's decoders raise on damaged files
        raise UnusableImage(f"cannot be decoded: {error}") from error
    return image


class Imaging:
    """Runs the functions above on a few threads of its own (Pillow releases the GIL while it works)."""

    def __init__(self, threads_max: int = 2) -> None:
        self._executor = ThreadPoolExecutor(max_workers=threads_max, thread_name_prefix="imaging")

    async def inspect(self, content: bytes) -> ImageFacts:
        """:func:`inspect_image` off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, inspect_image, content)

    async def to_webp(self, content: bytes, size: tuple[int, int] | None = None) -> EncodedImage:
        """:func:`encode_webp` off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, encode_webp, content, size)

    async def run(self, work: Callable[..., T], *arguments: object) -> T:
        """Any other such work, likewise off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, partial(work, *arguments))

    def close(self) -> None:
        """Let running work end and start no more."""
        self._executor.shutdown(wait=False, cancel_futures=True)
