"""Owns what a signed-in person is handed: a short access token and a single-use refresh token.

Access tokens are verified without a look-up and cannot be taken back; signing out ends the refresh tokens,
and what was issued before lapses within the access token's short life. A change of plan reaches the token
with the next refresh, and counts before (see `subscriptions.changed_plans`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import SecretStr

from common import clock
from common.http.identity import issue_access_token
from common.ids import new_id
from gateway.sessions.rules import digest, make_secret
from gateway.users.rules import Profile

ACCESS_LIFETIME = timedelta(minutes=15)
REFRESH_LIFETIME = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class NewRefreshToken:
    """A refresh token that is about to be stored. `family_id` is one signing-in on one device."""

    secret: str
    token_hash: bytes
    family_id: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """What the person gets: who they are, and two tokens."""

    profile: Profile
    access_token: str
    access_lifetime: timedelta
    refresh_token: str
    refresh_expires_at: datetime


class SessionIssuer:
    """Makes tokens; the first of the secrets signs."""

    def __init__(
        self,
        access_token_secrets: Sequence[SecretStr],
        *,
        access_lifetime: timedelta = ACCESS_LIFETIME,
        refresh_lifetime: timedelta = REFRESH_LIFETIME,
    ) -> None:
        self._secrets = tuple(access_token_secrets)
        self._access_lifetime = access_lifetime
        self._refresh_lifetime = refresh_lifetime

    def new_refresh_token(self) -> NewRefreshToken:
        """A refresh token with a family of its own; a rotation keeps the family of the token it replaces."""
        secret = make_secret()
        return NewRefreshToken(secret, digest(secret), new_id(), clock.now() + self._refresh_lifetime)

    def session(self, profile: Profile, token: NewRefreshToken) -> Session:
        """The tokens for a user whose refresh token is stored."""
        access_token = issue_access_token(
            self._secrets,
            account_id=profile.account.account_id,
            user_id=profile.user.user_id,
            plan=profile.account.plan,
            ttl=self._access_lifetime,
        )
        return Session(profile, access_token, self._access_lifetime, token.secret, token.expires_at)
