"""The form a quote travels in: its few fields, signed, so that no gateway need remember it.

The first secret signs, all of them verify, as with tokens of identity: a secret can be replaced while quotes are out.
"""

import base64
import hmac
import re
import struct
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from pydantic import SecretStr

from gateway.quotes.rules import Quote, QuoteInvalid

PREFIX = "atl_quote_"
_FORM = struct.Struct(">B16s32sQQ")  # version, account, request hash, price in credits, expiry in Unix seconds
_VERSION = 1
_MAC_BYTES = 32
_TEXT_LENGTH = -(-(_FORM.size + _MAC_BYTES) * 4 // 3)
_WELL_FORMED = re.compile(re.escape(PREFIX) + rf"([A-Za-z0-9_-]{{{_TEXT_LENGTH}}})")
_DOMAIN = b"atelier quote\n"  # has a space, which no JWT signed with the same secret has


def make_token(secrets: Sequence[SecretStr], quote: Quote) -> str:
    """The token of a quote.

    Raises:
        ValueError: no secret is configured.
    """
    if not secrets:
        raise ValueError("no secret to sign quotes with is configured")
    expires_at = int(quote.expires_at.timestamp())
    fields = _FORM.pack(_VERSION, quote.account_id.bytes, quote.request_hash, quote.price_credits, expires_at)
    return PREFIX + base64.urlsafe_b64encode(fields + _mac(secrets[0], fields)).decode().rstrip("=")


def read_token(secrets: Sequence[SecretStr], token: str) -> Quote:
    """The quote of a token that we signed.

    Raises:
        QuoteInvalid: any other text.
    """
    match = _WELL_FORMED.fullmatch(token)
    if match is None:
        raise QuoteInvalid("not_ours")
    text = match.group(1)
    signed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    fields, mac = signed[: _FORM.size], signed[_FORM.size :]
    known = [hmac.compare_digest(_mac(secret, fields), mac) for secret in secrets]
    if not any(known):
        raise QuoteInvalid("not_ours")
    version, account, request_hash, price_credits, expires_at = _FORM.unpack(fields)
    if version != _VERSION:
        raise QuoteInvalid("not_ours")
    return Quote(UUID(bytes=account), request_hash, price_credits, datetime.fromtimestamp(expires_at, UTC))


def _mac(secret: SecretStr, fields: bytes) -> bytes:
    return hmac.digest(secret.get_secret_value().encode(), _DOMAIN + fields, "sha256")
