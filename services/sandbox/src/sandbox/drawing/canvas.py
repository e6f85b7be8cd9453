"""A canvas in unit coordinates, drawn larger than it leaves so that every edge is smooth."""

from collections.abc import Sequence

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from sandbox.drawing.palettes import Colour, mix

Point = tuple[float, float]

_SUPERSAMPLED_PIXELS_MAX = 2_400_000
_GRAIN_SIDE = 256


class Canvas:
    """x and y run from 0 to `aspect` and 0 to 1; lengths are in heights of the picture."""

    def __init__(self, width: int, height: int, ground: Colour) -> None:
        self._factor = 2 if width * height <= _SUPERSAMPLED_PIXELS_MAX else 1
        self._size = width * self._factor, height * self._factor
        self._unit = self._size[1]
        self.aspect = width / height
        self.image = Image.new("RGB", self._size, ground)
        self._draw = ImageDraw.Draw(self.image)

    def _at(self, points: Sequence[Point]) -> list[Point]:
        return [(x * self._unit, y * self._unit) for x, y in points]

    def _box(self, centre: Point, radius: float) -> tuple[float, float, float, float]:
        x, y = centre
        left, top = (x - radius) * self._unit, (y - radius) * self._unit
        return left, top, (x + radius) * self._unit, (y + radius) * self._unit

    def gradient(self, stops: Sequence[Colour], bottom: float = 1.0) -> None:
        """Fills from the top down to `bottom` with evenly spaced colours, smoothly."""
        rows = 256
        column = Image.new("RGB", (1, rows))
        for row in range(rows):
            place = row / (rows - 1) * (len(stops) - 1)
            index = min(int(place), len(stops) - 2)
            column.putpixel((0, row), mix(stops[index], stops[index + 1], place - index))
        height = round(self._size[1] * bottom)
        self.image.paste(column.resize((self._size[0], height), Image.Resampling.BICUBIC), (0, 0))

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        """A filled shape."""
        self._draw.polygon(self._at(points), fill=colour)

    def ridge(self, line: Sequence[Point], colour: Colour, base: float = 1.05) -> None:
        """Everything below a line, down to `base`."""
        self.polygon([*line, (line[-1][0], base), (line[0][0], base)], colour)

    def disc(self, centre: Point, radius: float, colour: Colour) -> None:
        """A filled circle."""
        self._draw.ellipse(self._box(centre, radius), fill=colour)

    def pie(self, centre: Point, radius: float, start: float, stop: float, colour: Colour) -> None:
        """A slice of a circle between two angles in degrees, clockwise from the right."""
        self._draw.pieslice(self._box(centre, radius), start, stop, fill=colour)

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour, radius: float = 0) -> None:
        """A filled rectangle, its corners rounded by `radius`."""
        (corners,) = [self._at([(left, top), (right, bottom)])]
        self._draw.rounded_rectangle(corners, radius * self._unit, fill=colour)

    def line(self, points: Sequence[Point], width: float, colour: Colour) -> None:
        """A stroke with round joints and ends."""
        placed = self._at(points)
        thickness = max(1, round(width * self._unit))
        self._draw.line(placed, fill=colour, width=thickness, joint="curve")
        for x, y in (placed[0], placed[-1]):
            half = thickness / 2
            self._draw.ellipse((x - half, y - half, x + half, y + half), fill=colour)

    def outlined(self, points: Sequence[Point], width: float, fill: Colour, ink: Colour) -> None:
        """A filled shape with a drawn outline."""
        self.polygon(points, fill)
        self.line([*points, points[0]], width, ink)

    def glow(self, centre: Point, radius: float, colour: Colour, strength: float) -> None:
        """Light that fades away from a point; `strength` is 0 to 1."""
        side = max(2, round(radius * 2 * self._unit))
        fade = ImageChops.invert(Image.radial_gradient("L")).point(
            lambda value: max(0, value - 74) ** 1.6 / 181**0.6 * strength
        )
        mask = fade.resize((side, side), Image.Resampling.BICUBIC)
        corner = round(centre[0] * self._unit - side / 2), round(centre[1] * self._unit - side / 2)
        self.image.paste(colour, corner, mask)

    def veil(self, top: float, bottom: float, colour: Colour, strength: float) -> None:
        """Mist between two heights, thickest at the lower one."""
        first, last = round(top * self._unit), round(bottom * self._unit)
        if last <= first:
            return
        mask = Image.linear_gradient("L").resize((self._size[0], last - first)).point(lambda v: v * strength)
        self.image.paste(colour, (0, first), mask)

    def field(self, values: Image.Image, table: Sequence[Colour]) -> None:
        """Paints a coarse mode-F field of values 0 to 1 as flat bands of colour with smooth edges."""
        large = values.resize(self._size, Image.Resampling.BICUBIC).point(lambda value: value * 255)
        level = large.convert("L")
        bands = [table[min(int(step / 256 * len(table)), len(table) - 1)] for step in range(256)]
        channels = [level.point([band[channel] for band in bands]) for channel in range(3)]
        self.image.paste(Image.merge("RGB", channels), (0, 0))

    def finish(self, grain: bytes | None = None) -> Image.Image:
        """The picture at its true size; `grain` is 65,536 bytes of noise that keep gradients from banding."""
        image = self.image.reduce(self._factor) if self._factor > 1 else self.image
        return _grained(image, grain) if grain else image


def _grained(image: Image.Image, grain: bytes) -> Image.Image:
    tile = Image.frombytes("L", (_GRAIN_SIDE, _GRAIN_SIDE), grain).point(lambda value: 124 + value * 8 / 255)
    noise = Image.new("L", image.size)
    for left in range(0, image.width, _GRAIN_SIDE):
        for top in range(0, image.height, _GRAIN_SIDE):
            noise.paste(tile, (left, top))
    return ImageChops.add(image, Image.merge("RGB", (noise,) * 3), 1, -128)


def blurred(image: Image.Image, radius: float) -> Image.Image:
    """A Gaussian blur, worked out on a smaller copy where that looks the same."""
    factor = max(1, int(radius // 4))
    if factor == 1:
        return image.filter(ImageFilter.GaussianBlur(radius))
    small = image.reduce(factor).filter(ImageFilter.GaussianBlur(radius / factor))
    return small.resize(image.size, Image.Resampling.BICUBIC)
