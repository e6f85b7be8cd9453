"""Plausible words for the strings of an answer: chosen by the property's name, fitted to its format and lengths."""

import random
import re
from datetime import UTC, datetime, timedelta
from typing import Any

_FIRST_DAY = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
_PADDING = " Take this as a first impression and look again in the morning light."

_BY_NAME: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("quantity", ("1", "2", "2.5", "6", "12.75", "24", "40")),
    ("^unit$", ("h", "m²", "m", "pcs", "lump sum")),
    (
        "description",
        (
            "Preparation of the site, protection of floors and openings",
            "Removal of the old covering, disposal included",
            "Supply and laying of tiles, joints included",
            "Labour of a skilled worker",
            "Materials and consumables",
            "Cleaning of the site and disposal of waste",
        ),
    ),
    ("title|headline|heading", ("Quiet light at the edge", "A study in soft contrast", "Where the eye comes to rest")),
    (
        "strength|praise|good|positive",
        (
            "The light falls gently and models the forms well.",
            "The composition leads the eye to the subject.",
            "The colours belong together and keep calm.",
        ),
    ),
    (
        "weakness|issue|problem|negative|risk",
        (
            "The horizon leans a little to the left.",
            "The highlights are close to burnt out.",
            "The background competes with the subject.",
        ),
    ),
    (
        "suggest|improve|advice|tip|recommend|next|step|action",
        (
            "Crop a little tighter on the right side.",
            "Lift the shadows by half a stop.",
            "Wait for a softer light, early or late in the day.",
        ),
    ),
    ("name|client|person|artist", ("Marta Lind", "Jonas Weber", "Ines Almeida")),
    ("city|place|location|region", ("Lisbon", "Hamburg", "Ljubljana")),
    ("country", ("Portugal", "Germany", "Slovenia")),
    ("currency", ("EUR",)),
    ("colou?r|palette|tone", ("warm ochre", "slate blue", "faded green")),
    ("style|genre|mood|technique", ("documentary", "impressionist", "minimal")),
    ("tag|keyword|label|category|topic|skill|interest", ("portrait", "landscape", "illustration", "still life")),
    ("item|product|service|position|unit", ("Portrait session", "Retouching", "Large print on cotton paper")),
    (
        "reason|explanation|rationale|evidence|why",
        (
            "The answers point clearly in this direction.",
            "Several details of the material support it.",
            "It fits the stated aim and the means at hand.",
        ),
    ),
    ("career|job|profession|role|field|study", ("Graphic design", "Landscape architecture", "Art education")),
    ("language|locale", ("en",)),
)
_SENTENCES = (
    "The overall impression is calm and coherent.",
    "There is a clear centre, and the rest serves it.",
    "The details reward a second look.",
    "What is left out matters as much as what is shown.",
    "A little more contrast would make it speak louder.",
    "It keeps its promise without asking for more.",
)
_TOLD_LENGTH = re.compile(r"\bat (least|most) (\d{1,6})(?= characters| and at most \d+ characters)", re.IGNORECASE)
_NAMES = tuple((re.compile(pattern), choices) for pattern, choices in _BY_NAME)


def phrase(schema: dict[str, Any], name: str, dice: random.Random) -> str:
    """A string for a property. Patterns other than simple digits and letters are not solved."""
    made = _formatted(str(schema.get("format", "")), dice) or _patterned(schema.get("pattern"), dice)
    if made is not None:
        return made
    made = _named(name.lower(), dice)
    least, most = _lengths(schema)
    while len(made) < least:
        made += _PADDING
    return made[:most].rstrip() if most is not None and most > least else made[:most]


_WHO = (
    "A fox", "An owl", "A bear", "A rabbit", "A lion", "An elephant", "A mouse", "A cat", "A penguin", "A turtle",
    "A whale", "An octopus", "A unicorn", "A butterfly", "A dog",
)  # fmt: skip
_WHERE = ("in front of a house", "by a castle", "among tall flowers", "under a tree", "on a hill with mushrooms")
_DOES = ("waves hello", "dances", "looks at the moon", "has a picnic", "plays with a friend", "reads a large book")


def scene(dice: random.Random) -> str:
    """Something that can be drawn."""
    return f"{dice.choice(_WHO)} {dice.choice(_DOES)} {dice.choice(_WHERE)}."


def prose(dice: random.Random, prompt: str) -> str:
    """A few sentences in answer to a prompt."""
    words = " ".join(prompt.split()[:8]).rstrip(".,;:!?")
    return f"On “{words}”: {' '.join(dice.sample(_SENTENCES, 4))}"


def _lengths(schema: dict[str, Any]) -> tuple[int, int | None]:
    """Limits as keywords or, since strict mode has none for them, as words of the description."""
    told = {word: int(number) for word, number in _TOLD_LENGTH.findall(str(schema.get("description", "")))}
    return int(schema.get("minLength", told.get("least", 0))), schema.get("maxLength", told.get("most"))


def _named(name: str, dice: random.Random) -> str:
    if name in ("drawing", "scene"):
        return scene(dice)
    for pattern, choices in _NAMES:
        if pattern.search(name):
            return dice.choice(choices)
    return " ".join(dice.sample(_SENTENCES, 2))


def _formatted(kind: str, dice: random.Random) -> str | None:
    at = _FIRST_DAY + timedelta(days=dice.randrange(200), minutes=dice.randrange(480))
    number = dice.getrandbits(128)
    made = {
        "date": at.date().isoformat(),
        "date-time": at.isoformat().replace("+00:00", "Z"),
        "time": at.strftime("%H:%M:%SZ"),
        "duration": f"P{dice.randint(1, 20)}D",
        "email": f"studio{number % 100}@example.com",
        "hostname": "studio.example.com",
        "ipv4": f"192.0.2.{number % 250 + 1}",
        "ipv6": f"2001:db8::{number % 0xFFFF:x}",
        "uri": f"https://example.com/works/{number % 1000}",
        "uuid": f"{number >> 96:08x}-{number >> 80 & 0xFFFF:04x}-4{number >> 64 & 0xFFF:03x}-8{number & 0xFFF:03x}-"
        f"{number >> 12 & 0xFFFFFFFFFFFF:012x}",
    }
    return made.get(kind)


_CLASS = re.compile(r"\[([^\]]+)\]|\\d|([\w#\-/.: ])")
_TIMES = re.compile(r"\{(\d+)(?:,\d*)?\}|[+*?]")


def _patterned(pattern: Any, dice: random.Random) -> str | None:
    """A string for a pattern that is a row of characters and classes with counts; None when it is more than that."""
    if not isinstance(pattern, str):
        return None
    made, rest = "", pattern.removeprefix("^").removesuffix("$")
    while rest:
        found = _CLASS.match(rest)
        if found is None:
            return None
        rest = rest[found.end() :]
        times = _TIMES.match(rest)
        count = 1
        if times is not None:
            rest = rest[times.end() :]
            count = int(times[1]) if times[1] else 1
        letters = found[2] or _letters(found[1] or "0-9")
        made += "".join(dice.choice(letters) for _ in range(count))
    return made if re.search(pattern, made) else None


def _letters(inside: str) -> str:
    spans = re.sub(r"(.)-(.)", lambda span: "".join(map(chr, range(ord(span[1]), ord(span[2]) + 1))), inside)
    return spans.replace("\\d", "0123456789")
