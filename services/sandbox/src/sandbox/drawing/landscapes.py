"""Landscapes: a sky with its light, layers that fade with distance, and what stands in front."""

import math
from random import Random

from sandbox.drawing.canvas import Canvas, Point
from sandbox.drawing.palettes import Colour, Palette, mix

_STEPS = 240


def ridge_line(random: Random, aspect: float, level: float, height: float, roughness: float) -> list[Point]:
    """A horizon: waves of falling size; `roughness` 0 is a soft hill, 1 a mountain range."""
    waves = []
    for octave in range(6):
        scale = height * (0.42 + 0.16 * roughness) ** octave
        if roughness < 0.2 and octave > 2:
            break
        waves.append((scale, random.uniform(0.7, 1.5) * 1.95**octave, random.uniform(0, math.tau)))
    line = []
    for step in range(_STEPS + 1):
        x = aspect * (step / _STEPS * 1.04 - 0.02)
        lift = 0.0
        for scale, frequency, phase in waves:
            wave = math.sin(x * frequency * math.pi + phase)
            lift += scale * (wave if roughness < 0.5 else 1 - 2 * abs(wave))
        line.append((x, level - lift * 0.6))
    return line


def sky(canvas: Canvas, palette: Palette, random: Random, horizon: float) -> Point:
    """Sky, stars, clouds and the light; returns where the light stands."""
    canvas.gradient(palette.sky, min(1.0, horizon + 0.12))
    if palette.night:
        for _ in range(170):
            place = random.uniform(0, canvas.aspect), random.uniform(0, horizon) ** 1.25
            size = 0.0008 + 0.0022 * random.random() ** 4
            canvas.disc(place, size, mix(palette.sky[1], (255, 250, 235), random.uniform(0.35, 1)))
    light = (canvas.aspect * random.uniform(0.26, 0.74), horizon - random.uniform(0.14, 0.34))
    radius = random.uniform(0.075, 0.115)
    canvas.glow(light, radius * 6.5, palette.light, 0.55)
    if palette.night:
        _crescent(canvas, light, radius, palette.light)
    else:
        canvas.disc(light, radius, palette.light)
        _clouds(canvas, palette, random, horizon)
    return light


def _crescent(canvas: Canvas, centre: Point, radius: float, colour: Colour) -> None:
    outer = [math.radians(degrees) for degrees in range(35, 326, 5)]
    tips = [(centre[0] + radius * math.cos(turn), centre[1] + radius * math.sin(turn)) for turn in outer]
    hollow = centre[0] + radius * 0.62, centre[1]
    reach = math.dist(hollow, tips[0])
    first = math.atan2(tips[-1][1] - hollow[1], tips[-1][0] - hollow[0]) % math.tau
    last = math.atan2(tips[0][1] - hollow[1], tips[0][0] - hollow[0]) % math.tau
    inner = [first + (last - first) * step / 40 for step in range(41)]
    tips += [(hollow[0] + reach * math.cos(turn), hollow[1] + reach * math.sin(turn)) for turn in inner]
    canvas.polygon(tips, colour)


def _clouds(canvas: Canvas, palette: Palette, random: Random, horizon: float) -> None:
    for _ in range(random.randint(2, 5)):
        x, y = random.uniform(0, canvas.aspect), random.uniform(0.08, max(0.12, horizon - 0.25))
        colour = mix(palette.sky[1], (255, 255, 255), 0.35 + 0.3 * y)
        width = random.uniform(0.1, 0.24)
        canvas.box(x - width, y - 0.011, x + width, y + 0.011, colour, 0.011)
        shift = random.uniform(-0.06, 0.06)
        canvas.box(x + shift - width * 0.55, y - 0.030, x + shift + width * 0.55, y - 0.006, colour, 0.012)


def layered(canvas: Canvas, palette: Palette, random: Random, roughness: float, trees: bool) -> None:
    """Hills or mountains, five to seven deep, with mist between and perhaps a forest in front."""
    horizon = random.uniform(0.5, 0.6)
    light = sky(canvas, palette, random, horizon)
    count = random.randint(5, 7)
    for layer in range(count):
        depth = layer / (count - 1)
        level = horizon + (1.02 - horizon) * depth**1.25
        height = (0.05 + 0.10 * roughness) * (1.25 - 0.6 * depth)
        line = ridge_line(random, canvas.aspect, level, height, roughness * (1 - 0.6 * depth))
        colour = mix(mix(palette.far, palette.sky[2], 0.35), palette.near, depth**0.85)
        canvas.ridge(line, colour)
        if roughness > 0.5 and layer < 2:
            _snow(canvas, line, mix(colour, (255, 255, 255), 0.75), level - height * 0.35)
        if trees and depth > 0.35:
            _conifers(canvas, random, line, mix(colour, palette.near, 0.35), 0.05 + 0.13 * depth)
        if layer < count - 1:
            canvas.veil(level - 0.02, level + 0.16, mix(palette.sky[2], palette.light, 0.4), 0.34 * (1 - depth))
    canvas.glow(light, 0.75, palette.light, 0.14)


def _snow(canvas: Canvas, line: list[Point], colour: Colour, level: float) -> None:
    run: list[Point] = []
    for number, (x, y) in enumerate([*line, (line[-1][0], 2.0)]):
        if y < level:
            run.append((x, y))
        elif len(run) > 2:
            zigzag = [
                (px, min(level, py + (level - py) * (0.62 if place % 8 < 4 else 0.95)))
                for place, (px, py) in enumerate(reversed(run), number)
            ]
            canvas.polygon([*run, *zigzag], colour)
            run = []
        else:
            run = []


