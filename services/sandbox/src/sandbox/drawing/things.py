"""Things in outline for pages to colour: buildings, plants, vehicles and what is in the sky."""

import math
from collections.abc import Mapping
from random import Random

from sandbox.drawing.creatures import Creature
from sandbox.drawing.ink import Page, Point, smooth, star_points


def _box(page: Page, left: float, top: float, right: float, bottom: float) -> None:
    page.shape([(left, top), (right, top), (right, bottom), (left, bottom)])


def house(page: Page, random: Random, foot: Point, size: float) -> None:
    """A house with a door, two windows and a chimney."""
    x, y = foot
    _box(page, x + 0.18 * size, y - 0.9 * size, x + 0.28 * size, y - 0.6 * size)
    _box(page, x - 0.4 * size, y - 0.52 * size, x + 0.4 * size, y)
    page.shape([(x - 0.5 * size, y - 0.52 * size), (x, y - 0.95 * size), (x + 0.5 * size, y - 0.52 * size)])
    page.round((x, y - 0.67 * size), 0.075 * size)
    _box(page, x - 0.1 * size, y - 0.32 * size, x + 0.1 * size, y)
    page.round((x + 0.06 * size, y - 0.15 * size), 0.015 * size, filled=True)
    for side in (-1, 1):
        left = x + side * 0.25 * size - 0.085 * size
        _box(page, left, y - 0.38 * size, left + 0.17 * size, y - 0.2 * size)
        page.stroke([(left + 0.085 * size, y - 0.38 * size), (left + 0.085 * size, y - 0.2 * size)])
        page.stroke([(left, y - 0.29 * size), (left + 0.17 * size, y - 0.29 * size)])


def castle(page: Page, random: Random, foot: Point, size: float) -> None:
    """A castle with two towers and flags."""
    x, y = foot
    _box(page, x - 0.3 * size, y - 0.45 * size, x + 0.3 * size, y)
    for step in range(5):
        left = x + (-0.3 + 0.125 * step) * size
        _box(page, left, y - 0.52 * size, left + 0.1 * size, y - 0.43 * size)
    for side in (-1, 1):
        centre, top = x + side * 0.36 * size, random.uniform(0.6, 0.72)
        page.stroke([(centre, y - (top + 0.24) * size), (centre, y - (top + 0.34) * size)])
        flag = y - (top + 0.34) * size
        page.shape([(centre, flag), (centre + 0.13 * size, flag + 0.035 * size), (centre, flag + 0.07 * size)])
        _box(page, centre - 0.12 * size, y - top * size, centre + 0.12 * size, y)
        page.shape(
            [
                (centre - 0.16 * size, y - top * size),
                (centre, y - (top + 0.25) * size),
                (centre + 0.16 * size, y - top * size),
            ]
        )
        page.oval((centre, y - (top - 0.16) * size), 0.04 * size, 0.07 * size)
    gate = [
        (x + 0.11 * size * math.cos(turn), y - 0.16 * size - 0.12 * size * math.sin(turn))
        for turn in (math.pi * step / 12 for step in range(13))
    ]
    page.shape([(x + 0.11 * size, y), *gate, (x - 0.11 * size, y)])


def tree(page: Page, random: Random, foot: Point, size: float) -> None:
    """A tree with a round crown and fruit."""
    x, y = foot
    page.shape(
        smooth(
            [
                (x - 0.09 * size, y),
                (x - 0.055 * size, y - 0.2 * size),
                (x - 0.06 * size, y - 0.5 * size),
                (x + 0.06 * size, y - 0.5 * size),
                (x + 0.055 * size, y - 0.2 * size),
                (x + 0.09 * size, y),
            ]
        )
    )
    crown = []
    for lobe in range(9):
        turn, reach = math.tau * lobe / 9, random.uniform(0.27, 0.33)
        crown += [(x + reach * size * math.cos(turn), y - 0.68 * size + reach * size * math.sin(turn))]
        turn += math.tau / 18
        crown += [(x + 0.25 * size * math.cos(turn), y - 0.68 * size + 0.25 * size * math.sin(turn))]
    page.shape(smooth(crown))
    for fruit in range(5):
        turn = math.tau * (fruit + random.uniform(-0.2, 0.2)) / 5
        page.round((x + 0.15 * size * math.cos(turn), y - 0.68 * size + 0.15 * size * math.sin(turn)), 0.04 * size)


