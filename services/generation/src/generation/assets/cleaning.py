"""Makes a clean picture of whatever a file holds; runs in a child process with limits, standard library and Pillow."""

import hashlib
import io
import warnings
from pathlib import Path
from typing import Any

from PIL import Image, ImageCms, ImageOps

from generation.assets.rules import (
    IMAGE_TOO_LARGE,
    MAGIC_BYTES,
    PICTURE_BYTES_MAX,
    UNSUPPORTED_IMAGE,
    looks_like_picture,
)
from generation.local.failures import Unworkable

SIDE_MAX = 16_383
"""Pixels; WebP's limit."""
CLEAN_BYTES_MAX = 32 * 1024 * 1024
JPEG_QUALITY = 92
WEBP_QUALITY = 92
_FORMATS = ("JPEG", "PNG", "WEBP")
_MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
_HASH_BYTES = 256 * 1024


def clean(source: str, target: str, pixels_max: int) -> dict[str, Any]:
    """Write to `target` what `source` shows: same format, upright, 8 bits, sRGB or grey, no metadata.

    Nothing of the file but its pixels gets through: EXIF, comments, profiles and whatever else was put in or behind
    it stay here.

    Raises:
        Unworkable: `UNSUPPORTED_IMAGE` or `IMAGE_TOO_LARGE`, in words for the owner.
        MemoryError: this process may not take what it needs.
    """
    path = Path(source)
    if path.stat().st_size > PICTURE_BYTES_MAX:
        raise Unworkable(IMAGE_TOO_LARGE, f"A picture has at most {PICTURE_BYTES_MAX // 1024**2} MB.")
    with path.open("rb") as file:
        if not looks_like_picture(file.read(MAGIC_BYTES)):
            raise Unworkable(UNSUPPORTED_IMAGE, "Only JPEG, PNG and WebP pictures are taken.")
        file.seek(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about what metadata is broken; none of it is kept
            image, file_format = _decode(file, pixels_max)
    _write(image, target, file_format)
    size_bytes, sha256 = _measure(Path(target))
    if size_bytes > CLEAN_BYTES_MAX:
        raise Unworkable(IMAGE_TOO_LARGE, "The picture is too large once it is unpacked.")
    return {
        "media_type": _MEDIA_TYPES[file_format],
        "width": image.width,
        "height": image.height,
        "size_bytes": size_bytes,
        "sha256": sha256,
    }


def _decode(file: Any, pixels_max: int) -> tuple[Image.Image, str]:
    Image.MAX_IMAGE_PIXELS = None  # Pillow's own limit warns first; ours stands below and refuses
    try:
        image = Image.open(file, formats=_FORMATS)
        file_format = str(image.format)
        if image.width * image.height > pixels_max or max(image.size) > SIDE_MAX:
            raise Unworkable(
                IMAGE_TOO_LARGE, f"{image.width}x{image.height} is more than {pixels_max // 1_000_000} megapixels."
            )
        if getattr(image, "n_frames", 1) > 1:
            raise Unworkable(UNSUPPORTED_IMAGE, "Animated pictures are not taken.")
        image.load()
        return _plain(image), file_format
    except (Unworkable, MemoryError):
        raise
    except Exception as error:
        raise Unworkable(UNSUPPORTED_IMAGE, "The picture is damaged or not complete.") from error


def _plain(image: Image.Image) -> Image.Image:
    """Upright, in sRGB, in one of the modes RGB, RGBA and L, with nothing attached."""
    profile = image.info.get("icc_profile")
    upright = ImageOps.exif_transpose(image)
    if upright.mode in ("I;16", "I;16B", "I;16L", "I"):  # Pillow clips where it should scale
        upright = upright.point(lambda value: value * (1 / 256)).convert("L")
    opaque = "L" if upright.mode in ("1", "L") else "RGB"
    mode = "RGBA" if upright.has_transparency_data else opaque
    if mode == "L" or not isinstance(profile, bytes):
        profile = None
    plain = upright.convert(mode) if profile is None else _to_srgb(upright, profile, mode)
    plain.info.clear()
    return plain


def _to_srgb(image: Image.Image, profile: bytes, mode: str) -> Image.Image:
    """The colours the profile means; where it is unusable, the numbers as they are."""
    if image.mode not in ("RGB", "RGBA", "CMYK"):
        image = image.convert(mode)
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), outputMode="RGB" if image.mode == "CMYK" else image.mode
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image.convert(mode)
    return (converted or image).convert(mode)


def _write(image: Image.Image, target: str, file_format: str) -> None:
    match file_format:
        case "JPEG":
            image.save(target, "JPEG", quality=JPEG_QUALITY, subsampling=0)
        case "PNG":
            image.save(target, "PNG", compress_level=6)
        case _:
            image.save(target, "WEBP", quality=WEBP_QUALITY, method=2)


def _measure(path: Path) -> tuple[int, str]:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_HASH_BYTES):
            digest.update(chunk)
    return path.stat().st_size, digest.hexdigest()
