"""Owns what a refresh token is: 256 random bits, known to us by their SHA-256 only, used once."""

import hashlib
import re
import secrets

PREFIX = "atl_refresh_"
_WELL_FORMED = re.compile(re.escape(PREFIX) + r"[A-Za-z0-9_-]{43}")


def make_secret() -> str:
    """A fresh refresh token: a prefix that secret scanners can look for, and 256 random bits in base64url."""
    return PREFIX + secrets.token_urlsafe(32)


def is_well_formed(secret: str) -> bool:
    """Whether the text can be a refresh token at all; nothing else is looked up."""
    return _WELL_FORMED.fullmatch(secret) is not None


def digest(secret: str) -> bytes:
    """What is stored. A fast hash is right here: the secret is random, so there is nothing to guess."""
    return hashlib.sha256(secret.encode()).digest()