def fir(page: Page, random: Random, foot: Point, size: float) -> None:
    """A fir of three tiers."""
    x, y = foot
    _box(page, x - 0.05 * size, y - 0.2 * size, x + 0.05 * size, y)
    for tier, wide in enumerate((0.3, 0.24, 0.17)):
        low = y - (0.16 + 0.24 * tier) * size
        page.shape([(x - wide * size, low), (x, low - 0.36 * size), (x + wide * size, low)])


def flower(page: Page, random: Random, foot: Point, size: float) -> None:
    """A flower with leaves."""
    x, y = foot
    head = x + random.uniform(-0.06, 0.06) * size, y - 0.7 * size
    page.shape(
        [
            (x - 0.025 * size, y),
            (head[0] - 0.02 * size, head[1]),
            (head[0] + 0.02 * size, head[1]),
            (x + 0.025 * size, y),
        ]
    )
    for side in (-1, 1):
        page.oval((x + side * 0.14 * size, y - 0.2 * size), 0.14 * size, 0.055 * size, -side * 30)
    petals = random.choice((5, 6, 7))
    for petal in range(petals):
        turn = math.tau * petal / petals
        page.oval(
            (head[0] + 0.17 * size * math.cos(turn), head[1] + 0.17 * size * math.sin(turn)),
            0.12 * size,
            0.085 * size,
            math.degrees(turn),
        )
    page.round(head, 0.095 * size)


def mushroom(page: Page, random: Random, foot: Point, size: float) -> None:
    """A spotted mushroom."""
    x, y = foot
    page.shape(
        smooth(
            [
                (x - 0.13 * size, y),
                (x - 0.1 * size, y - 0.5 * size),
                (x + 0.1 * size, y - 0.5 * size),
                (x + 0.13 * size, y),
            ]
        )
    )
    cap = [
        (x + 0.4 * size * math.cos(turn), y - 0.46 * size - 0.42 * size * math.sin(turn))
        for turn in (math.pi * step / 30 for step in range(31))
    ]
    page.shape(cap)
    for spot in ((-0.2, 0.62), (0.02, 0.72), (0.2, 0.58)):
        page.round((x + spot[0] * size, y - spot[1] * size), random.uniform(0.045, 0.07) * size)


def rocket(page: Page, random: Random, foot: Point, size: float) -> None:
    """A rocket under way."""
    x, y = foot
    page.shape(
        smooth(
            [
                (x - 0.09 * size, y - 0.2 * size),
                (x - 0.1 * size, y - 0.08 * size),
                (x, y),
                (x + 0.1 * size, y - 0.08 * size),
                (x + 0.09 * size, y - 0.2 * size),
            ]
        )
    )
    for side in (-1, 1):
        page.shape(
            [
                (x + side * 0.12 * size, y - 0.46 * size),
                (x + side * 0.3 * size, y - 0.2 * size),
                (x + side * 0.12 * size, y - 0.22 * size),
            ]
        )
    page.shape(
        smooth(
            [
                (x, y - 1.0 * size),
                (x + 0.15 * size, y - 0.7 * size),
                (x + 0.16 * size, y - 0.36 * size),
                (x + 0.1 * size, y - 0.17 * size),
                (x - 0.1 * size, y - 0.17 * size),
                (x - 0.16 * size, y - 0.36 * size),
                (x - 0.15 * size, y - 0.7 * size),
            ]
        )
    )
    page.stroke([(x - 0.135 * size, y - 0.76 * size), (x + 0.135 * size, y - 0.76 * size)])
    page.stroke([(x - 0.145 * size, y - 0.3 * size), (x + 0.145 * size, y - 0.3 * size)])
    page.round((x, y - 0.56 * size), 0.09 * size)
    page.round((x, y - 0.56 * size), 0.055 * size)


def boat(page: Page, random: Random, foot: Point, size: float) -> None:
    """A sailing boat."""
    x, y = foot
    _box(page, x - 0.015 * size, y - 0.95 * size, x + 0.015 * size, y - 0.25 * size)
    page.shape(
        [(x + 0.03 * size, y - 0.9 * size), (x + 0.38 * size, y - 0.34 * size), (x + 0.03 * size, y - 0.3 * size)]
    )
    page.shape(
        [(x - 0.03 * size, y - 0.84 * size), (x - 0.28 * size, y - 0.36 * size), (x - 0.03 * size, y - 0.3 * size)]
    )
    page.shape(
        [
            (x - 0.45 * size, y - 0.25 * size),
            (x + 0.45 * size, y - 0.25 * size),
            (x + 0.3 * size, y),
            (x - 0.3 * size, y),
        ]
    )
    for porthole in (-0.2, 0.0, 0.2):
        page.round((x + porthole * size, y - 0.14 * size), 0.04 * size)


