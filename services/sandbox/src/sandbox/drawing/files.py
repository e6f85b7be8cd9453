"""Reads pictures safely and writes them with a label in their EXIF data that says which model they claim."""

import io
import warnings

from PIL import Image

from sandbox.drawing.brief import Brief, Encoding, FileFormat

_PIXELS_MAX = 40_000_000
_EXIF_SOFTWARE = 0x0131
_EXIF_DESCRIPTION = 0x010E


class UnreadableImageError(Exception):
    """The bytes are no picture that can be read here."""


def label(brief: Brief) -> dict[int, str]:
    """EXIF entries that tell a picture's vendor and model: `Software` is `sandbox/<family> <model>`."""
    return {
        _EXIF_SOFTWARE: f"sandbox/{brief.family} {brief.model}",
        _EXIF_DESCRIPTION: f"seed={brief.seed} number={brief.number}",
    }


def software_of(content: bytes) -> str | None:
    """The `Software` label of a picture file."""
    value = decode(content).getexif().get(_EXIF_SOFTWARE)
    return str(value) if value is not None else None


def decode(content: bytes) -> Image.Image:
    """The first frame of a PNG, JPEG or WebP, loaded.

    Raises:
        UnreadableImageError: another format, damaged, or more than 40 million pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "WEBP"))
            if image.width * image.height > _PIXELS_MAX:
                raise UnreadableImageError("too many pixels")
            image.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UnreadableImageError(str(error)) from error
    return image


def encode(image: Image.Image, encoding: Encoding, labels: dict[int, str] | None = None) -> bytes:
    """The picture as a file; transparency is laid on white where the format has none."""
    exif = Image.Exif()
    for tag, value in (labels or {}).items():
        exif[tag] = value
    buffer = io.BytesIO()
    match encoding.format:
        case FileFormat.PNG:
            image.save(buffer, "PNG", compress_level=3, exif=exif)
        case FileFormat.WEBP:
            image.save(buffer, "WEBP", quality=encoding.quality, method=2, exif=exif)
        case FileFormat.JPEG:
            flatten(image).save(buffer, "JPEG", quality=max(1, min(encoding.quality, 95)), exif=exif)
    return buffer.getvalue()


def flatten(image: Image.Image) -> Image.Image:
    """The picture in RGB, on white where it was transparent."""
    if image.mode == "RGB":
        return image
    layered = image.convert("RGBA")
    ground = Image.new("RGB", layered.size, "white")
    ground.paste(layered, mask=layered.getchannel("A"))
    return ground
