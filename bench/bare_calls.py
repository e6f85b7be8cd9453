"""The plain library call nearest to each local kind, as floor for `bench.local_kinds`; run by a child process."""

import importlib
import time
from typing import Any

from PIL import Image


def crop(source: str, target: str, width: int, height: int) -> dict[str, Any]:
    """Pillow: decode at the scale that is needed, cut the middle out, scale, write WebP."""
    started = time.perf_counter()
    with Image.open(source) as image:
        image.draft("RGB", (width, height))
        side = min(image.width / width, image.height / height)
        left, top = (image.width - width * side) / 2, (image.height - height * side) / 2
        box = (left, top, left + width * side, top + height * side)
        image.resize((width, height), Image.Resampling.LANCZOS, box=box).save(target, "WEBP", quality=90, method=4)
    return {"seconds": time.perf_counter() - started}


def palette(source: str, count: int) -> dict[str, Any]:
    """Pillow: decode small, quantize by median cut."""
    started = time.perf_counter()
    with Image.open(source) as image:
        image.draft("RGB", (160, 160))
        image.thumbnail((160, 160))
        image.convert("RGB").quantize(count).getpalette()
    return {"seconds": time.perf_counter() - started}


def timed(function: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """What a kind's own function takes without the pool around it."""
    module, _, name = function.partition(":")
    called = getattr(importlib.import_module(module), name)
    started = time.perf_counter()
    called(**arguments)
    return {"seconds": time.perf_counter() - started}
