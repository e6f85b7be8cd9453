"""Identifiers: time-ordered UUIDv7 inside, prefixed and readable at the edge.

The text form follows the TypeID specification 0.3: a prefix that names the kind of thing, an underscore and the
128 bits in Crockford base 32 (26 characters), so that `job_01k…` sorts by time and cannot be taken for a user's id.
"""

from uuid import UUID

import uuid_utils.compat

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_LENGTH = 26
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]
_PAIR_SHIFTS = range(120, -1, -10)


class InvalidId(ValueError):
    """The text is not an identifier with the expected prefix."""


def new_id() -> UUID:
    """A fresh UUIDv7 (RFC 9562 §5.7): unique, and later ones sort after earlier ones."""
    return uuid_utils.compat.uuid7()


def to_text(prefix: str, value: UUID) -> str:
    """The edge form of an id: `to_text("job", id)` gives `job_01k…`."""
    number = value.int
    return f"{prefix}_{''.join([_PAIRS[number >> shift & 1023] for shift in _PAIR_SHIFTS])}"


def from_text(prefix: str, text: str) -> UUID:
    """The id behind its edge form.

    Raises:
        InvalidId: another prefix, a wrong length, a character outside the alphabet, or more than 128 bits.
    """
    start, separator, digits = text.rpartition("_")
    if start != prefix or not separator or len(digits) != _LENGTH:
        raise InvalidId(f"not a {prefix} id")
    number = 0
    for character in digits:
        value = _VALUES.get(character)
        if value is None:
            raise InvalidId(f"not a {prefix} id")
        number = number << 5 | value
    if number >> 128:
        raise InvalidId(f"not a {prefix} id")
    return UUID(int=number)
