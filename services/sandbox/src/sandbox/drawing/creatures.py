"""Animals in outline, each sitting on a point and of a given height: made to be coloured by a child."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from sandbox.drawing.ink import Page, Point, egg, oval_points, smooth
from sandbox.drawing.swimmers import fish, octopus, turtle, whale

Creature = Callable[[Page, Random, Point, float], None]
"""Draws at a foot point, with a height in heights of the page."""


@dataclass(frozen=True, slots=True)
class Looks:
    """What makes one sitting animal differ from another."""

    ears: str
    tail: str
    muzzle: str = "small"
    coat: str = "plain"


_SITTING: Mapping[str, Looks] = {
    "cat": Looks("pointed", "long", coat="stripes"),
    "fox": Looks("pointed", "bushy", "large"),
    "dog": Looks("hanging", "long", "large", "spots"),
    "bear": Looks("round", "puff", "large"),
    "rabbit": Looks("tall", "puff"),
    "mouse": Looks("wide", "thin"),
    "lion": Looks("round", "tuft", "large", "mane"),
    "elephant": Looks("flaps", "thin", "trunk"),
    "unicorn": Looks("pointed", "bushy", "large", "horn"),
}


def sitting(looks: Looks) -> Creature:
    """An animal that sits and looks at whoever colours it."""

    def draw(page: Page, random: Random, foot: Point, size: float) -> None:
        x, y = foot
        lean = random.choice((-1, 1))
        _tail(page, looks.tail, (x + lean * 0.2 * size, y - 0.08 * size), size, lean)
        page.shape(smooth(egg((x, y - 0.3 * size), 0.25 * size, 0.31 * size)))
        if looks.coat == "stripes":
            for row in range(3):
                for side in (-1, 1):
                    edge = x + side * 0.235 * size, y - (0.2 + 0.1 * row) * size
                    page.stroke([edge, (edge[0] - side * 0.08 * size, edge[1] + 0.01 * size)])
        page.oval((x, y - 0.25 * size), 0.13 * size, 0.18 * size)
        for side in (-1, 1):
            page.oval((x + side * 0.2 * size, y - 0.06 * size), 0.12 * size, 0.07 * size)
            page.oval((x + side * 0.09 * size, y - 0.09 * size), 0.06 * size, 0.1 * size)
        _head(page, looks, (x + lean * 0.02 * size, y - 0.72 * size), size)

    return draw


def _tail(page: Page, tail: str, root: Point, size: float, lean: int) -> None:
    x, y = root

    def along(*places: Point) -> list[Point]:
        return [(x + lean * right * size, y - up * size) for right, up in places]

    if tail == "bushy":
        page.shape(
            smooth(along((-0.05, 0), (0.14, -0.04), (0.3, 0.1), (0.3, 0.36), (0.2, 0.5), (0.16, 0.3), (0.04, 0.14)))
        )
        page.stroke(along((0.16, 0.34), (0.2, 0.31), (0.24, 0.35), (0.3, 0.32)))
    elif tail == "puff":
        page.round((x + lean * 0.08 * size, y - 0.06 * size), 0.08 * size)
    else:
        wide = 0.035 if tail in ("thin", "tuft") else 0.06
        spine = [(0.0, 0.0), (0.12, 0.0), (0.22, 0.1), (0.24, 0.24), (0.3, 0.34)]
        left = along(*((right - wide * 0.5, up + wide * 0.5) for right, up in spine))
        right = along(*((right + wide * 0.5, up - wide * 0.5) for right, up in reversed(spine)))
        page.shape(smooth([*left, *right]))
        if tail == "tuft":
            page.oval(along((0.31, 0.38))[0], 0.06 * size, 0.08 * size, lean * 30)


def _head(page: Page, looks: Looks, centre: Point, size: float) -> None:
    x, y = centre
    if looks.coat == "mane":
        _mane(page, centre, 0.33 * size)
    _ears(page, looks.ears, centre, size)
    page.oval(centre, 0.25 * size, 0.215 * size)
    if looks.coat == "spots":
        page.oval((x + 0.1 * size, y - 0.05 * size), 0.085 * size, 0.1 * size, 20)
    if looks.coat == "horn":
        page.shape([(x - 0.045 * size, y - 0.19 * size), (x, y - 0.44 * size), (x + 0.045 * size, y - 0.19 * size)])
        page.stroke([(x - 0.03 * size, y - 0.27 * size), (x + 0.025 * size, y - 0.31 * size)])
    for side in (-1, 1):
        eye = x + side * 0.1 * size, y - 0.04 * size
        page.round(eye, 0.045 * size)
        page.round((eye[0] + 0.008 * size, eye[1] + 0.008 * size), 0.022 * size, filled=True)
    _muzzle(page, looks.muzzle, (x, y + 0.08 * size), size)


def _mane(page: Page, centre: Point, radius: float) -> None:
    for step in range(14):
        turn = math.tau * step / 14
        tip = centre[0] + radius * math.cos(turn), centre[1] + radius * math.sin(turn)
        page.oval(tip, radius * 0.3, radius * 0.2, math.degrees(turn))
    page.oval(centre, radius, radius * 0.95)


def _ears(page: Page, ears: str, centre: Point, size: float) -> None:
    x, y = centre
    for side in (-1, 1):
        if ears == "pointed":
            for scale in (1.0, 0.55):
                top = x + side * 0.23 * size, y - (0.25 + 0.09 * scale) * size
                inner, outer = x + side * (0.16 - 0.09 * scale) * size, x + side * (0.17 + 0.08 * scale) * size
                page.shape([(inner, y - 0.18 * size), top, (outer, y - 0.08 * size)])
        elif ears in ("round", "wide"):
            reach = 0.1 if ears == "round" else 0.15
            spot = x + side * 0.2 * size, y - 0.19 * size
            page.round(spot, reach * size)
            page.round(spot, reach * 0.55 * size)
        elif ears == "tall":
            spot = x + side * 0.1 * size, y - 0.34 * size
            page.oval(spot, 0.075 * size, 0.21 * size, side * 12)
            page.oval(spot, 0.035 * size, 0.14 * size, side * 12)
        else:
            wide = 0.1 if ears == "hanging" else 0.2
            spot = x + side * (0.18 + wide * 0.6) * size, y + 0.01 * size
            page.oval(spot, wide * size, 0.2 * size, -side * 14)
            if ears == "flaps":
                page.oval(spot, wide * 0.6 * size, 0.13 * size, -side * 14)


def _muzzle(page: Page, muzzle: str, centre: Point, size: float) -> None:
    x, y = centre
    if muzzle == "trunk":
        spine = [(0.0, -0.06), (0.0, 0.08), (0.03, 0.2), (0.12, 0.25), (0.19, 0.2)]
        left = [(x + (right - 0.05) * size, y + (down + 0.03) * size) for right, down in spine]
        right = [(x + (right + 0.05) * size, y + (down - 0.03) * size) for right, down in reversed(spine)]
        page.shape(smooth([*left, *right]))
        return
    if muzzle == "large":
        page.oval((x, y + 0.02 * size), 0.11 * size, 0.085 * size)
    nose = [(x - 0.035 * size, y - 0.02 * size), (x + 0.035 * size, y - 0.02 * size), (x, y + 0.02 * size)]
    page.shape(nose, filled=True)
    for side in (-1, 1):
        smile = [
            (x, y + 0.02 * size),
            (x + side * 0.025 * size, y + 0.055 * size),
            (x + side * 0.06 * size, y + 0.05 * size),
        ]
        page.stroke(smile, 0.8)


def bird(page: Page, random: Random, foot: Point, size: float, *, owl: bool = True) -> None:
    """An owl with a feathered breast, or a penguin."""
    x, y = foot
    for side in (-1, 1):
        page.oval((x + side * 0.1 * size, y - 0.03 * size), 0.09 * size, 0.04 * size)
    page.shape(smooth(egg((x, y - 0.44 * size), 0.3 * size, 0.42 * size)))
    page.oval((x, y - 0.32 * size), 0.19 * size, 0.25 * size)
    for row in range(4 if owl else 0):
        for column in range(-1, 2):
            spot = x + (column * 0.1 + 0.05 * (row % 2)) * size, y - (0.46 - 0.09 * row) * size
            if abs(spot[0] - x) < 0.13 * size:
                page.shape(oval_points(spot, 0.045 * size, 0.035 * size))
    for side in (-1, 1):
        page.oval((x + side * 0.29 * size, y - 0.4 * size), 0.07 * size, 0.22 * size, -side * random.choice((12, 30)))
        if owl:
            page.shape(
                [
                    (x + side * 0.08 * size, y - 0.8 * size),
                    (x + side * 0.24 * size, y - 0.95 * size),
                    (x + side * 0.25 * size, y - 0.7 * size),
                ]
            )
        reach = 0.1 if owl else 0.055
        spot = x + side * (0.105 if owl else 0.08) * size, y - 0.68 * size
        page.round(spot, reach * size)
        page.round(spot, reach * 0.45 * size, filled=True)
    page.shape([(x - 0.045 * size, y - 0.62 * size), (x + 0.045 * size, y - 0.62 * size), (x, y - 0.53 * size)])


def _penguin(page: Page, random: Random, foot: Point, size: float) -> None:
    bird(page, random, foot, size, owl=False)


def butterfly(page: Page, random: Random, foot: Point, size: float) -> None:
    """A butterfly with patterned wings."""
    x, y = foot[0], foot[1] - 0.5 * size
    for side in (-1, 1):
        for across, down, reach, turn in ((0.26, -0.16, 0.26, 35), (0.2, 0.17, 0.19, -30)):
            spot = x + side * across * size, y + down * size
            page.oval(spot, reach * size, reach * 0.72 * size, -side * turn)
            page.oval(spot, reach * 0.6 * size, reach * 0.4 * size, -side * turn)
            page.round((spot[0] + side * 0.02 * size, spot[1]), reach * random.uniform(0.16, 0.24) * size)
        page.stroke(
            smooth(
                [
                    (x, y - 0.3 * size),
                    (x + side * 0.06 * size, y - 0.4 * size),
                    (x + side * 0.14 * size, y - 0.44 * size),
                ]
            )[:16]
        )
    page.oval((x, y + 0.02 * size), 0.045 * size, 0.3 * size)
    page.round((x, y - 0.3 * size), 0.065 * size)


CREATURES: Mapping[str, Creature] = {
    **{name: sitting(looks) for name, looks in _SITTING.items()},
    "owl": bird,
    "penguin": _penguin,
    "butterfly": butterfly,
    "fish": fish,
    "whale": whale,
    "octopus": octopus,
    "turtle": turtle,
}
"""By the word that asks for them."""
