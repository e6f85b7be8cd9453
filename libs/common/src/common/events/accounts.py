"""Facts about people and their accounts. Said by the gateway on the stream `accounts`.

A `seed` is half of a link's token (`common.link_tokens`): worth nothing without our secret.
"""

from typing import ClassVar
from uuid import UUID

from common.events.envelope import Event


class UserRegistered(Event):
    """Somebody signed up; the account is new."""

    type: ClassVar[str] = "user.registered"
    topic: ClassVar[str] = "accounts"

    account_id: UUID
    user_id: UUID
    email: str
    locale: str
    plan: str
    seed: str | None = None
    """For the link in the greeting that verifies the address."""


class VerificationRequested(Event):
    """A user wants the link once more that verifies the e-mail address."""

    type: ClassVar[str] = "user.verification_requested"
    topic: ClassVar[str] = "accounts"

    account_id: UUID
    user_id: UUID
    email: str
    locale: str
    seed: str


class UserVerified(Event):
    """A user has shown for the first time to read the mail that goes to the address.

    `identity_hash` is the same for all spellings that reach one mailbox: what is given once for each person is keyed
    by it.
    """

    type: ClassVar[str] = "user.verified"
    topic: ClassVar[str] = "accounts"

    account_id: UUID
    user_id: UUID
    identity_hash: str


class PasswordResetRequested(Event):
    """Somebody who says to be this user has forgotten the password."""

    type: ClassVar[str] = "password.reset_requested"
    topic: ClassVar[str] = "accounts"

    account_id: UUID
    user_id: UUID
    email: str
    locale: str
    seed: str


class PasswordChanged(Event):
    """A user has a new password; every session from before has ended."""

    type: ClassVar[str] = "user.password_changed"
    topic: ClassVar[str] = "accounts"

    account_id: UUID
    user_id: UUID
    email: str
    locale: str


class EmailChangeRequested(Event):
    """A user wants another e-mail address; it counts when the link sent there was followed."""

    type: ClassVar[str] = "email.change_requested"
    topic: ClassVar[str] = "accounts"

    account_id: UUID
    user_id: UUID
    email: str
    new_email: str
    locale: str
    seed: str


class EmailChanged(Event):
    """A user has another e-mail address, which is verified."""

    type: ClassVar[str] = "user.email_changed"
    topic: ClassVar[str] = "accounts"

    account_id: UUID
    user_id: UUID
    email: str
    previous_email: str
    locale: str
