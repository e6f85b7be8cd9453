"""Owns the tokens of links in mails: made of a seed that travels on the bus, useless without our secret.

Whoever asks for a link (the gateway) draws a seed of 256 random bits, keeps its hash and says the seed in an event;
whoever writes the mail (the notifier) makes the token of it. So neither a database, nor a stream, nor a stored mail
holds a token. The first secret makes, all of them read, as with tokens of identity.
"""

import base64
import hashlib
import hmac
import re
import secrets as random
from collections.abc import Sequence
from typing import Literal

from pydantic import SecretStr

LinkPurpose = Literal["verify", "reset", "email"]

PREFIX = "atl_link_"
TOKEN_LENGTH = len(PREFIX) + 43 + 1 + 43
_WELL_FORMED = re.compile(re.escape(PREFIX) + r"([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{43})")
_DOMAIN = "atelier link"  # has a space, which no JWT signed with the same secret has


def new_seed() -> str:
    """256 random bits in base64url."""
    return random.token_urlsafe(32)


def hash_seed(seed: str) -> bytes:
    """What is stored of a seed. A fast hash is right here: there is nothing to guess."""
    return hashlib.sha256(seed.encode()).digest()


def make_token(secrets: Sequence[SecretStr], purpose: LinkPurpose, seed: str) -> str:
    """The token for a link.

    Raises:
        ValueError: no secret is configured.
    """
    if not secrets:
        raise ValueError("no secret to make links with is configured")
    return f"{PREFIX}{seed}.{_mac(secrets[0], purpose, seed)}"


def read_token(secrets: Sequence[SecretStr], purpose: LinkPurpose, token: str) -> str | None:
    """The seed of a token that we made for this purpose; None for any other text."""
    match = _WELL_FORMED.fullmatch(token)
    if match is None:
        return None
    seed, mac = match.groups()
    known = [hmac.compare_digest(_mac(secret, purpose, seed), mac) for secret in secrets]
    return seed if any(known) else None


def _mac(secret: SecretStr, purpose: LinkPurpose, seed: str) -> str:
    message = f"{_DOMAIN}\n{purpose}\n{seed}".encode()
    digest = hmac.digest(secret.get_secret_value().encode(), message, "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
