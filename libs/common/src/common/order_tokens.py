"""Owns the tokens with which buyers without an account read their orders: one for each order, made of its id.

Whoever serves or mails a link makes the token anew, so no database, stream or stored mail holds one, and a repeated
request is answered with the same link. The first secret makes, all of them read, as with tokens of identity. A token
opens one order for reading and nothing else.
"""

import base64
import hmac
import re
from collections.abc import Sequence
from uuid import UUID

from pydantic import SecretStr

from common.ids import to_text

ORDER_PREFIX = "ord"
PREFIX = "atl_order_"
TOKEN_LENGTH = len(PREFIX) + 43
_WELL_FORMED = re.compile(re.escape(PREFIX) + r"([A-Za-z0-9_-]{43})")
_DOMAIN = "atelier order"  # has a space, which no JWT signed with the same secret has


def make_order_token(secrets: Sequence[SecretStr], order_id: UUID) -> str:
    """The token that reads an order.

    Raises:
        ValueError: no secret is configured.
    """
    if not secrets:
        raise ValueError("no secret to make links with is configured")
    return f"{PREFIX}{_mac(secrets[0], order_id)}"


def is_order_token(secrets: Sequence[SecretStr], order_id: UUID, token: str) -> bool:
    """Whether we made this token for this order."""
    match = _WELL_FORMED.fullmatch(token)
    if match is None:
        return False
    known = [hmac.compare_digest(_mac(secret, order_id), match.group(1)) for secret in secrets]
    return any(known)


def order_link(public_url: str, secrets: Sequence[SecretStr], order_id: UUID, query: str = "") -> str:
    """The order's page with its token in the fragment, which browsers keep to themselves: no log, no referrer has it.

    Args:
        query: without its question mark.

    Raises:
        ValueError: no secret is configured.
    """
    page = f"{public_url.rstrip('/')}/orders/{to_text(ORDER_PREFIX, order_id)}"
    return f"{page}{f'?{query}' if query else ''}#token={make_order_token(secrets, order_id)}"


def _mac(secret: SecretStr, order_id: UUID) -> str:
    digest = hmac.digest(secret.get_secret_value().encode(), f"{_DOMAIN}\n{order_id}".encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
