"""Measures a picture: light, contrast, colour, sharpness, where its weight lies; a critic's marks follow from it."""

import colorsys
import io
import math
from dataclasses import dataclass

from PIL import Image, ImageFilter, ImageStat

from sandbox.drawing.files import decode, flatten

CRITERIA = ("light", "composition", "colour", "focus", "story")
_SIDE = 256
_DARK, _BRIGHT = 12, 243
_HUES = 12


@dataclass(frozen=True, slots=True)
class Impression:
    """What was measured, each a share between 0 and 1 unless it says otherwise.

    `contrast` spans the 5th to the 95th percentile of brightness; `detail` is the spread of edges in grey levels;
    `hues` counts the twelfths of the colour circle that matter; `across` and `down` are where the weight lies.
    """

    brightness: float
    contrast: float
    black: float
    white: float
    saturation: float
    hues: int
    detail: float
    across: float
    down: float
    entropy: float

    @property
    def marks(self) -> dict[str, int]:
        """Marks from 0 to 100 for each of `CRITERIA`."""
        off_thirds = min(math.dist((self.across, self.down), (x / 6, y / 6)) for x in (2, 3, 4) for y in (2, 3, 4))
        marks = {
            "light": 42 + 58 * min(self.contrast / 0.62, 1) - 60 * abs(self.brightness - 0.48) - 45 * self.black
            - 55 * self.white,
            "composition": 97 - 260 * off_thirds - 18 * (self.entropy < 0.35),
            "colour": 38 + 92 * min(self.saturation, 0.62) + 3 * min(self.hues, 4) - 70 * max(0, self.saturation - 0.8),
            "focus": 22 + 78 * min(self.detail / 34, 1),
            "story": 30 + 68 * self.entropy,
        }  # fmt: skip
        return {name: round(min(max(marks[name], 4), 99)) for name in CRITERIA}

    @property
    def score(self) -> int:
        """The picture as a whole: the weakest side pulls it down."""
        marks = self.marks.values()
        return round(0.85 * sum(marks) / len(marks) + 0.15 * min(marks))


def impression_of(content: bytes) -> Impression:
    """Looks at a picture file.

    Raises:
        UnreadableImageError: it is none.
    """
    image = flatten(decode(content))
    image.thumbnail((_SIDE, _SIDE))
    grey = image.convert("L")
    histogram = grey.histogram()
    total = sum(histogram)
    edges = grey.filter(ImageFilter.FIND_EDGES)
    if min(grey.size) > 2:  # the filter leaves the outermost pixels as they were
        edges = edges.crop((1, 1, grey.width - 1, grey.height - 1))
    across, down = _weight(edges)
    saturation, hues = _colours(image)
    return Impression(
        brightness=ImageStat.Stat(grey).mean[0] / 255,
        contrast=(_percentile(histogram, total, 0.95) - _percentile(histogram, total, 0.05)) / 255,
        black=sum(histogram[:_DARK]) / total,
        white=sum(histogram[_BRIGHT:]) / total,
        saturation=saturation,
        hues=hues,
        detail=ImageStat.Stat(edges).stddev[0],
        across=across,
        down=down,
        entropy=min(grey.entropy() / 8, 1),
    )


def picture_file(image: Image.Image) -> bytes:
    """A picture as the file `impression_of` reads."""
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _percentile(histogram: list[int], total: int, share: float) -> int:
    seen = 0
    for level, count in enumerate(histogram):
        seen += count
        if seen >= share * total:
            return level
    return 255


def _weight(edges: Image.Image) -> tuple[float, float]:
    """The middle of all edges, as shares of width and height."""
    small = edges.resize((24, 24))
    cells = list(small.tobytes())
    total = sum(cells) or 1
    across = sum((index % 24 + 0.5) * value for index, value in enumerate(cells)) / total / 24
    down = sum((index // 24 + 0.5) * value for index, value in enumerate(cells)) / total / 24
    return (across, down) if sum(cells) else (0.5, 0.5)


def _colours(image: Image.Image) -> tuple[float, int]:
    small = image.resize((32, 32)).tobytes()
    counts = [0] * _HUES
    strength = 0.0
    for start in range(0, len(small), 3):
        hue, saturation, value = colorsys.rgb_to_hsv(*(channel / 255 for channel in small[start : start + 3]))
        strength += saturation * value
        if saturation > 0.2 and value > 0.15:
            counts[int(hue * _HUES) % _HUES] += 1
    pixels = len(small) // 3
    return strength / pixels, sum(1 for count in counts if count > pixels * 0.04)
