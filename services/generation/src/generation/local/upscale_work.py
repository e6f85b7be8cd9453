"""What child processes do for `upscale`: finish what a provider has enlarged, and enlarge without one; file to file."""

import math
import time
from typing import Any

from PIL import Image, ImageFilter

from generation.local.failures import Unworkable
from generation.local.pixels import Picture

QUALITY = 90
WEBP_PIXELS_MAX = 4096 * 4096
"""Encoding WebP takes ten bytes a pixel: what is larger leaves as JPEG, which takes none."""
_QUICK_PIXELS = 4_000_000
_SHAPE_TOLERANCE = 0.02
_SHORT_MAX = 0.02
"""By how much a provider may stay below the size asked for: then a few pixels are made up, more would be a lie."""


def finish(source: str, target: str, width: int, height: int) -> dict[str, Any]:
    """Write `source` to `target` at exactly this size, as WebP or, where that is too large, JPEG; no metadata.

    Answers `media_type`.

    Raises:
        Unworkable: `UNSUPPORTED_IMAGE`, or `OTHER_SIZE`: it is smaller, or of another shape.
    """
    picture = Picture(source)
    across, down = picture.size[0] / width, picture.size[1] / height
    if min(across, down) < 1 - _SHORT_MAX or abs(across / down - 1) > _SHAPE_TOLERANCE:
        raise Unworkable("OTHER_SIZE", f"{picture.size[0]}x{picture.size[1]} pixels in place of {width}x{height}.")
    image = picture.whole(picture.size[0] * picture.size[1])
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.LANCZOS)
    return {"media_type": save(image, target)}


def lanczos(source: str, target: str, width: int, height: int) -> dict[str, Any]:
    """Interpolate and sharpen a little: no model, nothing made up. Answers `media_type` and `cpu_seconds`.

    Raises:
        Unworkable: the file is no usable picture.
    """
    started = time.process_time()
    image = Picture(source).whole(width * height)
    image = image.resize((width, height), Image.Resampling.LANCZOS).filter(ImageFilter.UnsharpMask(1.5, 60, 2))
    return {"media_type": save(image, target), "cpu_seconds": time.process_time() - started}


def save(image: Image.Image, target: str) -> str:
    """Write a result; answers its media type."""
    pixels = math.prod(image.size)
    image.info.clear()
    if image.mode == "RGB" and pixels > WEBP_PIXELS_MAX:
        image.save(target, format="JPEG", quality=QUALITY, subsampling=0)
        return "image/jpeg"
    image.save(target, format="WEBP", quality=QUALITY, method=4 if pixels <= _QUICK_PIXELS else 2)
    return "image/webp"
