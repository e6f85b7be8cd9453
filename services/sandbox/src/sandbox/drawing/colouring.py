"""Colours line art: each region that its lines enclose gets one flat colour, and the lines stay where they are."""

import re
from dataclasses import dataclass, field
from random import Random

from PIL import Image, ImageChops, ImageFilter, ImageOps

from sandbox.drawing.palettes import Colour, Palette, mix

_MAP_SIDE = 640
"""Regions are found on a copy of this longest side; their edges lie under the lines."""
_PAPER_LEVEL = 168
_RUN = re.compile(rb"\xff+")
_SPECK_SHARE = 0.00006
_GROUND_SHARE = 0.045
_COLOURS_MAX = 250
_WHITE: Colour = (255, 255, 255)
_GREENS: tuple[Colour, ...] = ((152, 200, 108), (122, 180, 96), (176, 214, 128))
_SKIES: tuple[Colour, ...] = ((186, 224, 246), (204, 226, 250), (252, 224, 190))
_WATERS: tuple[Colour, ...] = ((126, 202, 222), (108, 186, 216), (150, 214, 222))
_NIGHTS: tuple[Colour, ...] = ((62, 70, 128), (78, 74, 140), (54, 84, 130))
_SANDS: tuple[Colour, ...] = ((240, 214, 156), (232, 198, 138))
_SEA = re.compile(r"\b(?:sea|ocean|underwater|reef|fish|whale|octopus|mermaid)", re.IGNORECASE)
_SPACE = re.compile(r"\b(?:space|planet|rocket|galaxy|astronaut)", re.IGNORECASE)


@dataclass(slots=True)
class _Region:
    """Connected paper: its runs are row, first column and column after the last."""

    runs: list[tuple[int, int, int]] = field(default_factory=list)
    area: int = 0
    weight: int = 0

    @property
    def height(self) -> float:
        """The row its middle lies in."""
        return self.weight / self.area


def coloured(page: Image.Image, prompt: str, palette: Palette, random: Random) -> Image.Image:
    """The page with every region filled."""
    lines = page.convert("L")
    small = ImageOps.contain(lines, (_MAP_SIDE, _MAP_SIDE), Image.Resampling.BOX)
    paper = small.point(lambda level: 255 if level > _PAPER_LEVEL else 0)
    regions = _regions(paper)
    table, chosen = _choice(regions, paper.size, prompt, palette, random)
    index = bytearray(paper.width * paper.height)
    for region, number in zip(regions, chosen, strict=True):
        mark = bytes((number,))
        for row, first, last in region.runs:
            index[row * paper.width + first : row * paper.width + last] = mark * (last - first)
    marks = Image.frombytes("L", paper.size, bytes(index))
    for _ in range(3):  # under the lines
        marks = Image.composite(marks.filter(ImageFilter.MaxFilter(3)), marks, marks.point(lambda m: 0 if m else 255))
    marks.putpalette([channel for colour in table for channel in colour])
    wash = marks.convert("RGB").resize(page.size, Image.Resampling.BILINEAR)
    return ImageChops.multiply(wash, lines.convert("RGB"))


def _regions(paper: Image.Image) -> list[_Region]:
    """The connected pieces of white, by runs of rows that touch those of the row above."""
    width, content = paper.width, paper.tobytes()
    owners: list[int] = []
    above: list[tuple[int, int, int]] = []
    runs: list[tuple[int, int, int, int]] = []
    for row in range(paper.height):
        current: list[tuple[int, int, int]] = []
        reach = 0
        for found in _RUN.finditer(content[row * width : (row + 1) * width]):
            first, last = found.span()
            while reach < len(above) and above[reach][1] <= first:
                reach += 1
            number, look = -1, reach
            while look < len(above) and above[look][0] < last:
                other = _root(owners, above[look][2])
                if number < 0:
                    number = other
                elif other != number:
                    number, other = min(number, other), max(number, other)
                    owners[other] = number
                look += 1
            if number < 0:
                number = len(owners)
                owners.append(number)
            current.append((first, last, number))
            runs.append((row, first, last, number))
        above = current
    return _gathered(runs, owners)


def _root(owners: list[int], number: int) -> int:
    while owners[number] != number:
        owners[number] = owners[owners[number]]
        number = owners[number]
    return number


def _gathered(runs: list[tuple[int, int, int, int]], owners: list[int]) -> list[_Region]:
    regions: dict[int, _Region] = {}
    for row, first, last, number in runs:
        region = regions.setdefault(_root(owners, number), _Region())
        region.runs.append((row, first, last))
        region.area += last - first
        region.weight += row * (last - first)
    return list(regions.values())


def _choice(
    regions: list[_Region], size: tuple[int, int], prompt: str, palette: Palette, random: Random
) -> tuple[list[Colour], list[int]]:
    """A table of colours (0 is no region's) and each region's place in it: grounds by where they lie, things gaily."""
    whole = size[0] * size[1]
    tops, lows, horizon = _SKIES, _GREENS, 0.45
    if _SEA.search(prompt):
        tops, lows, horizon = _WATERS, _SANDS, 0.75
    elif _SPACE.search(prompt):
        tops, lows = _NIGHTS, _SANDS
    gay = [mix(colour, _WHITE, share) for colour in palette.accents for share in (0.08, 0.42)]
    table, chosen = [(0, 0, 0), _WHITE], []
    top = random.choice(tops)
    for region in regions:
        colour = random.choice(gay)
        if region.area < whole * _SPECK_SHARE or any(first == 0 for _, first, _ in region.runs):
            colour = _WHITE  # the rim of the sheet, and what is too small to be coloured
        elif region.area > whole * _GROUND_SHARE:
            is_high = region.height < horizon * size[1]
            colour = top if is_high else random.choice(lows)
        if colour not in table:
            table.append(colour)
        chosen.append(table.index(colour))
    return table[:_COLOURS_MAX], chosen
