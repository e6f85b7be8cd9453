"""Whether a delivery is Stripe's: signature over the raw bytes, its age, and the envelope inside.

The SDK's check is called once for each secret; what it leaves open is closed here: exceptions other than its
own, timestamps in the future, and a blank secret.
"""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import stripe
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

TOLERANCE_SECONDS = 300
SECRETS_MAX = 2
HEADER_LENGTH_MAX = 4096

_ID = r"^[A-Za-z0-9_]+$"


class NotFromStripe(Exception):
    """The delivery is not to be believed; the message says why and carries nothing of it."""


class NotForUs(Exception):
    """The delivery is Stripe's, and about somebody else's money: the endpoint was set up wrongly.

    Attributes:
        outcome: the word under which it is counted.
    """

    def __init__(self, event_type: str, outcome: Literal["other_mode", "other_account"]) -> None:
        super().__init__(outcome)
        self.event_type = event_type
        self.outcome = outcome


class _Object(BaseModel):
    """What an event is about. Some objects have no id."""

    model_config = ConfigDict(extra="ignore")

    id: str | None = Field(None, max_length=255, pattern=_ID)


class _Data(BaseModel):
    model_config = ConfigDict(extra="ignore")

    object: _Object


class StripeEvent(BaseModel):
    """The envelope of a snapshot event (docs.stripe.com/api/events/object)."""

    model_config = ConfigDict(extra="ignore")

    id: str = Field(max_length=255, pattern=_ID)
    object: Literal["event"]
    type: str = Field(max_length=100, pattern=r"^[a-z0-9_.]+$")
    api_version: str | None = Field(None, max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")
    created: datetime
    livemode: bool
    account: str | None = Field(None, max_length=255)
    """The connected account an event is of; none where it is our own (docs.stripe.com/connect/webhooks)."""
    data: _Data


class WebhookVerifier:
    """Tells Stripe's deliveries from others.

    Args:
        secrets: one or two (while one is being rotated); any of them may have signed.
        livemode: whether we work with real money; an event of the other world is refused.

    Raises:
        ValueError: no secret, too many, or a blank one.
    """

    def __init__(self, secrets: Sequence[SecretStr], *, livemode: bool) -> None:
        if not 1 <= len(secrets) <= SECRETS_MAX:
            raise ValueError(f"one to {SECRETS_MAX} webhook secrets are needed")
        if any(not secret.get_secret_value().strip() for secret in secrets):
            raise ValueError("a webhook secret is empty")
        self._secrets = tuple(secret.get_secret_value() for secret in secrets)
        self._livemode = livemode

    def verify(self, body: bytes, header: str | None) -> StripeEvent:
        """The event in a delivery.

        Raises:
            NotFromStripe: forged, tampered with, too old, from the future, or no event.
            NotForUs: of the other mode, live or test, or of a connected account.
        """
        if not header or len(header) > HEADER_LENGTH_MAX:
            raise NotFromStripe("no signature")
        if not any(self._is_signed(body, header, secret) for secret in self._secrets):
            raise NotFromStripe("no valid signature")
        if abs(_timestamp(header) - time.time()) > TOLERANCE_SECONDS:
            raise NotFromStripe("signed too long ago or in the future")
        try:
            event = StripeEvent.model_validate_json(body)
        except ValidationError as error:
            raise NotFromStripe("not a snapshot event") from error
        if event.livemode is not self._livemode:
            raise NotForUs(event.type, "other_mode")
        if event.account is not None:
            raise NotForUs(event.type, "other_account")
        return event

    @staticmethod
    def _is_signed(body: bytes, header: str, secret: str) -> bool:
        try:
            return bool(stripe.WebhookSignature.verify_header(body, header, secret, TOLERANCE_SECONDS))
        except stripe.SignatureVerificationError:
            return False
        except (ValueError, TypeError, AttributeError):
            # Whoever sends this chooses the bytes: text that is not UTF-8, signatures that are not ASCII.
            return False


def is_live_key(api_key: str) -> bool:
    """Whether an API key moves real money (docs.stripe.com/keys)."""
    return api_key.startswith(("sk_live_", "rk_live_"))


def _timestamp(header: str) -> int:
    """The first `t` of a header that was verified, as the SDK reads it."""
    return next(int(item[2:]) for item in header.split(",") if item.startswith("t="))
