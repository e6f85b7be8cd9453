"""Owns a small picture in the terminal: each character is a half block, two pixels in true colour."""

import io

from PIL import Image

_HALF_BLOCK = "▀"
_RESET = "\x1b[0m"


def thumbnail_rows(content: bytes, columns: int) -> list[str]:
    """The picture, `columns` characters wide, for terminals that know 24-bit colours."""
    with Image.open(io.BytesIO(content)) as image:
        rows = max(1, round(columns * image.height / image.width / 2))
        pixels = image.convert("RGB").resize((columns, rows * 2), Image.Resampling.LANCZOS).tobytes()
    return ["".join(_cell(pixels, columns, x, y) for x in range(columns)) + _RESET for y in range(0, rows * 2, 2)]


def _cell(pixels: bytes, columns: int, x: int, y: int) -> str:
    upper, lower = (3 * (row * columns + x) for row in (y, y + 1))
    above, below = (";".join(str(value) for value in pixels[at : at + 3]) for at in (upper, lower))
    return f"\x1b[38;2;{above};48;2;{below}m{_HALF_BLOCK}"
