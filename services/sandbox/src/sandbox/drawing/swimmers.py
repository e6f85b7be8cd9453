"""What swims, in outline, for pages to colour."""

import math
from random import Random

from sandbox.drawing.ink import Page, Point, egg, oval_points, smooth


def fish(page: Page, random: Random, foot: Point, size: float) -> None:
    """A striped fish that swims to one side."""
    way, x, y = random.choice((-1, 1)), foot[0], foot[1] - 0.4 * size
    tail = x - way * 0.38 * size
    page.shape(
        smooth(
            [
                (tail, y),
                (tail - way * 0.2 * size, y - 0.2 * size),
                (tail - way * 0.13 * size, y),
                (tail - way * 0.2 * size, y + 0.2 * size),
            ]
        )
    )
    page.shape(smooth([(x - 0.2 * size, y - 0.18 * size), (x, y - 0.42 * size), (x + 0.2 * size, y - 0.18 * size)]))
    page.oval((x, y), 0.42 * size, 0.26 * size)
    for stripe in (-0.24, -0.1, 0.04):
        reach = 0.26 * math.sqrt(1 - (stripe / 0.42) ** 2) * size
        page.stroke(
            [
                (x + way * stripe * size, y - reach),
                (x + way * (stripe + 0.03) * size, y),
                (x + way * stripe * size, y + reach),
            ]
        )
    page.oval((x - way * 0.05 * size, y + 0.08 * size), 0.1 * size, 0.05 * size, way * 25)
    page.round((x + way * 0.25 * size, y - 0.06 * size), 0.05 * size)
    page.round((x + way * 0.26 * size, y - 0.06 * size), 0.022 * size, filled=True)


def whale(page: Page, random: Random, foot: Point, size: float) -> None:
    """A whale that spouts."""
    way, x, y = random.choice((-1, 1)), foot[0], foot[1] - 0.3 * size

    def at(*places: Point) -> list[Point]:
        return [(x + way * right * size, y + down * size) for right, down in places]

    for drop, lift in ((-0.12, 0.1), (0.0, 0.16), (0.12, 0.1)):
        page.oval(at((0.2 + drop, -0.36 - lift))[0], 0.035 * size, 0.06 * size, drop * way * 250)
    body = at(
        (0.5, 0.02),
        (0.36, -0.22),
        (0.1, -0.28),
        (-0.2, -0.14),
        (-0.44, -0.16),
        (-0.5, 0.0),
        (-0.2, 0.2),
        (0.2, 0.24),
        (0.44, 0.18),
    )
    for lobe in ((-0.62, -0.28), (-0.58, -0.02)):
        page.oval(at(lobe)[0], 0.15 * size, 0.07 * size, way * (40 if lobe[1] < -0.1 else -30))
    page.shape(smooth(body))
    page.shape(smooth(at((0.47, 0.07), (0.2, 0.1), (-0.1, 0.13), (0.1, 0.22), (0.4, 0.19))))
    for groove in range(4):
        page.stroke(at((0.34 - 0.11 * groove, 0.1), (0.31 - 0.11 * groove, 0.2)))
    page.oval(at((0.05, 0.16))[0], 0.13 * size, 0.055 * size, way * 50)
    page.round(at((0.33, -0.03))[0], 0.035 * size)
    page.round(at((0.335, -0.03))[0], 0.016 * size, filled=True)


def octopus(page: Page, random: Random, foot: Point, size: float) -> None:
    """An octopus with eight arms."""
    x, y = foot
    for arm in range(8):
        out = (arm - 3.5) / 3.5
        sway = random.uniform(-0.05, 0.05)
        spine = [
            (out * 0.2, -0.4),
            (out * 0.34, -0.22),
            (out * 0.42 + sway, -0.1),
            (out * 0.52 + sway, -0.02 - 0.08 * abs(out)),
        ]
        left = [
            (x + (across - 0.045 * (1 - step / 4)) * size, y + down * size) for step, (across, down) in enumerate(spine)
        ]
        right = [
            (x + (across + 0.045 * (1 - step / 4)) * size, y + down * size) for step, (across, down) in enumerate(spine)
        ]
        page.shape(smooth([*left, *reversed(right)]))
    page.shape(smooth(egg((x, y - 0.62 * size), 0.27 * size, -0.3 * size)))
    for side in (-1, 1):
        page.round((x + side * 0.1 * size, y - 0.58 * size), 0.065 * size)
        page.round((x + side * 0.1 * size, y - 0.57 * size), 0.03 * size, filled=True)
        page.oval((x + side * 0.14 * size, y - 0.8 * size), 0.04 * size, 0.05 * size)
    page.stroke([(x - 0.06 * size, y - 0.46 * size), (x, y - 0.43 * size), (x + 0.06 * size, y - 0.46 * size)])


def turtle(page: Page, random: Random, foot: Point, size: float) -> None:
    """A turtle with plates on its shell."""
    way, x, y = random.choice((-1, 1)), foot[0], foot[1]
    page.oval((x + way * 0.42 * size, y - 0.26 * size), 0.13 * size, 0.11 * size)
    page.round((x + way * 0.46 * size, y - 0.29 * size), 0.022 * size, filled=True)
    for leg in (-0.24, 0.24):
        page.oval((x + leg * size, y - 0.07 * size), 0.085 * size, 0.09 * size)
    page.shape(
        [
            (x - way * 0.34 * size, y - 0.12 * size),
            (x - way * 0.48 * size, y - 0.06 * size),
            (x - way * 0.3 * size, y - 0.06 * size),
        ]
    )
    dome = [
        (x + 0.38 * size * math.cos(turn), y - 0.12 * size - 0.36 * size * math.sin(turn))
        for turn in (math.pi * step / 30 for step in range(31))
    ]
    page.shape(dome)
    for plate in (-0.2, 0.0, 0.2):
        page.shape(
            oval_points((x + plate * size, y - (0.3 - abs(plate) * 0.35) * size), 0.085 * size, 0.085 * size)[::8]
        )
