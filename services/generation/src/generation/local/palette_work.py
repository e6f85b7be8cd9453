"""What a child process does for `extract-colors`: from picture file to named colours and their contrasts."""

from itertools import combinations
from typing import Any

import numpy as np

from generation.local.colour_names import nearest_names
from generation.local.contrast import AA, AA_LARGE, AAA, contrast_ratio
from generation.local.failures import Unworkable
from generation.local.palette import SIDE_MAX, extract
from generation.local.pixels import Picture


def palette(source: str, count: int) -> dict[str, Any]:
    """The palette of a picture file, and each pair of its colours that contrasts enough for anything, best first.

    Raises:
        Unworkable: the file is no usable picture, or fully transparent.
    """
    pixels = np.asarray(Picture(source).sampled(SIDE_MAX).convert("RGBA"))
    try:
        colours = extract(pixels, count)
    except ValueError as error:
        raise Unworkable("UNSUPPORTED_IMAGE", "The image is fully transparent: it has no colours.") from error
    names = nearest_names([colour.hex for colour in colours])
    return {
        "colors": [
            {
                "hex": colour.hex,
                "share": colour.share,
                "role": colour.role.value,
                "name_en": english,
                "name_fr": french,
            }
            for colour, (english, french) in zip(colours, names, strict=True)
        ],
        "contrast_pairs": contrast_pairs([colour.hex for colour in colours]),
    }


def contrast_pairs(colours: list[str]) -> list[dict[str, Any]]:
    """Pairs of at least 3:1 and what they pass by WCAG 2.2; large text is from 18 pt, or 14 pt bold, on."""
    pairs = []
    for one, other in combinations(colours, 2):
        ratio = contrast_ratio(one, other)
        if ratio >= AA_LARGE:
            pairs.append(
                {
                    "first": one,
                    "second": other,
                    "ratio": ratio,
                    "aa": ratio >= AA,
                    "aa_large": True,
                    "aaa": ratio >= AAA,
                    "aaa_large": ratio >= AA,
                }
            )
    return sorted(pairs, key=lambda pair: -float(pair["ratio"]))
