"""Owns saving a picture, once it has been proved to be the one that was promised."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

from atelier_local.demo.checks import DemoFailed, expect


def save_picture(content: bytes, promised: Mapping[str, Any], file: Path) -> None:
    """Decode a WebP, compare it with the job's result (`width`, `height`, `size_bytes`) and write it.

    Raises:
        DemoFailed: it is not a WebP that decodes, or not the one that was promised.
    """
    try:
        with Image.open(io.BytesIO(content)) as image:
            image.load()
            kind, size = image.format, image.size
    except (UnidentifiedImageError, OSError) as error:
        raise DemoFailed(f"the picture cannot be decoded: {error}") from error
    expect(kind == "WEBP", f"the picture is {kind} instead of WebP")
    expect(promised["media_type"] == "image/webp", f"the result calls the picture {promised['media_type']}")
    wanted = (promised["width"], promised["height"])
    expect(size == wanted, f"the picture measures {size} instead of {wanted}")
    told = promised["size_bytes"]
    expect(len(content) == told, f"the picture has {len(content)} bytes instead of {told}")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
