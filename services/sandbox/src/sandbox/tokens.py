"""Identifiers that look like the vendors' own."""

import secrets
import string

_ALPHANUMERIC = string.ascii_letters + string.digits
_BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"


def stripe_id(prefix: str, length: int = 24) -> str:
    """An id in Stripe's form, for example `pi_3Nk…`."""
    return f"{prefix}_{''.join(secrets.choice(_ALPHANUMERIC) for _ in range(length))}"


def replicate_id() -> str:
    """An id in Replicate's form: 26 characters of lower-case base 32."""
    return "".join(secrets.choice(_BASE32) for _ in range(26))


def request_id() -> str:
    """An opaque request id."""
    return f"req_{secrets.token_hex(12)}"


def hex_id(prefix: str, separator: str = "_") -> str:
    """An id in OpenAI's form, for example `resp_68af…`."""
    return f"{prefix}{separator}{secrets.token_hex(24)}"
