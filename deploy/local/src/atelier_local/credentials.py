"""Owns the passwords and signing keys of one home: made once, kept private, never shared between homes."""

import secrets
from dataclasses import asdict, dataclass

from atelier_local.home import Home
from atelier_local.state import read_private, write_private


@dataclass(frozen=True, slots=True)
class Credentials:
    """Random values, long enough for what they protect."""

    postgres_password: str
    valkey_password: str
    identity_secret: str
    access_token_secret: str
    stripe_webhook_secret: str
    demo_password: str


def load_credentials(home: Home) -> Credentials:
    """Read the home's credentials, making what is not there yet."""
    known = read_private(home.secrets_file)
    fresh = Credentials(
        postgres_password=secrets.token_hex(24),
        valkey_password=secrets.token_hex(24),
        identity_secret=secrets.token_hex(32),
        access_token_secret=secrets.token_hex(32),
        stripe_webhook_secret=f"whsec_{secrets.token_hex(24)}",
        demo_password=secrets.token_urlsafe(12),
    )
    merged = asdict(fresh) | {name: value for name, value in known.items() if hasattr(fresh, name)}
    if merged != known:
        write_private(home.secrets_file, merged)
    return Credentials(**merged)
