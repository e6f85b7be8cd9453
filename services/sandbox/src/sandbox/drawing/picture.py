"""Composes the picture of a brief: colours and composition follow its words, everything else its number."""

import re
from collections.abc import Callable
from random import Random

from PIL import Image

from sandbox.drawing import abstracts, landscapes
from sandbox.drawing.brief import Brief
from sandbox.drawing.canvas import Canvas
from sandbox.drawing.lines import line_art
from sandbox.drawing.palettes import Palette, palette_for

Composition = Callable[[Canvas, Palette, Random], None]


def _hills(canvas: Canvas, palette: Palette, random: Random) -> None:
    landscapes.layered(canvas, palette, random, 0.1, trees=False)


def _forest(canvas: Canvas, palette: Palette, random: Random) -> None:
    landscapes.layered(canvas, palette, random, 0.3, trees=True)


def _mountains(canvas: Canvas, palette: Palette, random: Random) -> None:
    landscapes.layered(canvas, palette, random, 0.75, trees=random.random() < 0.4)


_LINE_ART = re.compile(r"line[- ]?art|colou?ring (?:book|page)|outlines?\b|black[- ]and[- ]white line", re.IGNORECASE)

_BY_WORD: tuple[tuple[str, Composition], ...] = (
    (r"ocean|sea|beach|wave|lake|island|coast|boat|sail|harbou?r|whale|fish", landscapes.ocean),
    (r"forest|wood|tree|jungle|cabin|bear|fox|deer", _forest),
    (r"mountain|alps?|peak|snow|winter|glacier|climb", _mountains),
    (r"city|skyline|street|tower|urban|building|neon|metropolis", landscapes.city),
    (r"hill|desert|dune|meadow|field|valley|landscape|sunset|sunrise|dawn|dusk|night|moon", _hills),
    (r"vintage|retro|travel|antique", abstracts.sunburst),
    (r"minimal|minimalist|simple|calm|zen|boho", abstracts.arches),
    (r"bold|geometric|bauhaus|poster|logo|grid", abstracts.poster),
    (r"playful|fun|kids?|child|children|cute|party|flower|garden|botanical", abstracts.cutouts),
    (r"modern|abstract|flow|fluid|tech|pattern", abstracts.contours),
)
_ANY: tuple[Composition, ...] = (
    abstracts.contours,
    abstracts.poster,
    abstracts.arches,
    abstracts.sunburst,
    abstracts.cutouts,
    _hills,
    _mountains,
    landscapes.ocean,
)


def compose(brief: Brief) -> Image.Image:
    """The picture of a brief: the same brief gives the same pixels."""
    random = Random(brief.number)  # noqa: S311 - pictures, not secrets
    if _LINE_ART.search(brief.prompt):
        return line_art(brief, random)
    palette = palette_for(brief.prompt, random)
    words = brief.prompt.lower()
    found = (one for pattern, one in _BY_WORD if re.search(rf"\b(?:{pattern})s?\b", words))
    composition = next(found, None) or random.choice(_ANY)
    canvas = Canvas(brief.width, brief.height, palette.paper)
    composition(canvas, palette, random)
    return canvas.finish(random.randbytes(65_536))
