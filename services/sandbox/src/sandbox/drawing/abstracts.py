"""Abstract compositions: flowing bands, a geometric poster, arches, a sunburst, paper cut-outs."""

import math
from random import Random

from PIL import Image

from sandbox.drawing.canvas import Canvas, Point
from sandbox.drawing.palettes import Colour, Palette, mix

_FIELD_SIDE = 72


def contours(canvas: Canvas, palette: Palette, random: Random) -> None:
    """Bands of colour that flow like the lines of a map, light between them."""
    waves = [
        (
            random.uniform(1.2, 4.2),
            random.uniform(1.2, 4.2),
            random.uniform(0, math.tau),
            random.uniform(0.5, 1),
        )
        for _ in range(4)
    ]
    columns = max(8, round(_FIELD_SIDE * canvas.aspect))
    values = []
    for row in range(_FIELD_SIDE):
        v = row / _FIELD_SIDE
        for column in range(columns):
            u = column / _FIELD_SIDE
            warp_u = u + 0.16 * math.sin(3.1 * v + waves[0][2]) + 0.05 * math.sin(7.3 * u + 2 * v)
            warp_v = v + 0.16 * math.sin(2.7 * u + waves[1][2])
            total = sum(w * math.sin(a * warp_u + b * warp_v + phase) for a, b, phase, w in waves)
            values.append(0.5 + total / 5.2)
    field = Image.new("F", (columns, _FIELD_SIDE))
    field.putdata([min(max(value, 0.0), 1.0) for value in values])
    canvas.field(field, _bands(palette, random))


def _bands(palette: Palette, random: Random) -> list[Colour]:
    stops = [
        palette.near,
        palette.accents[0],
        palette.accents[1],
        palette.sky[2],
        palette.accents[2],
        palette.far,
    ]
    if random.random() < 0.5:
        stops.reverse()
    table: list[Colour] = []
    steps = 18
    for step in range(steps):
        place = step / (steps - 1) * (len(stops) - 1)
        index = min(int(place), len(stops) - 2)
        colour = mix(stops[index], stops[index + 1], place - index)
        shade = mix(colour, palette.ink, 0.28)
        table += [colour] * 6 + [mix(colour, palette.paper, 0.16)] * 5 + [shade]
    return table


def poster(canvas: Canvas, palette: Palette, random: Random) -> None:
    """A grid of quarter circles, stripes, dots and one large disc."""
    canvas.box(0, 0, canvas.aspect, 1, palette.paper)
    rows = random.choice((4, 5))
    margin = 0.06
    side = (1 - 2 * margin) / rows
    columns = max(1, int((canvas.aspect - 2 * margin) / side + 1e-6))
    left = (canvas.aspect - columns * side) / 2
    colours = [*palette.accents, palette.ink, palette.near]
    for row in range(rows):
        for column in range(columns):
            _tile(canvas, random, left + column * side, margin + row * side, side, colours, palette.paper)
    radius = side * random.choice((1.0, 1.5))
    spot = left + side * random.randint(1, max(1, columns - 1)), margin + side * random.randint(1, rows - 1)
    canvas.disc(spot, radius, palette.accents[0])
    canvas.disc(spot, radius * 0.62, palette.paper)
    canvas.disc(spot, radius * 0.3, palette.ink)


