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
_PASSES = 5
_ENOUGH = 24
"""Of 255, how much of a pixel's surroundings must count for their mean to be its colour."""
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
    reach = max(3, round(max(image.size) / 500))
    for upper in range(0, image.height, _BAND_ROWS):
        result.paste(_band(image, mask, upper, min(upper + _BAND_ROWS, image.height), reach), (0, upper))
    share = sum(level * count for level, count in enumerate(mask.histogram())) / (255 * math.prod(image.size))
    size = image.size
    del image, mask
    _save(result, target, file_format)
    return {"width": size[0], "height": size[1], "subject_share": round(share, 4)}


def _band(image: Image.Image, mask: Image.Image, upper: int, lower: int, reach: int) -> Image.Image:
    """Some rows of the result. Soft pixels take the colour that the solid ones near them have."""
    margin = reach * _PASSES
    top, bottom = max(0, upper - margin), min(image.height, lower + margin)
    around = (0, top, image.width, bottom)
    colours, alpha = image.crop(around).convert("RGB"), mask.crop(around)
    if sum(alpha.histogram()[1:_SOLID]):
        grown = _grown(colours, alpha, reach)
        soft = alpha.point(lambda level: 255 if level < _SOLID else 0)
        colours.paste(grown.convert("RGB"), mask=ImageChops.multiply(soft, grown.getchannel("A")))
    colours.putalpha(alpha)
    return colours.crop((0, upper - top, image.width, lower - top))


def _grown(colours: Image.Image, alpha: Image.Image, reach: int) -> Image.Image:
    """The colours of what is solid, grown outwards in a few passes; transparent where none of them reached."""
    grown = colours.copy()
    grown.putalpha(alpha.point(lambda level: 255 if level >= _SOLID else 0))
    for _ in range(_PASSES):
        # A blur of premultiplied pixels is the mean colour of those that count.
        wider = grown.convert("RGBa").filter(ImageFilter.BoxBlur(reach)).convert("RGBA")
        wider.putalpha(wider.getchannel("A").point(lambda level: 255 if level >= _ENOUGH else 0))
        wider.paste(grown, mask=grown.getchannel("A"))
        grown = wider
    return grown


def _save(image: Image.Image, target: str, file_format: str) -> None:
    if file_format == "png":
        image.save(target, format="PNG", compress_level=4)
    else:
        method = 4 if math.prod(image.size) <= _QUICK_PIXELS else 2
        image.save(target, format="WEBP", quality=QUALITY, method=method)


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    ground: Image.Image = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground
