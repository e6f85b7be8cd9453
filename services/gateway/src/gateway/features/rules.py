"""The switches there are, what their values mean, and all of them together as one `Features`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from common.events.features import Features, Notice

READ_ONLY = "read-only"
SIGN_UP = "sign-up"
TIGHT_LIMITS = "tight-limits"
INCIDENT = "incident"
KIND_PREFIX = "kind."
KEYS = (READ_ONLY, SIGN_UP, TIGHT_LIMITS, INCIDENT, f"{KIND_PREFIX}<name>")
TEXT_LENGTH_MAX = 300
LIMITS_FACTOR_MIN = 0.001

READ_ONLY_TEXT = "New work and payments are not taken for the moment; everything else works."
PAYMENT_TEXT = "Payments are not taken for the moment; what is paid and accepted is finished."
SIGN_UP_TEXT = "New accounts are not opened for the moment."
KIND_TEXT = "This kind of work is switched off for now."


class InvalidSwitch(ValueError):
    """There is no such switch, or it cannot have this value; the message says what can be."""


@dataclass(frozen=True, slots=True)
class Switch:
    """One switch as it is stored. `text` and `until` are for the public."""

    key: str
    value: Any
    text: str | None = None
    until: datetime | None = None


def read_switch(key: str, value: str, text: str | None = None, until: datetime | None = None) -> Switch:
    """The switch an operator means by these words.

    Args:
        value: `on` or `off`; for `tight-limits` a factor such as 0.5; for `incident` what the public is told.

    Raises:
        InvalidSwitch: the key or the value cannot be.
    """
    if text is not None and not 1 <= len(text) <= TEXT_LENGTH_MAX:
        raise InvalidSwitch(f"what the public is told has 1 to {TEXT_LENGTH_MAX} characters")
    if key == TIGHT_LIMITS:
        return Switch(key, _factor(value), text, until)
    if key == INCIDENT:
        if not 1 <= len(value) <= TEXT_LENGTH_MAX:
            raise InvalidSwitch(f"{INCIDENT} takes a sentence of 1 to {TEXT_LENGTH_MAX} characters for the public")
        return Switch(key, value, None, until)
    if key in (READ_ONLY, SIGN_UP) or kind_of(key):
        if value not in ("on", "off"):
            raise InvalidSwitch(f"{key} is on or off, not {value!r}")
        return Switch(key, value == "on", text, until)
    raise InvalidSwitch(f"there is no switch {key!r}; there are {', '.join(KEYS)}")


def kind_of(key: str) -> str:
    """The kind a key is about; empty for other keys."""
    return key.removeprefix(KIND_PREFIX) if key.startswith(KIND_PREFIX) else ""


def compose(version: int, switches: Iterable[Switch]) -> Features:
    """All switches as one.

    What this release does not know, or cannot make sense of, leaves its default: a newer release may have written it.
    """
    found: dict[str, Any] = {"kinds_off": {}}
    for switch in switches:
        match switch.key, switch.value:
            case "read-only", True:
                found["read_only"] = _notice(switch, READ_ONLY_TEXT)
            case "sign-up", False:
                found["sign_up_closed"] = _notice(switch, SIGN_UP_TEXT)
            case "incident", str(text):
                found["incident"] = _notice(switch, text)
            case "tight-limits", int() | float() as factor if LIMITS_FACTOR_MIN <= factor <= 1:
                found["limits_factor"] = float(factor)
            case key, False if kind := kind_of(key):
                found["kinds_off"][kind] = _notice(switch, KIND_TEXT)
    return Features(version=version, **found)


def _notice(switch: Switch, default: str) -> Notice:
    return Notice(text=switch.text or default, until=switch.until)


def _factor(value: str) -> float:
    try:
        factor = float(value)
    except ValueError:
        factor = 0.0
    if not LIMITS_FACTOR_MIN <= factor <= 1:
        raise InvalidSwitch(f"{TIGHT_LIMITS} takes a factor from {LIMITS_FACTOR_MIN} to 1, not {value!r}")
    return factor
