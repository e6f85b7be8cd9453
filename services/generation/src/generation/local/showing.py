"""The small copy of a picture that a model is shown: a thousand pixels, sRGB, no transparency, nothing but pixels.

Runs in a child process. What a photograph's file says besides (place, author, comments) does not leave the house.
"""

import io
from pathlib import Path
from typing import Any

from PIL import Image

from generation.local.failures import Unworkable
from generation.local.pixels import Picture

MEDIA_TYPE = "image/jpeg"
_LADDER = ((1024, 85), (1024, 70), (768, 70), (512, 70), (384, 50))
"""Longest side in pixels and JPEG quality, tried in turn until the file is small enough."""


def show(source: str, target: str, bytes_max: int) -> dict[str, Any]:
    """Write a copy of the picture in `source` to `target`, of at most `bytes_max`; answers its size in pixels.

    Raises:
        Unworkable: it is no whole JPEG, PNG or WebP of at most 40 megapixels.
    """
    image = _on_white(Picture(source).shrunk(_LADDER[0][0]))
    for side, quality in _LADDER:
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        out = io.BytesIO()
        image.save(out, format="JPEG", quality=quality, optimize=True)
        if out.tell() <= bytes_max:
            Path(target).write_bytes(out.getvalue())
            return {"width": image.width, "height": image.height}
    raise Unworkable("UNSUPPORTED_IMAGE", "The image cannot be made small enough to be looked at.")


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A") if image.mode == "RGBA" else None)
    return ground
