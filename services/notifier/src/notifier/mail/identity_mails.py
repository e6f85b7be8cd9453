"""Which mails are due when people verify, change or recover what they sign in with, and to which address."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from common.events.accounts import (
    EmailChangeRequested,
    PasswordChanged,
    PasswordResetRequested,
    UserRegistered,
    VerificationRequested,
)
from common.events.envelope import Event
from notifier.mail.rules import Addressee, Mail, link_context, welcome_mail


def _verification(event: VerificationRequested, traceparent: str | None) -> list[Mail]:
    mail = Mail(
        event.account_id,
        "verify_email",
        f"verify_email:{event.event_id}",
        link_context("verify", event.seed),
        traceparent=traceparent,
        addressee=Addressee(event.email, event.locale),
    )
    return [mail]


def _reset(event: PasswordResetRequested, traceparent: str | None) -> list[Mail]:
    mail = Mail(
        event.account_id,
        "password_reset",
        f"password_reset:{event.event_id}",
        link_context("reset", event.seed),
        traceparent=traceparent,
        addressee=Addressee(event.email, event.locale),
    )
    return [mail]


def _password_changed(event: PasswordChanged, traceparent: str | None) -> list[Mail]:
    mail = Mail(
        event.account_id,
        "password_changed",
        f"password_changed:{event.event_id}",
        {},
        traceparent=traceparent,
        addressee=Addressee(event.email, event.locale),
    )
    return [mail]


def _email_change(event: EmailChangeRequested, traceparent: str | None) -> list[Mail]:
    """The link to the new address, and the word of it to the old one, which may be the true owner's only warning."""
    link = Mail(
        event.account_id,
        "email_change",
        f"email_change:{event.event_id}",
        link_context("email", event.seed),
        traceparent=traceparent,
        addressee=Addressee(event.new_email, event.locale),
    )
    notice = Mail(
        event.account_id,
        "email_change_notice",
        f"email_change_notice:{event.event_id}",
        {"new_email": event.new_email},
        traceparent=traceparent,
        addressee=Addressee(event.email, event.locale),
    )
    return [link, notice]


def _welcome(event: UserRegistered, traceparent: str | None) -> list[Mail]:
    return [welcome_mail(event, traceparent)]


_MAILS: Mapping[type[Event], Callable[[Any, str | None], list[Mail]]] = MappingProxyType(
    {
        UserRegistered: _welcome,
        VerificationRequested: _verification,
        PasswordResetRequested: _reset,
        PasswordChanged: _password_changed,
        EmailChangeRequested: _email_change,
    }
)

IDENTITY_FACTS: tuple[type[Event], ...] = tuple(_MAILS)
"""The facts about people that are mailed about."""


def identity_mails(event: Event, traceparent: str | None) -> list[Mail]:
    """The mails that a fact about a person makes due."""
    make = _MAILS.get(type(event))
    return [] if make is None else make(event, traceparent)
