"""Owns what an API key is: a checksummed secret that is shown once, what it may do, and until when.

A secret reads `atl_live_`, 43 random base62 characters (256 bits) and 6 characters of CRC32 in base62 over
all before. The checksum lets us, and secret scanners that have never seen us, drop a fake without asking a
database.
"""

import hashlib
import secrets
import string
import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal, get_args
from uuid import UUID

from common.errors import Conflict

Scope = Literal["jobs:read", "jobs:write", "credits:read", "events:read"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

PREFIX = "atl_live_"
LIVE_KEYS_MAX = 20
REPLACED_KEYS_MAX = 20
"""Keys that still work while clients change over to their successors, beside the others."""
OVERLAP_SECONDS_MAX = 7 * 24 * 3600
NAME_LENGTH_MAX = 80

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_CHARACTERS = frozenset(_ALPHABET)
_RANDOM_LENGTH = 43
_CHECKSUM_LENGTH = 6
_SECRET_LENGTH = len(PREFIX) + _RANDOM_LENGTH + _CHECKSUM_LENGTH
_HINT_LENGTH = len(PREFIX) + 4


class TooManyKeys(Conflict):
    """The account has as many live keys as it may have."""

    default_detail: ClassVar[str] = f"An account can have {LIVE_KEYS_MAX} live keys; revoke one first."


class KeyReplaced(Conflict):
    """The key has a successor already; that one can be rotated."""

    default_detail: ClassVar[str] = "This key was rotated before; rotate its successor."


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as its owner sees it; `hint` is the beginning of its secret, `replaced_by` the key it was rotated to."""

    key_id: UUID
    account_id: UUID
    name: str
    hint: str
    scopes: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    replaced_by: UUID | None = None


def make_secret() -> str:
    """A fresh secret."""
    body = PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LENGTH))
    return body + _checksum(body)


def is_well_formed(secret: str) -> bool:
    """Whether prefix, length, alphabet and checksum are right; nothing else is ever looked up."""
    if len(secret) != _SECRET_LENGTH or not secret.startswith(PREFIX):
        return False
    if not _CHARACTERS.issuperset(secret[len(PREFIX) :]):
        return False
    return _checksum(secret[:-_CHECKSUM_LENGTH]) == secret[-_CHECKSUM_LENGTH:]


def digest(secret: str) -> bytes:
    """What is stored. A fast hash is right here: the secret is random, so there is nothing to guess."""
    return hashlib.sha256(secret.encode()).digest()


def hint(secret: str) -> str:
    """Enough of the secret for its owner to recognise it."""
    return secret[:_HINT_LENGTH] + "…"


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    characters = []
    for _ in range(_CHECKSUM_LENGTH):
        number, remainder = divmod(number, len(_ALPHABET))
        characters.append(_ALPHABET[remainder])
    return "".join(reversed(characters))
