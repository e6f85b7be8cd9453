"""What a child process does for `smart-crop`: from picture file to cropped file."""

from dataclasses import asdict
from typing import Any

from generation.local.cropping import SIDE_MAX, Focus, choose
from generation.local.pixels import Picture

WEBP_QUALITY = 90


def crop(source: str, target: str, width: int, height: int, focus: str) -> dict[str, Any]:
    """Write the best crop of `source`, scaled to `width` by `height`, to `target` as WebP without metadata.

    Answers `original_width`, `original_height`, `box`, `focus` (the one used), `faces` and `scale` (result to source;
    above 1 the picture was enlarged).

    Raises:
        Unworkable: the file is no usable picture.
    """
    picture = Picture(source)
    chosen = choose(picture.shrunk(SIDE_MAX), picture.size, (width, height), Focus(focus))
    picture.region(chosen.box, (width, height)).save(target, format="WEBP", quality=WEBP_QUALITY, method=4)
    return {
        "original_width": picture.size[0],
        "original_height": picture.size[1],
        "box": asdict(chosen.box),
        "focus": chosen.focus.value,
        "faces": len(chosen.faces),
        "scale": round(width / chosen.box.width, 4),
    }
