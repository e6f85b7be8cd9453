"""Pictures on their way into a file: JPEG as it is, line art in grey, all else made one of the two."""

import io
from pathlib import Path

from PIL import Image
from reportlab.lib.utils import ImageReader

from generation.local.failures import Unworkable

FORMATS = ("JPEG", "PNG", "WEBP")
PIXELS_MAX = 40_000_000
_JPEG_QUALITY = 90


def opened(path: str, folder: Path) -> ImageReader:
    """The picture at `path`, which must be a file in or below `folder`: documents show what their run has, no other.

    Raises:
        Unworkable: it is no JPEG, PNG or WebP of at most `PIXELS_MAX` pixels.
        ValueError: it lies elsewhere; that is our own mistake.
    """
    file = Path(path).resolve()
    if not file.is_relative_to(folder.resolve()):
        raise ValueError(f"{path} is not in the folder of the document")
    try:
        with Image.open(file, formats=FORMATS) as image:
            return _reader(image, file)
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise Unworkable("UNSUPPORTED_IMAGE", f"A picture of the document cannot be read: {error}"[:300]) from error


def _reader(image: Image.Image, file: Path) -> ImageReader:
    if image.width * image.height > PIXELS_MAX:
        raise Unworkable("UNSUPPORTED_IMAGE", f"A picture of the document has more than {PIXELS_MAX} pixels.")
    if image.format == "JPEG" and image.mode in ("L", "RGB"):
        return ImageReader(str(file))  # its bytes go into the document unchanged
    if image.mode in ("1", "L", "LA") or (image.mode == "P" and _is_grey(image)):
        return ImageReader(_on_white(image).convert("L"))
    if image.format == "PNG":
        return ImageReader(_on_white(image).convert("RGB"))
    encoded = io.BytesIO()
    _on_white(image).convert("RGB").save(encoded, "JPEG", quality=_JPEG_QUALITY)
    encoded.seek(0)
    return ImageReader(encoded)


def _is_grey(image: Image.Image) -> bool:
    palette = image.getpalette("RGB") or []
    return all(palette[at] == palette[at + 1] == palette[at + 2] for at in range(0, len(palette) - 2, 3))


def _on_white(image: Image.Image) -> Image.Image:
    """Paper is white: what is transparent shows it."""
    if not image.has_transparency_data:
        image.load()
        return image
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image.convert("RGBA"))
    return white
