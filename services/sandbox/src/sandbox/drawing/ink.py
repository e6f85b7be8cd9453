"""A page to draw on in black outlines: shapes hide what lies behind them, and every outline closes.

Grey values only and twice as large as it leaves: a page of a book must cost a tenth of a second and not one.
"""

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw

Point = tuple[float, float]

STROKE = 0.0064
_WHITE, _BLACK = 255, 12
_FACTOR = 2


class Page:
    """x and y run from 0 to `aspect` and 0 to 1; lengths are in heights of the page."""

    def __init__(self, width: int, height: int) -> None:
        self.aspect = width / height
        self._size = width * _FACTOR, height * _FACTOR
        self._unit = self._size[1]
        self._pen = max(2, round(STROKE * self._unit))
        self._image = Image.new("L", self._size, _WHITE)
        self._draw = ImageDraw.Draw(self._image)

    def _at(self, points: Sequence[Point]) -> list[Point]:
        return [(x * self._unit, y * self._unit) for x, y in points]

    def shape(self, points: Sequence[Point], *, filled: bool = False) -> None:
        """A closed outline with nothing to be seen through it; `filled` is black throughout."""
        placed = self._at(points)
        self._draw.polygon(placed, fill=_BLACK if filled else _WHITE)
        self._line([*placed, placed[0], placed[1]])

    def round(self, centre: Point, radius: float, *, filled: bool = False) -> None:
        """A circle."""
        (x, y), reach = self._at([centre])[0], radius * self._unit
        fill = _BLACK if filled else _WHITE
        box = (x - reach, y - reach, x + reach, y + reach)
        self._draw.ellipse(box, fill=fill, outline=_BLACK, width=min(self._pen, max(1, round(reach))))

    def oval(self, centre: Point, across: float, down: float, turn: float = 0.0) -> None:
        """An ellipse by its half axes, turned by degrees clockwise."""
        self.shape(oval_points(centre, across, down, turn))

    def stroke(self, points: Sequence[Point], weight: float = 1.0) -> None:
        """An open line with round ends."""
        placed = self._at(points)
        self._line(placed, weight)
        half = self._pen * weight / 2
        for x, y in (placed[0], placed[-1]):
            self._draw.ellipse((x - half, y - half, x + half, y + half), fill=_BLACK)

    def _line(self, placed: list[Point], weight: float = 1.0) -> None:
        self._draw.line(placed, fill=_BLACK, width=max(1, round(self._pen * weight)), joint="curve")

    def finish(self, margin: float) -> Image.Image:
        """The page in RGB at its true size: what goes beyond the margin is cut off, and a frame closes it."""
        width, height = self._size
        inset = round(margin * self._unit)
        page = Image.new("L", self._size, _WHITE)
        inside = (inset, inset, width - inset, height - inset)
        page.paste(self._image.crop(inside), inside[:2])
        ImageDraw.Draw(page).rectangle(inside, outline=_BLACK, width=round(self._pen * 1.3))
        return page.reduce(_FACTOR).convert("RGB")


def oval_points(centre: Point, across: float, down: float, turn: float = 0.0) -> list[Point]:
    """The outline of an ellipse."""
    count = 48
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    points = []
    for step in range(count):
        x, y = across * math.cos(math.tau * step / count), down * math.sin(math.tau * step / count)
        points.append((centre[0] + x * cos - y * sin, centre[1] + x * sin + y * cos))
    return points


def star_points(centre: Point, radius: float, points: int = 5, inner: float = 0.45, turn: float = -90.0) -> list[Point]:
    """A star's outline; its first point lies in the direction `turn`, in degrees clockwise from the right."""
    outline = []
    for step in range(points * 2):
        reach = radius * (inner if step % 2 else 1)
        angle = math.radians(turn) + math.pi * step / points
        outline.append((centre[0] + reach * math.cos(angle), centre[1] + reach * math.sin(angle)))
    return outline


def smooth(corners: Sequence[Point]) -> list[Point]:
    """A closed curve through the corners (Catmull-Rom)."""
    count, steps = len(corners), 8
    curve = []
    for index in range(count):
        before, first, last, after = (corners[(index + offset) % count] for offset in (-1, 0, 1, 2))
        for step in range(steps):
            share = step / steps
            curve.append(
                (
                    _between(before[0], first[0], last[0], after[0], share),
                    _between(before[1], first[1], last[1], after[1], share),
                )
            )
    return curve


def _between(before: float, first: float, last: float, after: float, share: float) -> float:
    bend = 2 * before - 5 * first + 4 * last - after
    turn = 3 * first - before - 3 * last + after
    return first + 0.5 * share * (last - before + share * (bend + share * turn))


def egg(centre: Point, across: float, down: float) -> list[Point]:
    """The corners of an egg by its half axes, for `smooth`; the broad end is below."""
    x, y = centre
    return [
        (x, y - down), (x + across * 0.72, y - down * 0.5), (x + across, y + down * 0.35), (x + across * 0.5, y + down),
        (x - across * 0.5, y + down), (x - across, y + down * 0.35), (x - across * 0.72, y - down * 0.5),
    ]  # fmt: skip