def _conifers(canvas: Canvas, random: Random, line: list[Point], colour: Colour, height: float) -> None:
    step = max(2, int(_STEPS * height * 0.16 / canvas.aspect))
    for x, y in line[::step]:
        tall = height * random.uniform(0.45, 1.1)
        x += random.uniform(-0.01, 0.01)
        for tier in range(4):
            low, wide = y + 0.012 - tall * 0.21 * tier, tall * (0.21 - 0.042 * tier)
            canvas.polygon([(x - wide, low), (x + wide, low), (x, low - tall * 0.42)], colour)


def ocean(canvas: Canvas, palette: Palette, random: Random) -> None:
    """The sea under the light: bands of waves, a broken reflection, a headland and a sail."""
    horizon = random.uniform(0.48, 0.58)
    light = sky(canvas, palette, random, horizon)
    for layer in range(2):
        line = ridge_line(random, canvas.aspect, horizon + 0.01, 0.07 - 0.025 * layer, 0.35)
        canvas.ridge(line, mix(palette.sky[2], palette.far, 0.45 + 0.4 * layer), horizon + 0.03)
    bands = 13
    for band in range(bands):
        depth = band / (bands - 1)
        level = horizon + (1.02 - horizon) * depth**1.7
        phase, swing = random.uniform(0, math.tau), 0.002 + 0.013 * depth
        pitch = 46 - 34 * depth**0.5
        line = [
            (x, level + swing * math.sin(x * pitch + phase) * math.sin(x * pitch * 0.31 + phase * 2))
            for x in (canvas.aspect * step / _STEPS for step in range(-2, _STEPS + 3))
        ]
        canvas.ridge(line, mix(mix(palette.far, palette.sky[2], 0.3), palette.near, depth**0.8))
        _glints(canvas, palette, random, light[0], level, depth)
    _sail(canvas, palette, random, horizon)


def _glints(canvas: Canvas, palette: Palette, random: Random, x: float, level: float, depth: float) -> None:
    spread = 0.05 + 0.16 * depth
    for _ in range(7):
        centre, wide = x + random.gauss(0, spread * 0.55), random.uniform(0.01, 0.05) * (0.5 + depth)
        y, thick = level + random.uniform(0, 0.03), 0.0022 + 0.0035 * depth
        colour = mix(palette.light, palette.far, random.uniform(0.0, 0.45))
        canvas.box(centre - wide, y - thick, centre + wide, y + thick, colour, thick)


def _sail(canvas: Canvas, palette: Palette, random: Random, horizon: float) -> None:
    x, y = canvas.aspect * random.choice((0.2, 0.3, 0.72, 0.82)), horizon + random.uniform(0.09, 0.16)
    size = random.uniform(0.1, 0.14)
    canvas.polygon([(x + 0.006, y - size), (x + 0.006, y - 0.012), (x + size * 0.55, y - 0.012)], palette.paper)
    canvas.polygon(
        [(x - 0.006, y - size * 0.8), (x - 0.006, y - 0.012), (x - size * 0.36, y - 0.012)],
        palette.accents[0],
    )
    hull = [
        (x - size * 0.42, y),
        (x + size * 0.5, y),
        (x + size * 0.34, y + 0.028),
        (x - size * 0.28, y + 0.028),
    ]
    canvas.polygon(hull, palette.ink if not palette.night else palette.near)


def city(canvas: Canvas, palette: Palette, random: Random) -> None:
    """Towers against the sky, row behind row, their windows lit."""
    light = sky(canvas, palette, random, 0.72)
    rows = 4
    for row in range(rows):
        depth = row / (rows - 1)
        colour = mix(mix(palette.far, palette.sky[1], 0.4), palette.near, depth**0.8)
        x = -0.05
        while x < canvas.aspect:
            wide = random.uniform(0.055, 0.12) * (0.7 + 0.6 * depth)
            top = 0.38 + 0.32 * depth + random.uniform(-0.14, 0.14)
            canvas.box(x, top, x + wide, 1.05, colour)
            _roof(canvas, random, x, top, wide, colour)
            if row:
                _windows(canvas, palette, random, x, top, wide, colour)
            x += wide + random.uniform(0, 0.025)
        canvas.veil(0.75, 1.0, mix(palette.sky[2], palette.light, 0.3), 0.22 * (1 - depth))
    canvas.glow(light, 0.8, palette.light, 0.12)


def _roof(canvas: Canvas, random: Random, x: float, top: float, wide: float, colour: Colour) -> None:
    kind = random.randrange(4)
    if kind == 0:
        canvas.box(x + wide * 0.47, top - 0.06, x + wide * 0.53, top, colour)
    elif kind == 1:
        canvas.polygon([(x, top + 0.002), (x + wide, top + 0.002), (x + wide, top - wide * 0.5)], colour)
    elif kind == 2:
        canvas.box(x + wide * 0.2, top - 0.025, x + wide * 0.8, top + 0.002, colour)


def _windows(
    canvas: Canvas, palette: Palette, random: Random, x: float, top: float, wide: float, colour: Colour
) -> None:
    lit, dark = mix(palette.accents[0], palette.light, 0.6), mix(colour, palette.sky[1], 0.18)
    columns = max(2, int(wide / 0.02))
    step = wide / columns
    for floor in range(int((1 - top) / 0.032)):
        y = top + 0.016 + floor * 0.032
        for column in range(columns):
            left = x + step * (column + 0.25)
            canvas.box(left, y, left + step * 0.5, y + 0.014, lit if random.random() < 0.36 else dark)
