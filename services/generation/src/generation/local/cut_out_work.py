"""What child processes do for `background-removal`: a copy for the provider, and the finished cut-out, file to file."""

import math
from typing import Any

from PIL import Image, ImageChops, ImageFilter

from generation.local.pixels import Picture

COPY_SIDE_MAX = 2048
"""Pixels a provider is shown; models judge outlines on no more than a thousand."""
RESULT_PIXELS_MAX = 4096 * 3072
"""A larger picture comes back at this size: with its alpha channel WebP takes 26 bytes a pixel to encode."""
QUALITY = 90
_COPY_QUALITY = 93
_BAND_ROWS = 512
_SOLID = 250
"""From this alpha on a pixel shows nothing of the background."""
_QUICK_PIXELS = 4_000_000
"""Above this WebP is encoded with less search for size: a quarter of the time, some per cent more bytes."""


def copy(source: str, target: str) -> dict[str, Any]:
    """Write what is shown to a provider: an opaque JPEG, on white where the picture is transparent.

    Answers `width` and `height`, and `original_width` and `original_height`.

    Raises:
        Unworkable: the file is no usable picture.
    """
    picture = Picture(source)
    image = picture.shrunk(COPY_SIDE_MAX)
    _on_white(image).save(target, format="JPEG", quality=_COPY_QUALITY, subsampling=0)
    return {
        "width": image.width,
        "height": image.height,
        "original_width": picture.size[0],
        "original_height": picture.size[1],
    }


def finish(source: str, alpha: str, target: str, file_format: str) -> dict[str, Any]:
    """Write the picture's own pixels with the provider's alpha channel, as WebP or PNG without metadata.

    What of the background shines through at a soft edge is taken out of its colour. Answers `width`, `height` and
    `subject_share`, the part of the picture that stays (0–1).

    Raises:
        Unworkable: the file is no usable picture.
    """
    image = Picture(source).whole(RESULT_PIXELS_MAX)
    with Image.open(alpha, formats=("PNG",)) as channel:
        mask = channel.convert("L").resize(image.size, Image.Resampling.BICUBIC)
    if image.mode == "RGBA":
        mask = ImageChops.multiply(mask, image.getchannel("A"))
    result = Image.new("RGBA", image.size)
    reach = max(2, round(max(image.size) / 400))
    for upper in range(0, image.height, _BAND_ROWS):
        result.paste(_band(image, mask, upper, min(upper + _BAND_ROWS, image.height), reach), (0, upper))
    share = sum(level * count for level, count in enumerate(mask.histogram())) / (255 * math.prod(image.size))
    size = image.size
    del image, mask
    _save(result, target, file_format)
    return {"width": size[0], "height": size[1], "subject_share": round(share, 4)}


def _band(image: Image.Image, mask: Image.Image, upper: int, lower: int, reach: int) -> Image.Image:
    """Some rows of the result. Soft pixels take the colour that the solid ones around them have."""
    top, bottom = max(0, upper - reach), min(image.height, lower + reach)
    around = (0, top, image.width, bottom)
    colours, alpha = image.crop(around).convert("RGB"), mask.crop(around)
    if alpha.getextrema() != (255, 255):
        lifted = colours.copy()
        lifted.putalpha(alpha.point(lambda level: level if level >= _SOLID else level // 4))
        # A blur of premultiplied pixels is the mean colour of what is in the foreground, weighted by how much it is.
        near = lifted.convert("RGBa").filter(ImageFilter.BoxBlur(reach)).convert("RGBA").convert("RGB")
        colours = Image.composite(near, colours, alpha.point(lambda level: 255 if level < _SOLID else 0))
    colours.putalpha(alpha)
    return colours.crop((0, upper - top, image.width, lower - top))


def _save(image: Image.Image, target: str, file_format: str) -> None:
    if file_format == "png":
        image.save(target, format="PNG", compress_level=6)
    else:
        method = 4 if math.prod(image.size) <= _QUICK_PIXELS else 2
        image.save(target, format="WEBP", quality=QUALITY, method=method)


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    ground: Image.Image = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground
