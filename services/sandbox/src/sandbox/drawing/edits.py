"""Changes pictures that were handed in: cuts out, enlarges, softens, colours line art, restyles."""

import re
from random import Random

from PIL import Image, ImageChops, ImageFilter, ImageOps

from sandbox.drawing.brief import Brief
from sandbox.drawing.canvas import blurred
from sandbox.drawing.colouring import coloured
from sandbox.drawing.files import flatten
from sandbox.drawing.palettes import Palette, palette_for

_OUTPUT_SIDE_MAX = 8_192
_CUT_LOW, _CUT_HIGH = 26, 70


def edit(image: Image.Image, brief: Brief) -> Image.Image:
    """The picture changed as the prompt asks, at the brief's size: line art is coloured, a photo restyled."""
    random = Random(brief.number)  # noqa: S311 - pictures, not secrets
    palette = palette_for(brief.prompt, random)
    fitted = ImageOps.fit(flatten(image), (brief.width, brief.height), Image.Resampling.LANCZOS)
    if re.search(r"background", brief.prompt, re.IGNORECASE) and re.search(r"remove|transparent", brief.prompt):
        return cut_out(fitted)
    if _is_line_art(fitted):
        return coloured(fitted, brief.prompt, palette, random)
    return _restyled(fitted, palette)


def _is_line_art(image: Image.Image) -> bool:
    histogram = image.convert("L").resize((128, 128), Image.Resampling.BILINEAR).histogram()
    bright, saturation = sum(histogram[225:]), ImageOps.grayscale(image.convert("HSV").getchannel("S"))
    return bright > 0.55 * 128 * 128 and sum(saturation.resize((64, 64)).histogram()[40:]) < 200


def _restyled(image: Image.Image, palette: Palette) -> Image.Image:
    tones = ImageOps.autocontrast(ImageOps.grayscale(image), cutoff=1)
    toned = ImageOps.colorize(tones, palette.near, palette.paper, palette.accents[0])
    return Image.blend(ImageOps.posterize(image.filter(ImageFilter.SMOOTH_MORE), 5), toned, 0.45)


def cut_out(image: Image.Image) -> Image.Image:
    """The subject with alpha: what differs from the colour of the border stays."""
    ground = flatten(image)
    edge = ground.resize((16, 16), Image.Resampling.BOX)
    border = Image.new("RGB", (60, 1))
    ring = [(x, y) for x in range(16) for y in range(16) if x in (0, 15) or y in (0, 15)]
    for place, spot in enumerate(ring):
        border.putpixel((place, 0), _rgb(edge, spot))
    mean = border.resize((1, 1), Image.Resampling.BOX)
    difference = ImageChops.difference(ground, Image.new("RGB", ground.size, _rgb(mean, (0, 0))))
    red, green, blue = difference.split()
    strongest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    span = _CUT_HIGH - _CUT_LOW
    alpha = strongest.filter(ImageFilter.MedianFilter(5)).point(
        lambda value: min(max((value - _CUT_LOW) * 255 / span, 0), 255)
    )
    result = ground.convert("RGBA")
    result.putalpha(alpha)
    return result


def _rgb(image: Image.Image, spot: tuple[int, int]) -> tuple[int, int, int]:
    value = image.getpixel(spot)
    if not isinstance(value, tuple):
        raise TypeError("not an RGB picture")
    return int(value[0]), int(value[1]), int(value[2])


def upscale(image: Image.Image, scale: float) -> Image.Image:
    """The picture enlarged, at most to 8192 a side, and sharpened."""
    factor = min(max(scale, 1.0), 10.0, _OUTPUT_SIDE_MAX / max(image.size))
    size = max(1, round(image.width * factor)), max(1, round(image.height * factor))
    source = image if image.mode in ("RGB", "RGBA", "L") else image.convert("RGBA")
    return source.resize(size, Image.Resampling.LANCZOS).filter(ImageFilter.UnsharpMask(2, 60, 2))


def soften(image: Image.Image, radius: float) -> Image.Image:
    """The picture out of focus, as a partial result looks."""
    return blurred(image, radius)
