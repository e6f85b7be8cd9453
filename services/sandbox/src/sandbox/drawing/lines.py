"""Pages to colour: closed black outlines on white, a scene chosen by the words of the prompt."""

import math
import re
from random import Random

from PIL import Image

from sandbox.drawing import things
from sandbox.drawing.brief import Brief
from sandbox.drawing.creatures import CREATURES, Creature
from sandbox.drawing.ink import Page
from sandbox.drawing.landscapes import ridge_line
from sandbox.drawing.swimmers import fish

_MARGIN = 0.02
_SEA = re.compile(
    r"\b(?:seas?|oceans?|underwater|reef|mermaids?|fish(?:es)?|whales?|octopus|dolphins?|beneath the waves)\b"
)
_SPACE = re.compile(r"\b(?:space|planets?|rockets?|stars?|astronauts?|galaxy|moon)\b")
_SYNONYMS = {
    "kitten": "cat", "puppy": "dog", "wolf": "fox", "bunny": "rabbit", "hare": "rabbit", "tiger": "cat",
    "panda": "bear", "bird": "owl", "parrot": "owl", "dragon": "unicorn", "horse": "unicorn", "pony": "unicorn",
    "ship": "boat",
    "knight": "castle", "princess": "castle", "farm": "house", "village": "house", "cottage": "house", "forest": "tree",
    "garden": "flower", "dolphin": "whale", "car": "train", "truck": "train", "bee": "butterfly", "insect": "butterfly",
}  # fmt: skip
_SUBJECTS = {**CREATURES, **things.THINGS}
_SWIM = ("fish", "whale", "octopus", "turtle")
_ON_LAND = tuple(name for name in _SUBJECTS if name not in ("fish", "whale", "octopus", "rocket", "boat"))
_GROWN = ("house", "castle", "tree", "flower", "mushroom")
"""What stands about anyway, or far behind."""
_WORD = re.compile(r"[a-z]+")


def line_art(brief: Brief, random: Random) -> Image.Image:
    """A page to colour: what the words ask for in front, and a world around it that suits it."""
    page = Page(brief.width, brief.height)
    words = brief.prompt.lower()
    asked = _asked(words)
    if _SEA.search(words):
        _underwater(page, random, [name for name in asked if name in (*_SWIM, "boat")])
    elif _SPACE.search(words) and not any(name in CREATURES for name in asked):
        _space(page, random)
    else:
        _country(page, random, asked)
    return page.finish(_MARGIN)


def _asked(words: str) -> list[str]:
    """The subjects that are named, in their order, each once."""
    named = []
    for word in _WORD.findall(words):
        single = word if word in _SUBJECTS or word in _SYNONYMS else word.removesuffix("es" if word == "foxes" else "s")
        subject = _SYNONYMS.get(single, single)
        if subject in _SUBJECTS and subject not in named:
            named.append(subject)
    return named


def _country(page: Page, random: Random, asked: list[str]) -> None:
    wide = page.aspect
    unit = min(wide, 1.0)
    light = wide * random.choice((0.2, 0.8)), random.uniform(0.14, 0.2)
    random.choice((things.sun, things.sun, things.moon))(page, random, light, 0.26 * unit)
    for place in (0.34, 0.62):
        things.cloud(page, random, (wide * place, random.uniform(0.1, 0.26)), random.uniform(0.2, 0.28) * unit)
    _hill(page, random, 0.46, 0.05)
    for number in range(3):
        spot = wide * (0.16 + 0.33 * number + random.uniform(-0.05, 0.05)), random.uniform(0.56, 0.6)
        _behind(page, random, asked, number)(page, random, spot, random.uniform(0.26, 0.34) * unit)
    _hill(page, random, 0.62, 0.035)
    beside = [name for name in asked[1:] if name not in _GROWN]
    if beside:
        _SUBJECTS[beside[0]](page, random, (wide * random.choice((0.2, 0.8)), 0.76), 0.4 * unit)
    hero = _SUBJECTS[asked[0] if asked else random.choice(_ON_LAND)]
    foot = wide * random.uniform(0.42, 0.58), random.uniform(0.86, 0.9)
    hero(page, random, foot, 0.7 * unit)
    for number, place in enumerate((0.12, 0.26, 0.76, 0.9)):
        growth = things.flower if (number + random.randrange(2)) % 3 else things.mushroom
        growth(page, random, (wide * place, random.uniform(0.93, 0.97)), random.uniform(0.15, 0.21) * unit)