def balloon(page: Page, random: Random, foot: Point, size: float) -> None:
    """A hot-air balloon in stripes."""
    x, y = foot
    for side in (-1, 1):
        page.stroke([(x + side * 0.1 * size, y - 0.16 * size), (x + side * 0.16 * size, y - 0.36 * size)])
    _box(page, x - 0.1 * size, y - 0.17 * size, x + 0.1 * size, y)
    top = y - 0.66 * size
    page.oval((x, top), 0.33 * size, 0.34 * size)
    page.oval((x, top), 0.2 * size, 0.34 * size)
    page.oval((x, top), 0.07 * size, 0.34 * size)


def train(page: Page, random: Random, foot: Point, size: float) -> None:
    """A small steam engine."""
    x, y = foot
    for puff in range(3):
        page.round((x - (0.26 + 0.1 * puff) * size, y - (0.74 + 0.1 * puff) * size), (0.06 + 0.02 * puff) * size)
    _box(page, x - 0.3 * size, y - 0.66 * size, x - 0.18 * size, y - 0.4 * size)
    _box(page, x - 0.42 * size, y - 0.46 * size, x + 0.14 * size, y - 0.16 * size)
    _box(page, x + 0.1 * size, y - 0.74 * size, x + 0.46 * size, y - 0.16 * size)
    _box(page, x + 0.05 * size, y - 0.82 * size, x + 0.5 * size, y - 0.72 * size)
    _box(page, x + 0.18 * size, y - 0.64 * size, x + 0.38 * size, y - 0.42 * size)
    for wheel, reach in ((-0.3, 0.1), (-0.05, 0.1), (0.28, 0.14)):
        page.round((x + wheel * size, y - reach * size), reach * size)
        page.round((x + wheel * size, y - reach * size), reach * 0.4 * size)


def sun(page: Page, random: Random, centre: Point, size: float) -> None:
    """The sun, with rays and a friendly face."""
    page.shape(star_points(centre, 0.5 * size, random.choice((10, 12, 14)), 0.74))
    page.round(centre, 0.3 * size)
    for side in (-1, 1):
        page.round((centre[0] + side * 0.1 * size, centre[1] - 0.05 * size), 0.025 * size, filled=True)
    page.stroke(
        [
            (centre[0] - 0.1 * size, centre[1] + 0.08 * size),
            (centre[0], centre[1] + 0.13 * size),
            (centre[0] + 0.1 * size, centre[1] + 0.08 * size),
        ]
    )


def moon(page: Page, random: Random, centre: Point, size: float) -> None:
    """A crescent."""
    outer = [
        (centre[0] + 0.45 * size * math.cos(turn), centre[1] + 0.45 * size * math.sin(turn))
        for turn in (math.radians(50 + 6.5 * step) for step in range(41))
    ]
    inner = [
        (centre[0] + 0.2 * size + 0.33 * size * math.cos(turn), centre[1] + 0.04 * size + 0.36 * size * math.sin(turn))
        for turn in (math.radians(290 - 5.5 * step) for step in range(41))
    ]
    page.shape([*outer, *inner])


def cloud(page: Page, random: Random, centre: Point, size: float) -> None:
    """A cloud."""
    x, y = centre
    bumps = [
        (-0.5, 0.1),
        (-0.42, -0.12),
        (-0.22, -0.1),
        (-0.1, -0.3),
        (0.14, -0.26),
        (0.22, -0.1),
        (0.44, -0.1),
        (0.5, 0.1),
        (0.25, 0.16),
        (-0.25, 0.16),
    ]
    page.shape(smooth([(x + across * size, y + down * size * random.uniform(0.85, 1.1)) for across, down in bumps]))


def planet(page: Page, random: Random, centre: Point, size: float) -> None:
    """A planet with a ring."""
    page.oval(centre, 0.5 * size, 0.15 * size, -18)
    page.round(centre, 0.28 * size)
    page.round((centre[0] - 0.08 * size, centre[1] - 0.1 * size), 0.05 * size)
    page.round((centre[0] + 0.1 * size, centre[1] + 0.08 * size), 0.07 * size)


def star(page: Page, random: Random, centre: Point, size: float) -> None:
    """A star of five points."""
    page.shape(star_points(centre, 0.5 * size, turn=-90 + random.uniform(-15, 15)))


THINGS: Mapping[str, Creature] = {
    "house": house, "castle": castle, "tree": tree, "flower": flower, "mushroom": mushroom, "rocket": rocket,
    "boat": boat, "balloon": balloon, "train": train,
}  # fmt: skip
"""By the word that asks for them."""
