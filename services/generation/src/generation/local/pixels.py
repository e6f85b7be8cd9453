"""Opens image files for analysis and takes regions out of them without holding a second copy of the picture.

A decoded picture of 40 megapixels takes 160 MB. So JPEGs are decoded at the scale that is needed and everything else is
shrunk strip by strip. Files are expected upright, in sRGB and of 8 bits, as `generation.assets.cleaning` leaves them.
"""

import math
import warnings
from dataclasses import dataclass

from PIL import Image

from generation.local.failures import Unworkable

PIXELS_MAX = 40_000_000
FORMATS = ("JPEG", "PNG", "WEBP")
STRIP_ROWS = 256
SAMPLE_PIXELS = 4
"""A JPEG is decoded at no less than this times the size of a sample, for decoding it small mixes pixels."""

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Box:
    """A region in pixels, from its upper left corner."""

    left: int
    top: int
    width: int
    height: int

    @property
    def corners(self) -> tuple[int, int, int, int]:
        """Left, upper, right and lower edge, as Pillow wants them."""
        return self.left, self.top, self.left + self.width, self.top + self.height


class Picture:
    """An image file and its size in pixels."""

    def __init__(self, path: str) -> None:
        """Look at the header.

        Raises:
            Unworkable: not a JPEG, PNG or WebP of one frame and at most 40 megapixels.
        """
        self._path = path
        with _opened(path) as image:
            self.size: Size = image.size

    def shrunk(self, side_max: int) -> Image.Image:
        """The whole picture with no side longer than `side_max`, RGB or RGBA.

        Raises:
            Unworkable: the file is damaged.
        """
        scale = min(1.0, side_max / max(self.size))
        size = max(1, round(self.size[0] * scale)), max(1, round(self.size[1] * scale))
        return self.region(Box(0, 0, *self.size), size)

    def whole(self, pixels_max: int) -> Image.Image:
        """The picture at its own size, or scaled to `pixels_max` where it has more; RGB or RGBA, the only copy of it.

        Raises:
            Unworkable: the file is damaged.
        """
        scale = min(1.0, math.sqrt(pixels_max / math.prod(self.size)))
        size = max(1, int(self.size[0] * scale)), max(1, int(self.size[1] * scale))
        image = _opened(self._path)
        try:
            image.draft(None, size)
            image.load()
            whole = image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)
        except (OSError, SyntaxError, ValueError) as error:
            raise _unsupported("It is damaged.") from error
        mode = "RGBA" if whole.has_transparency_data else "RGB"
        return whole if whole.mode == mode else whole.convert(mode)

    def sampled(self, side_max: int) -> Image.Image:
        """As `shrunk`, of pixels that are in the picture: none that mix what lies on both sides of an edge.

        Raises:
            Unworkable: the file is damaged.
        """
        scale = min(1.0, side_max / max(self.size))
        size = max(1, round(self.size[0] * scale)), max(1, round(self.size[1] * scale))
        with _opened(self._path) as image:
            try:
                image.draft(None, (SAMPLE_PIXELS * size[0], SAMPLE_PIXELS * size[1]))
                small = image.resize(size, Image.Resampling.NEAREST)
            except (OSError, SyntaxError, ValueError) as error:
                raise _unsupported("It is damaged.") from error
            return small.convert("RGBA" if image.has_transparency_data else "RGB")

    def region(self, box: Box, size: Size) -> Image.Image:
        """A region, scaled to `size`, RGB or RGBA.

        Raises:
            Unworkable: the file is damaged.
        """
        with _opened(self._path) as image:
            try:
                return _scaled(image, box, size)
            except (OSError, SyntaxError, ValueError) as error:  # what Pillow's decoders raise on damaged files
                raise _unsupported("It is damaged.") from error


def _opened(path: str) -> Image.Image:
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = PIXELS_MAX
    try:
        image = Image.open(path, formats=FORMATS)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _unsupported("It is no JPEG, PNG or WebP of at most 40 megapixels.") from error
    if getattr(image, "n_frames", 1) > 1:
        image.close()
        raise _unsupported("It has more than one frame.")
    return image


def _unsupported(detail: str) -> Unworkable:
    return Unworkable("UNSUPPORTED_IMAGE", f"The image cannot be worked on. {detail}")


def _scaled(image: Image.Image, box: Box, size: Size) -> Image.Image:
    full = image.size
    wanted = round(full[0] * size[0] / box.width), round(full[1] * size[1] / box.height)
    if image.format == "JPEG" and image.draft(None, wanted) is not None:
        box = _rescaled(box, full, image.size)
    image.load()
    factor = max(1, int(min(box.width / size[0], box.height / size[1]) / 2))
    piece = _reduced(image, box, factor)
    # The last column and row of a reduction are of fewer pixels: resampling takes the exact extent.
    extent = (0.0, 0.0, box.width / factor, box.height / factor)
    return piece.resize(size, Image.Resampling.LANCZOS, box=extent)


def _rescaled(box: Box, before: Size, after: Size) -> Box:
    across, down = after[0] / before[0], after[1] / before[1]
    left, top = int(box.left * across), int(box.top * down)
    right = min(after[0], max(left + 1, round((box.left + box.width) * across)))
    bottom = min(after[1], max(top + 1, round((box.top + box.height) * down)))
    return Box(left, top, right - left, bottom - top)


def _reduced(image: Image.Image, box: Box, factor: int) -> Image.Image:
    """A region at 1/factor, made strip by strip."""
    mode = "RGBA" if image.has_transparency_data else "RGB"
    left, top, right, bottom = box.corners
    reduced = Image.new(mode, (-(-box.width // factor), -(-box.height // factor)))
    rows = max(1, STRIP_ROWS // factor) * factor
    for upper in range(top, bottom, rows):
        strip = image.crop((left, upper, right, min(upper + rows, bottom)))
        reduced.paste(strip.convert(mode).reduce(factor), (0, (upper - top) // factor))
    return reduced