def _behind(page: Page, random: Random, asked: list[str], number: int) -> Creature:
    """What stands on the far hill: the buildings and trees that were asked for, otherwise trees."""
    named = [_SUBJECTS[name] for name in asked[1:] if name in ("house", "castle")]
    if named and number == 2:
        return named[0]
    return random.choice((things.tree, things.fir))


def _hill(page: Page, random: Random, level: float, swell: float) -> None:
    line = ridge_line(random, page.aspect, level, swell, 0.1)
    page.shape([*line, (page.aspect * 1.02, 1.05), (-0.02 * page.aspect, 1.05)])


def _underwater(page: Page, random: Random, asked: list[str]) -> None:
    wide = page.aspect
    unit = min(wide, 1.0)
    _hill(page, random, 0.84, 0.03)
    for number in range(5):
        _weed(page, random, wide * (0.1 + 0.2 * number + random.uniform(-0.04, 0.04)), 0.93)
    _hill(page, random, 0.91, 0.02)
    for _ in range(14):
        page.round((random.uniform(0.06, wide - 0.06), random.uniform(0.06, 0.8)), random.uniform(0.008, 0.02))
    for number in range(4):
        spot = wide * (0.24 if number % 2 else 0.76), 0.24 + 0.17 * number + random.uniform(-0.03, 0.03)
        fish(page, random, spot, random.uniform(0.2, 0.27) * unit)
    hero = asked[0] if asked else random.choice(_SWIM)
    if hero == "boat":
        wave = ridge_line(random, wide, 0.34, 0.02, 0.1)
        page.shape([(0, -0.05), *wave, (wide, -0.05)])
        things.boat(page, random, (wide * 0.5, 0.36), 0.4 * unit)
        hero = "fish"
    _SUBJECTS[hero](page, random, (wide * 0.5, 0.72), 0.62 * unit)
    things.star(page, random, (wide * random.uniform(0.2, 0.8), 0.95), 0.1 * unit)


def _weed(page: Page, random: Random, x: float, y: float) -> None:
    tall, phase = random.uniform(0.14, 0.26), random.uniform(0, math.tau)
    left, right = [], []
    for step in range(17):
        share = step / 16
        sway, half = 0.02 * math.sin(share * 9 + phase), 0.02 * (1 - share) + 0.003
        left.append((x + sway - half, y - tall * share))
        right.append((x + sway + half, y - tall * share))
    page.shape([*left, *reversed(right)])


def _space(page: Page, random: Random) -> None:
    wide = page.aspect
    unit = min(wide, 1.0)
    for row in range(5):
        for column in range(3):
            spot = (
                wide * (0.18 + 0.32 * column + random.uniform(-0.07, 0.07)),
                0.12 + 0.18 * row + random.uniform(-0.05, 0.05),
            )
            things.star(page, random, spot, random.uniform(0.05, 0.11) * unit)
    things.planet(page, random, (wide * 0.76, 0.22), 0.4 * unit)
    things.moon(page, random, (wide * 0.2, random.uniform(0.16, 0.3)), 0.26 * unit)
    page.round((wide * random.uniform(0.3, 0.7), 1.12), 0.34)
    for crater in (0.3, 0.52, 0.7):
        page.oval((wide * crater, 0.92 + random.uniform(-0.02, 0.03)), 0.05 * unit, 0.022 * unit)
    things.rocket(page, random, (wide * random.uniform(0.42, 0.58), 0.8), 0.56)
