"""Reads a transformation string and does it to a picture."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.vendors.cloudinary.errors import CloudinaryError

if TYPE_CHECKING:
    from PIL.Image import Image

SEGMENT = re.compile(r"(?:[a-z]{1,3}_[^/,]+)(?:,[a-z]{1,3}_[^/,]+)*")
_UPSCALE_PIXELS_MAX = 4_200_000
_OUTPUT_PIXELS_MAX = 50_000_000
_NO_CHANGE = {"q", "dpr", "fl", "g", "w", "h", "ar", "c", "b", "z"}
_EFFECTS = ("upscale", "background_removal", "grayscale", "sharpen", "blur", "improve", "vectorize")
_KEEPS_SHAPE = frozenset({"fit", "limit", "pad", "lpad", "mfit"})


@dataclass(frozen=True, slots=True)
class Step:
    """One component of a transformation, for example `c_fill,w_300,h_200`."""

    values: dict[str, str]


def parse(text: str) -> list[Step]:
    """The steps of a transformation.

    Raises:
        CloudinaryError: 400, a parameter nobody knows.
    """
    steps = []
    for segment in filter(None, text.split("/")):
        if not SEGMENT.fullmatch(segment):
            raise CloudinaryError(400, f"Invalid transformation component - {segment}")
        values = dict(part.split("_", 1) for part in segment.split(","))
        unknown = set(values) - _NO_CHANGE - {"e", "f", "a", "r", "t"}
        effect = values.get("e", "").partition(":")[0]
        if unknown or (effect and effect not in _EFFECTS):
            raise CloudinaryError(400, f"Invalid transformation component - {segment}")
        steps.append(Step(values))
    return steps


def format_of(steps: list[Step]) -> str | None:
    """The format a transformation asks for by `f_…`, if any but `auto`."""
    asked = [step.values["f"] for step in steps if step.values.get("f", "auto") != "auto"]
    return asked[-1] if asked else None


def transform(image: "Image", steps: list[Step]) -> "Image":
    """The picture after all steps.

    Raises:
        CloudinaryError: 400, an effect's limits are passed or a number is none.
    """
    for step in steps:
        image = _effect(image, step.values)
        image = _resize(image, step.values)
        if "a" in step.values:
            image = image.rotate(-_number(step.values, "a"), expand=True)
    return image


def _effect(image: "Image", values: dict[str, str]) -> "Image":
    from PIL import ImageFilter, ImageOps

    from sandbox.drawing.edits import cut_out, upscale

    name, _, argument = values.get("e", "").partition(":")
    match name:
        case "upscale":
            if image.width * image.height > _UPSCALE_PIXELS_MAX:
                raise CloudinaryError(400, "Upscale: input image is too large, maximum is 4.2 megapixels")
            return upscale(image, 4)
        case "background_removal":
            return cut_out(image)
        case "grayscale":
            return ImageOps.grayscale(image.convert("RGB")).convert("RGB")
        case "sharpen":
            return image.filter(ImageFilter.UnsharpMask())
        case "blur":
            strength = float(argument) if argument.isdigit() else 100.0
            return image.filter(ImageFilter.GaussianBlur(strength / 50))
    return image


def _resize(image: "Image", values: dict[str, str]) -> "Image":
    from PIL import Image, ImageOps

    if not {"w", "h", "ar"} & set(values):
        return image
    width, height = _target(image, values)
    if not 0 < width * height <= _OUTPUT_PIXELS_MAX:
        raise CloudinaryError(400, "Maximum image size exceeded")
    resample = Image.Resampling.LANCZOS
    mode = values.get("c", "scale")
    if mode in ("fill", "thumb", "auto", "lfill", "fill_pad"):
        return ImageOps.fit(image, (width, height), resample)
    if mode == "crop":
        left, top = (image.width - width) // 2, (image.height - height) // 2
        return image.crop((left, top, left + width, top + height))
    if mode in _KEEPS_SHAPE:
        if mode == "limit" and image.width <= width and image.height <= height:
            return image
        if mode in ("pad", "lpad"):
            return ImageOps.pad(image, (width, height), resample)
        return ImageOps.contain(image, (width, height), resample)
    return image.resize((width, height), resample)


def _target(image: "Image", values: dict[str, str]) -> tuple[int, int]:
    ratio = image.width / image.height
    if "ar" in values:
        first, _, second = values["ar"].partition(":")
        try:
            ratio = float(first) / float(second or 1)
        except (ValueError, ZeroDivisionError):
            raise CloudinaryError(400, f"Invalid aspect ratio {values['ar']}") from None
    width = _side(values, "w", image.width)
    height = _side(values, "h", image.height)
    if width and height:
        return width, height
    if width:
        return width, max(1, round(width / ratio))
    if height:
        return max(1, round(height * ratio)), height
    if ratio * image.height <= image.width:
        return max(1, round(image.height * ratio)), image.height
    return image.width, max(1, round(image.width / ratio))


def _side(values: dict[str, str], name: str, whole: int) -> int:
    if name not in values or values[name] == "auto":
        return 0
    number = _number(values, name)
    is_share = "." in values[name] or (number == 1 and values[name] == "1.0")
    return max(1, round(number * whole if is_share and number <= 1 else number))


def _number(values: dict[str, str], name: str) -> float:
    try:
        return float(values[name])
    except ValueError:
        raise CloudinaryError(400, f"Invalid value {values[name]} for parameter {name}") from None
