"""Chooses the colours of a picture from the words of its prompt."""

import colorsys
import re
from dataclasses import dataclass, replace
from random import Random

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one picture: a sky from top to horizon, a light, layers from far to near, accents."""

    sky: tuple[Colour, Colour, Colour]
    light: Colour
    far: Colour
    near: Colour
    accents: tuple[Colour, ...]
    paper: Colour
    ink: Colour
    night: bool = False


def rgb(text: str) -> Colour:
    """`rrggbb` as a colour."""
    return int(text[0:2], 16), int(text[2:4], 16), int(text[4:6], 16)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Between two colours: 0 is the first, 1 the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def _palette(sky: str, light: str, layers: str, accents: str, paper: str, ink: str, *, night: bool = False) -> Palette:
    top, middle, low = (rgb(part) for part in sky.split())
    far, near = (rgb(part) for part in layers.split())
    spots = tuple(rgb(part) for part in accents.split())
    return Palette((top, middle, low), rgb(light), far, near, spots, rgb(paper), rgb(ink), night)


_SUNSET = _palette("3b2a6b e2607a ffc27a", "fff1c9", "c9607f 2a1a3f", "f2545b f7b267 6a4c93 ffd6a5", "fff3e2", "2b1b3d")
_FOREST = _palette("a8d8cf d9ecd0 fbf3d5", "fff8dc", "8fbfa0 12372a", "2f6b4f 8ab17d e9c46a bc6c25", "f4f1e4", "143028")
_OCEAN = _palette("0b4f8a 4aa5c9 d9f1ee", "fffbe6", "66b7c9 06304f", "0f6ba8 2ec4b6 ffd166 ef6f5e", "eef7f6", "0a2f4a")
_NIGHT = _palette(
    "070a24 1c2257 5a4b8f",
    "f4f1de",
    "46468a 050717",
    "f6c667 7c6cd6 3a4f9b e26d8f",
    "14173a",
    "eceafc",
    night=True,
)
_DESERT = _palette("5fb3c8 f5d9b0 fbe7c6", "fffaf0", "e0a36c 7a3320", "c8553d f28f3b 588b8b ffd5a8", "fbf0e0", "4a2116")
_WINTER = _palette("7fa6cf c5d9ec f7f4f4", "ffffff", "b4cbe0 2b4365", "5b84b1 a9c6e2 e7857b f2e2d2", "f5f8fb", "22364f")
_SPRING = _palette("8ecbe6 d8eef0 fff1e6", "fffbe8", "b5d99c 3f7d4e", "ff8fa3 ffd166 6ab187 8e7dbe", "fff8f0", "2f4a3a")
_MODERN = _palette("1f3c88 6c8fd6 f3e9dc", "ffe8a3", "8aa4d6 14213d", "fca311 e63946 2a9d8f e5e5e5", "f5f1ea", "14213d")
_VINTAGE = _palette(
    "3d7a78 d9c08b f0dfb4", "f7e3b0", "c98a4b 5a2f22", "b5482a d9902f 2f6361 8c3b2e", "f1e2c3", "41261d"
)
_MINIMAL = _palette(
    "e8dfd5 f2ebe3 f8f4ee", "e9b08d", "d4bfae 6e6259", "c97b5a 8a9a8b e2c9a6 4d4a47", "f7f2ea", "3d3935"
)
_BOLD = _palette("2b0f54 d1107a ffb000", "fff275", "ff4d6d 1b0638", "ff2e63 ffd400 08d9d6 6a2cff", "fff7e0", "150a2e")
_PLAYFUL = _palette(
    "59c3ff a8e6ff fff3c4",
    "ffdd4a",
    "8fe3a1 2d8a6b",
    "ff6b6b ffd93d 4d96ff 6bcb77 c77dff",
    "fffaf0",
    "2d2a4a",
)

_BY_WORD: tuple[tuple[str, Palette], ...] = (
    (r"sunset|dusk|sunrise|dawn|evening|golden hour", _SUNSET),
    (r"night|midnight|moon|stars?|starry|galaxy|space|neon", _NIGHT),
    (r"forest|wood|jungle|leaf|leaves|tree|garden|botanical", _FOREST),
    (r"ocean|sea|beach|wave|lake|underwater|island|coast|whale|fish", _OCEAN),
    (r"desert|dune|canyon|autumn|fall|savanna", _DESERT),
    (r"winter|snow|ice|arctic|frost|glacier", _WINTER),
    (r"spring|flower|meadow|blossom|picnic", _SPRING),
    (r"vintage|retro|antique|old", _VINTAGE),
    (r"minimal|minimalist|simple|calm|zen", _MINIMAL),
    (r"bold|vibrant|pop|loud|electric", _BOLD),
    (r"playful|fun|kids?|child|children|cute|cartoon|party", _PLAYFUL),
    (r"modern|clean|tech|corporate|geometric", _MODERN),
)
_ANY = (_SUNSET, _OCEAN, _FOREST, _MODERN, _DESERT, _SPRING, _BOLD)

_NAMED = {
    "red": "d62839",
    "orange": "f3722c",
    "yellow": "f9c74f",
    "gold": "d4a017",
    "green": "3a9d5d",
    "mint": "98e2c6",
    "teal": "1b998b",
    "turquoise": "2ec4b6",
    "blue": "2667c9",
    "navy": "14285a",
    "indigo": "3f37c9",
    "purple": "7b3fb5",
    "violet": "7f4fc9",
    "lavender": "b9a6e8",
    "pink": "f178a6",
    "magenta": "d1107a",
    "crimson": "b3122d",
    "coral": "ff7f5c",
    "peach": "ffbe98",
    "brown": "8a5a3b",
}
_HEX = re.compile(r"#([0-9a-f]{6})\b")


def palette_for(prompt: str, random: Random) -> Palette:
    """The palette the words ask for, a little different each time; named and hex colours take over."""
    words = prompt.lower()
    chosen = next((one for pattern, one in _BY_WORD if re.search(rf"\b(?:{pattern})s?\b", words)), None)
    palette = chosen if chosen is not None else random.choice(_ANY)
    named = [rgb(value) for name, value in _NAMED.items() if re.search(rf"\b{name}\b", words)]
    wanted = [*(rgb(found) for found in _HEX.findall(words)), *named]
    if wanted:
        palette = _tinted(palette, wanted)
    return _turned(palette, random.uniform(-0.02, 0.02))


def _tinted(palette: Palette, wanted: list[Colour]) -> Palette:
    first, last = wanted[0], wanted[-1]
    dark = mix(last, (8, 8, 24), 0.72)
    top, middle, low = palette.sky
    return replace(
        palette,
        sky=(
            mix(top, mix(first, (10, 10, 40), 0.35), 0.7),
            mix(middle, first, 0.5),
            mix(low, (255, 246, 232), 0.5),
        ),
        far=mix(palette.far, mix(first, (255, 255, 255), 0.25), 0.75),
        near=mix(palette.near, dark, 0.8),
        accents=(*wanted, mix(first, (255, 255, 255), 0.45), dark),
        ink=mix(palette.ink, dark, 0.7) if not palette.night else palette.ink,
    )


def _turned(palette: Palette, angle: float) -> Palette:
    def turn(colour: Colour) -> Colour:
        hue, light, saturation = colorsys.rgb_to_hls(*(part / 255 for part in colour))
        red, green, blue = colorsys.hls_to_rgb((hue + angle) % 1, light, saturation)
        return round(red * 255), round(green * 255), round(blue * 255)

    top, middle, low = palette.sky
    return replace(
        palette,
        sky=(turn(top), turn(middle), turn(low)),
        far=turn(palette.far),
        near=turn(palette.near),
        accents=tuple(turn(accent) for accent in palette.accents),
    )
