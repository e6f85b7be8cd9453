"""What a child process does with the pages of a colouring book: from a provider's picture to what is kept and printed.

A page is drawn at a provider's size and kept at twice of it, in pure black and white: edges that were grey become
sharp at the larger size instead of jagged at the small one.
"""

import hashlib
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageFilter, ImageOps

from generation.local.failures import Unworkable
from generation.local.pixels import Box, Picture

NOT_LINE_ART = "NOT_LINE_ART"
INK_SHARE_MIN, INK_SHARE_MAX = 0.004, 0.35
"""Of a page to colour: with less there is nothing to see, with more nothing to colour."""
GREY_SHARE_MAX = 0.22
"""Of a provider's picture: edges are grey and so is a little shading; a painting is grey all over."""
PRINT_FACTOR = 2
WEBP_QUALITY = 90
_PAPER_LEVEL = 138
"""From this grey on, of 255, an edge is paper."""
_DRIFT_SHARE = 1 / 256
"""A line that an edit has moved by this part of the width is the same line."""


def line_page(source: str, target: str, width: int, height: int) -> dict[str, Any]:
    """Make of a provider's drawing a page of `width` x `height` times `PRINT_FACTOR` pixels, one bit each, as PNG.

    Answers `sha256`, `size_bytes`, `width`, `height` and `ink` (its share of the page).

    Raises:
        Unworkable: `NOT_LINE_ART`, or the file is no usable picture.
    """
    picture = Picture(source)
    drawing = _levelled(picture.region(_middle(picture.size, width / height), (width, height)))
    _refuse_paintings(drawing)
    large = drawing.resize((width * PRINT_FACTOR, height * PRINT_FACTOR), Image.Resampling.LANCZOS)
    ink = round(sum(large.histogram()[: _PAPER_LEVEL + 1]) / (large.width * large.height), 4)
    if not INK_SHARE_MIN <= ink <= INK_SHARE_MAX:
        raise Unworkable(NOT_LINE_ART, f"{ink:.1%} of the page is black.")
    page = large.point([255 if level > _PAPER_LEVEL else 0 for level in range(256)], "1")
    del large  # of six megabytes, as the page is
    page.save(target, format="PNG")
    return {**_facts(target), "width": page.width, "height": page.height, "ink": ink}


def sheet(source: str, target: str, width: int, height: int) -> dict[str, Any]:
    """Make of a kept page the picture that is handed over to be coloured: of the size it was drawn at, in grey."""
    with Image.open(source, formats=("PNG",)) as page:
        page.convert("L").resize((width, height), Image.Resampling.BOX).save(target, format="PNG")
    return {"width": width, "height": height}


def coloured_page(source: str, target: str, page: str, width: int, height: int) -> dict[str, Any]:
    """Make of an edited picture the coloured page that is kept, as WebP of `width` x `height` pixels.

    Answers `sha256`, `size_bytes`, `width`, `height` and `lines_kept`: the share of the ink of the kept page in the
    file `page` that is dark here too.

    Raises:
        Unworkable: the file is no usable picture.
    """
    picture = Picture(source)
    coloured = _on_white(picture.region(_middle(picture.size, width / height), (width, height)))
    coloured.save(target, format="WEBP", quality=WEBP_QUALITY, method=3)
    return {**_facts(target), "width": width, "height": height, "lines_kept": _lines_kept(coloured, page)}


def _middle(size: tuple[int, int], shape: float) -> Box:
    """The largest region of this shape (width to height) in the middle."""
    width, height = size
    across, down = min(width, round(height * shape)), min(height, round(width / shape))
    return Box((width - across) // 2, (height - down) // 2, max(1, across), max(1, down))


def _levelled(image: Image.Image) -> Image.Image:
    """In grey, with paper white and ink black whatever tint the provider gave them."""
    return ImageOps.autocontrast(_on_white(image).convert("L"), cutoff=(0.1, 20))


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A") if image.mode == "RGBA" else None)
    return ground


def _refuse_paintings(drawing: Image.Image) -> None:
    levels = drawing.histogram()
    grey = sum(levels[48:208]) / (drawing.width * drawing.height)
    if grey > GREY_SHARE_MAX:
        raise Unworkable(NOT_LINE_ART, f"{grey:.0%} of the picture is neither black nor white.")


def _lines_kept(coloured: Image.Image, page: str) -> float:
    """Looked at in half the size, which is a quarter of the time."""
    small = coloured.convert("L").reduce(2)
    with Image.open(page, formats=("PNG",)) as kept:
        ink = kept.convert("L").resize(small.size, Image.Resampling.BOX).point(lambda level: 255 if level < 96 else 0)
    near = ImageFilter.MinFilter(2 * max(1, round(small.width * _DRIFT_SHARE)) + 1)
    dark = small.filter(near).point(lambda level: 255 if level < 110 else 0)
    whole = ink.histogram()[255]
    return round(ImageChops.multiply(ink, dark).histogram()[255] / whole, 3) if whole else 0.0


def _facts(path: str) -> dict[str, Any]:
    content = Path(path).read_bytes()
    return {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
