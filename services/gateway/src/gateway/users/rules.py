"""Owns what a user and an account are, and what an e-mail address and a password must satisfy."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal, get_args
from uuid import UUID

from email_validator import EmailNotValidError, validate_email

from common.errors import Conflict, ValidationFailed

Locale = Literal["en", "fr"]
LOCALES: tuple[Locale, ...] = get_args(Locale)
PLAN_DEFAULT = "free"
EMAIL_LENGTH_MAX = 254  # characters; RFC 5321 §4.5.3.1.3
PASSWORD_LENGTH_MIN = 10
PASSWORD_LENGTH_MAX = 128


class EmailTaken(Conflict):
    """The address has an account already.

    This tells a stranger that the address is known here. To hide it, sign-up would have to answer alike in
    both cases and go on by e-mail; as sign-up answers with a session at once, the word is unavoidable. The
    limit on sign-ups per network address keeps it from being asked in bulk; sign-in does not tell.
    """

    code: ClassVar[str] = "EMAIL_TAKEN"
    default_detail: ClassVar[str] = "This e-mail address has an account already; sign in instead."


@dataclass(frozen=True, slots=True)
class Account:
    """Who owns credits, jobs and keys."""

    account_id: UUID
    plan: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class User:
    """A person who acts for an account."""

    user_id: UUID
    account_id: UUID
    email: str
    locale: Locale
    created_at: datetime
    verified_at: datetime | None = None
    """When they showed that they read the mail that goes to the address."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A user with the account."""

    user: User
    account: Account


def normalise_email(text: str) -> str:
    """The address as it is stored and mailed to: ASCII, domain in lower case (IDNA), local part as typed.

    Two addresses that differ in case only are one user; the unique index sees to that.

    Raises:
        ValueError: no address that can be mailed to from the open internet.
    """
    if len(text) > EMAIL_LENGTH_MAX:
        raise ValueError(f"An e-mail address has at most {EMAIL_LENGTH_MAX} characters.")
    try:
        checked = validate_email(text, allow_smtputf8=False, check_deliverability=False)
    except EmailNotValidError as error:
        raise ValueError(str(error)) from error
    if checked.ascii_email is None:
        raise ValueError("The part before the @-sign must be ASCII.")
    return checked.ascii_email


def prepare_password(password: str) -> str:
    """The password in one Unicode form (NFKC), for keyboards disagree on accents (NIST SP 800-63B)."""
    return unicodedata.normalize("NFKC", password)


def check_password(password: str, email: str, *, pointer: str = "/body/password") -> None:
    """Refuse a password that the address gives away; the length is part of the request's schema.

    Args:
        pointer: where in the request the password stands.

    Raises:
        ValidationFailed: the password is the e-mail address or the part before its @-sign.
    """
    folded, address = prepare_password(password).casefold(), email.casefold()
    if folded in {address, address.partition("@")[0]}:
        raise ValidationFailed(
            [
                {
                    "pointer": pointer,
                    "detail": "The password must not be the e-mail address.",
                    "code": "password_is_email",
                }
            ]
        )
