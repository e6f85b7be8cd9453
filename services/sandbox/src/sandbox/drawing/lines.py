"""Line art for colouring: closed black outlines on white, a scene chosen by the prompt."""

import math
import re
from random import Random

from PIL import Image

from sandbox.drawing.abstracts import blob
from sandbox.drawing.brief import Brief
from sandbox.drawing.canvas import Canvas, Point
from sandbox.drawing.landscapes import ridge_line
from sandbox.drawing.palettes import Colour

_WHITE: Colour = (255, 255, 255)
_BLACK: Colour = (16, 16, 16)
_STROKE = 0.0072


def line_art(brief: Brief, random: Random) -> Image.Image:
    """A page to colour: sky, hills, and flowers, trees or fish, as the words ask."""
    canvas = Canvas(brief.width, brief.height, _WHITE)
    words = brief.prompt.lower()
    if re.search(r"sea|ocean|fish|whale|underwater|mermaid", words):
        _underwater(canvas, random)
    else:
        _country(canvas, random, house=bool(re.search(r"house|castle|farm|village|home", words)))
    edge = 0.022
    frame = [(edge, edge), (canvas.aspect - edge, edge), (canvas.aspect - edge, 1 - edge), (edge, 1 - edge)]
    canvas.line([*frame, frame[0]], _STROKE * 1.3, _BLACK)
    return canvas.finish()


def _shape(canvas: Canvas, points: list[Point]) -> None:
    canvas.outlined(points, _STROKE, _WHITE, _BLACK)


def _circle(centre: Point, radius: float, count: int = 60) -> list[Point]:
    turns = [math.tau * step / count for step in range(count)]
    return [(centre[0] + radius * math.cos(turn), centre[1] + radius * math.sin(turn)) for turn in turns]


def _country(canvas: Canvas, random: Random, *, house: bool) -> None:
    sun = canvas.aspect * random.uniform(0.2, 0.8), random.uniform(0.16, 0.24)
    for ray in range(12):
        turn = math.tau * ray / 12
        tip = [(sun[0] + 0.17 * math.cos(turn), sun[1] + 0.17 * math.sin(turn))]
        base = [(sun[0] + 0.11 * math.cos(turn + side), sun[1] + 0.11 * math.sin(turn + side)) for side in (-0.2, 0.2)]
        _shape(canvas, [base[0], *tip, base[1]])
    _shape(canvas, _circle(sun, 0.095))
    _shape(canvas, blob(random, ((sun[0] + canvas.aspect / 2) % canvas.aspect, 0.2), 0.08))
    for layer in range(3):
        line = ridge_line(random, canvas.aspect, 0.5 + 0.15 * layer, 0.07, 0.1)
        _shape(canvas, [*line, (canvas.aspect * 1.02, 1.05), (-0.02 * canvas.aspect, 1.05)])
        if layer == 0 and house:
            _house(canvas, canvas.aspect * random.uniform(0.3, 0.7), 0.62)
        if layer == 1:
            for number in range(3):
                _tree(canvas, random, canvas.aspect * (0.18 + 0.32 * number), 0.76)
    for number in range(6):
        _flower(canvas, random, canvas.aspect * (0.1 + 0.16 * number), random.uniform(0.86, 0.9))


def _house(canvas: Canvas, x: float, y: float) -> None:
    _shape(canvas, [(x - 0.12, y), (x + 0.12, y), (x + 0.12, y - 0.16), (x - 0.12, y - 0.16)])
    _shape(canvas, [(x - 0.15, y - 0.16), (x + 0.15, y - 0.16), (x, y - 0.29)])
    _shape(canvas, [(x - 0.03, y), (x + 0.03, y), (x + 0.03, y - 0.09), (x - 0.03, y - 0.09)])
    for side in (-1, 1):
        left = x + side * 0.07 - 0.02
        _shape(canvas, [(left, y - 0.12), (left + 0.04, y - 0.12), (left + 0.04, y - 0.07), (left, y - 0.07)])


def _tree(canvas: Canvas, random: Random, x: float, y: float) -> None:
    tall = random.uniform(0.2, 0.27)
    _shape(canvas, [(x - 0.018, y), (x + 0.018, y), (x + 0.014, y - tall * 0.6), (x - 0.014, y - tall * 0.6)])
    _shape(canvas, blob(random, (x, y - tall), 0.085))
    for side in (-1, 1):
        _shape(canvas, _circle((x + side * 0.03, y - tall + 0.02 * side), 0.016))


def _flower(canvas: Canvas, random: Random, x: float, y: float) -> None:
    canvas.line([(x, y), (x, y + 0.1)], _STROKE, _BLACK)
    petals, size = random.choice((5, 6, 8)), random.uniform(0.028, 0.036)
    for petal in range(petals):
        turn = math.tau * petal / petals
        _shape(canvas, _circle((x + size * math.cos(turn), y + size * math.sin(turn)), size * 0.62, 30))
    _shape(canvas, _circle((x, y), size * 0.62, 30))


def _underwater(canvas: Canvas, random: Random) -> None:
    for layer in range(2):
        line = ridge_line(random, canvas.aspect, 0.8 + 0.08 * layer, 0.04, 0.1)
        _shape(canvas, [*line, (canvas.aspect * 1.02, 1.05), (-0.02 * canvas.aspect, 1.05)])
        for number in range(4):
            _weed(canvas, random, canvas.aspect * (0.1 + 0.25 * number + 0.1 * layer), 0.9)
    for number in range(5):
        place = canvas.aspect * (0.2 + 0.15 * number), 0.18 + 0.13 * number
        _fish(canvas, place, random.uniform(0.09, 0.14), random.choice((-1, 1)))
    for _ in range(12):
        spot = random.uniform(0.06, canvas.aspect - 0.06), random.uniform(0.06, 0.7)
        _shape(canvas, _circle(spot, random.uniform(0.01, 0.022), 24))


def _fish(canvas: Canvas, centre: Point, size: float, way: int) -> None:
    x, y = centre
    tail = x - way * size
    _shape(
        canvas,
        [(tail, y), (tail - way * size * 0.5, y - size * 0.4), (tail - way * size * 0.5, y + size * 0.4)],
    )
    body = [
        (x + size * math.cos(turn), y + size * 0.58 * math.sin(turn)) for turn in (math.tau * s / 60 for s in range(60))
    ]
    _shape(canvas, body)
    for stripe in (-0.3, 0.1):
        reach = size * 0.58 * math.sqrt(1 - stripe * stripe)
        canvas.line([(x + way * stripe * size, y - reach), (x + way * stripe * size, y + reach)], _STROKE, _BLACK)
    _shape(canvas, _circle((x + way * size * 0.55, y - size * 0.12), size * 0.13, 24))


def _weed(canvas: Canvas, random: Random, x: float, y: float) -> None:
    tall, phase = random.uniform(0.16, 0.3), random.uniform(0, math.tau)
    sides: list[list[Point]] = [[], []]
    for step in range(25):
        share = step / 24
        sway, wide = 0.022 * math.sin(share * 9 + phase), 0.024 * (1 - share) + 0.002
        for side, way in zip(sides, (-1, 1), strict=True):
            side.append((x + sway + way * wide, y - tall * share))
    _shape(canvas, [*sides[0], *reversed(sides[1])])