def _tile(
    canvas: Canvas, random: Random, x: float, y: float, side: float, colours: list[Colour], paper: Colour
) -> None:
    back, front = random.sample(colours, 2)
    canvas.box(x, y, x + side, y + side, back if random.random() < 0.7 else paper)
    corner = random.randrange(4)
    cx, cy = x + side * (corner in (1, 2)), y + side * (corner in (2, 3))
    match random.randrange(6):
        case 0 | 1:
            canvas.pie((cx, cy), side, corner * 90, corner * 90 + 90, front)
            if random.random() < 0.5:
                canvas.pie((cx, cy), side * 0.55, corner * 90, corner * 90 + 90, back)
        case 2:
            for stripe in range(4):
                canvas.box(x, y + side * stripe / 4, x + side, y + side * (stripe + 0.5) / 4, front)
        case 3:
            for number in range(16):
                spot = x + side * (number % 4 + 0.5) / 4, y + side * (number // 4 + 0.5) / 4
                canvas.disc(spot, side * 0.075, front)
        case 4:
            canvas.disc((x + side / 2, y + side / 2), side * 0.36, front)
        case _:
            canvas.polygon([(x, y), (x + side, y), (cx, y + side)], front)


def arches(canvas: Canvas, palette: Palette, random: Random) -> None:
    """Calm: a large arch of bands, a low sun, a hill, much room."""
    canvas.gradient((palette.paper, mix(palette.paper, palette.sky[1], 0.35), palette.sky[2]))
    centre = canvas.aspect * random.uniform(0.42, 0.58), 0.82
    outer = min(0.44, canvas.aspect * 0.42)
    shades = [palette.accents[0], palette.accents[2 % len(palette.accents)], palette.accents[1], palette.far]
    for number in range(5):
        radius = outer * (1 - number * 0.19)
        colour = palette.paper if number == 4 else shades[number % len(shades)]
        canvas.pie(centre, radius, 180, 360, colour)
        canvas.box(centre[0] - radius, centre[1] - 0.001, centre[0] + radius, 1.02, colour)
    side = random.choice((-1, 1))
    sun = centre[0] + side * outer * 0.98, 0.82 - outer * 0.92
    canvas.disc(sun, 0.075, palette.light)
    hill = [
        (x, 0.88 + 0.035 * math.sin(x * 3.1 + sun[0] * 5)) for x in (canvas.aspect * step / 120 for step in range(121))
    ]
    canvas.ridge(hill, mix(palette.near, palette.accents[0], 0.25))
    _sprig(canvas, (centre[0] - side * outer * 0.8, 0.93), 0.34, -side * 0.16, palette.ink)


def _sprig(canvas: Canvas, foot: Point, height: float, lean: float, colour: Colour) -> None:
    stem = [(foot[0] + lean * (step / 20) ** 2, foot[1] - height * step / 20) for step in range(21)]
    canvas.line(stem, 0.005, colour)
    for number, (x, y) in enumerate(stem[5::2]):
        for side in (-1, 1):
            leaf_shape(canvas, (x, y), 0.085 - 0.006 * number, -90 + side * 52 + lean * 90, colour)


def leaf_shape(canvas: Canvas, foot: Point, length: float, angle: float, colour: Colour) -> None:
    """A pointed leaf that grows from `foot` in a direction, in degrees clockwise from the right."""
    turn = math.radians(angle)
    shape = []
    for side in (1, -1):
        for step in range(13):
            along = (step if side == 1 else 12 - step) / 12
            across = side * math.sin(along * math.pi) * 0.24
            x = math.cos(turn) * along - math.sin(turn) * across
            y = math.sin(turn) * along + math.cos(turn) * across
            shape.append((foot[0] + x * length, foot[1] + y * length))
    canvas.polygon(shape, colour)


def sunburst(canvas: Canvas, palette: Palette, random: Random) -> None:
    """A travel poster of old: rays, a sun, three hills, a frame of paper."""
    centre = canvas.aspect * random.uniform(0.4, 0.6), 0.6
    rays = random.choice((24, 28, 32))
    canvas.box(0, 0, canvas.aspect, 1, palette.sky[2])
    tone = mix(palette.sky[1], palette.accents[1], 0.35)
    for ray in range(0, rays * 2, 2):
        edges = [math.tau * (ray + side) / (rays * 2) for side in (0, 1)]
        canvas.polygon([centre, *((centre[0] + 3 * math.cos(a), centre[1] + 3 * math.sin(a)) for a in edges)], tone)
    for radius, colour in ((0.25, palette.accents[1]), (0.21, palette.light), (0.17, palette.accents[0])):
        canvas.disc(centre, radius, colour)
    for layer, colour in enumerate((palette.accents[2], palette.far, palette.near)):
        phase, swell = random.uniform(0, math.tau), random.uniform(2.2, 3.6)
        hill = [
            (x, 0.66 + 0.1 * layer + 0.05 * math.sin(x * swell + phase))
            for x in (canvas.aspect * step / 160 for step in range(161))
        ]
        canvas.ridge(hill, colour)
    edge = 0.035
    for left, top, right, bottom in (
        (0, 0, canvas.aspect, edge),
        (0, 1 - edge, canvas.aspect, 1.01),
        (0, 0, edge, 1),
        (canvas.aspect - edge, 0, canvas.aspect + 0.01, 1),
    ):
        canvas.box(left, top, right, bottom, palette.paper)


def cutouts(canvas: Canvas, palette: Palette, random: Random) -> None:
    """Cut paper on coloured panels: a soft shape and a frond on each, confetti over all."""
    rows = 3 if canvas.aspect < 1.2 else 2
    side = 1 / rows
    columns = max(1, round(canvas.aspect / side))
    wide = canvas.aspect / columns
    tones = [mix(tone, palette.paper, share) for tone in palette.accents for share in (0.25, 0.72)]
    for row in range(rows):
        for column in range(columns):
            number = row * columns + column
            left, top = column * wide, row * side
            tone = tones[(number * 3 + row) % len(tones)]
            canvas.box(left - 0.001, top - 0.001, left + wide + 0.001, top + side + 0.001, tone)
            centre = left + wide / 2, top + side / 2
            colour = palette.accents[(number + 1 + row) % len(palette.accents)]
            canvas.polygon(blob(random, centre, min(wide, side) * 0.36), colour)
            frond = palette.paper if number % 2 else palette.ink
            _frond(canvas, random, centre, min(wide, side) * 0.8, frond)
    for _ in range(40):
        spot = random.uniform(0, canvas.aspect), random.uniform(0, 1)
        canvas.disc(spot, random.uniform(0.003, 0.009), random.choice([*palette.accents, palette.paper]))


def blob(random: Random, centre: Point, radius: float) -> list[Point]:
    """A soft closed shape around a point."""
    waves = [(order, random.uniform(0.04, 0.15), random.uniform(0, math.tau)) for order in (2, 3, 5)]
    shape = []
    for step in range(96):
        angle = math.tau * step / 96
        reach = radius * (1 + sum(size * math.sin(order * angle + phase) for order, size, phase in waves))
        shape.append((centre[0] + reach * math.cos(angle), centre[1] + reach * math.sin(angle)))
    return shape


def _frond(canvas: Canvas, random: Random, centre: Point, length: float, colour: Colour) -> None:
    heading = math.radians(random.uniform(-130, -50))
    bend = random.uniform(-0.25, 0.25)
    stem = []
    for step in range(21):
        along = step / 20 - 0.5
        turn = heading + bend * along
        stem.append((centre[0] + along * length * math.cos(turn), centre[1] + along * length * math.sin(turn)))
    canvas.line(stem, 0.006, colour)
    degrees = math.degrees(heading)
    for number, foot in enumerate(stem[3:19:3]):
        size = length * (0.34 - 0.035 * number)
        for way in (-1, 1):
            leaf_shape(canvas, foot, size, degrees + way * 48, colour)
    leaf_shape(canvas, stem[-3], length * 0.2, degrees, colour)
