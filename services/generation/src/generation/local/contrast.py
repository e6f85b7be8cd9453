"""Contrast of two colours and what it is enough for, by WCAG 2.2 (success criteria 1.4.3, 1.4.6 and 1.4.11)."""

import math

AA_LARGE = 3.0
AA = 4.5
AAA = 7.0


def luminance(red: int, green: int, blue: int) -> float:
    """Relative luminance of an sRGB colour (WCAG 2.2, definition)."""

    def linear(value: int) -> float:
        share = value / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    return float(0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue))


def contrast_ratio(one: str, other: str) -> float:
    """Contrast of two colours `#rrggbb`, 1 to 21; cut, not rounded, to two digits: 4.499 does not pass 4.5."""
    darker, lighter = sorted(luminance(*parse_hex(colour)) for colour in (one, other))
    return math.floor((lighter + 0.05) / (darker + 0.05) * 100 + 1e-9) / 100


def parse_hex(colour: str) -> tuple[int, int, int]:
    """The channels of `#rrggbb`."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
