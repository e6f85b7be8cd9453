"""Mails about what people sign in with: to the right address, in its language, with a link that works."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from common.clock import now
from common.events.accounts import (
    EmailChanged,
    EmailChangeRequested,
    PasswordChanged,
    PasswordResetRequested,
    UserRegistered,
    VerificationRequested,
)
from common.ids import new_id
from common.link_tokens import new_seed, read_token

from .test_mail import inbox, send_all

__all__ = ["inbox", "send_all"]

_LINK = re.compile(r"https://studio\.example(/[a-z]+)#token=(atl_link_\S+?)(?=[\s\"])")


@pytest.fixture
async def notifier(build: Callable[..., Any], inbox: Any) -> Any:
    return build(smtp_url=f"smtp://127.0.0.1:{inbox.port}?tls=off", mail_from="Atelier <studio@atelier.test>")


def person(locale: str = "en", **more: Any) -> dict[str, Any]:
    return {"account_id": new_id(), "user_id": new_id(), "email": "ada@example.org", "locale": locale, **more}


def link_of(mail: Any, part: str = "plain") -> tuple[str, str]:
    found = _LINK.search(mail.get_body((part,)).get_content())
    assert found is not None, mail
    return found.group(1), found.group(2)


@pytest.mark.parametrize(
    ("event_type", "purpose", "path"),
    [(VerificationRequested, "verify", "/verify"), (PasswordResetRequested, "reset", "/reset")],
)
@pytest.mark.parametrize("locale", ["en", "fr"])
async def test_link_in_both_parts_holds_the_token_of_the_seed(
    notifier, inbox, handle, send_all, event_type, purpose, path, locale
):
    seed = new_seed()
    await handle(notifier, event_type(**person(locale, seed=seed)))
    await send_all()

    (mail,) = inbox.mails
    assert mail["To"] == "ada@example.org"
    assert mail["Content-Language"] == locale
    found_path, token = link_of(mail)
    assert found_path == path
    assert read_token(notifier.settings.identity_secrets, purpose, token) == seed
    assert link_of(mail, "html") == (path, token)


async def test_no_stored_mail_holds_a_token(notifier, inbox, handle, send_all, rows):
    await handle(notifier, PasswordResetRequested(**person(seed=new_seed())))
    await send_all()
    _, token = link_of(inbox.mails[0])

    stored = await rows(notifier, "SELECT deliveries::text AS text FROM deliveries UNION ALL SELECT body FROM outbox")

    assert not any(token.rpartition(".")[2] in row.text for row in stored)


async def test_greeting_verifies_the_address(notifier, inbox, handle, send_all):
    seed = new_seed()
    await handle(notifier, UserRegistered(**person("fr", plan="free", seed=seed)))
    await send_all()

    (mail,) = inbox.mails
    path, token = link_of(mail)
    assert path == "/verify"
    assert read_token(notifier.settings.identity_secrets, "verify", token) == seed


async def test_greeting_without_a_seed_has_no_link(notifier, inbox, handle, send_all):
    await handle(notifier, UserRegistered(**person(plan="free")))
    await send_all()

    assert "#token" not in inbox.mails[0].as_string()


async def test_change_of_address_is_mailed_to_both(notifier, inbox, handle, send_all):
    about = person("fr")
    await handle(notifier, UserRegistered(**about, plan="free"))
    await handle(notifier, EmailChangeRequested(**about, new_email="grace@example.org", seed=new_seed()))
    await send_all()

    by_recipient = {mail["To"]: mail for mail in inbox.mails[1:]}
    assert set(by_recipient) == {"ada@example.org", "grace@example.org"}
    assert link_of(by_recipient["grace@example.org"])[0] == "/email"
    assert "#token" not in by_recipient["ada@example.org"].as_string()
    assert "grace@example.org" in by_recipient["ada@example.org"].get_body(("plain",)).get_content()


async def test_password_change_is_told_once(notifier, inbox, handle, send_all):
    event = PasswordChanged(**person("fr"))
    await handle(notifier, event)
    await handle(notifier, event)
    await send_all()

    assert [mail["Subject"] for mail in inbox.mails] == ["Votre mot de passe a été modifié"]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
async def test_mail_follows_the_latest_address_in_whatever_order_it_is_told(notifier, handle, rows, order):
    about = person()
    changes = [
        EmailChanged(
            **{**about, "email": f"{name}@example.org"}, previous_email="x@example.org", occurred_at=now() + later
        )
        for name, later in (("second", timedelta(seconds=1)), ("third", timedelta(seconds=2)))
    ]
    events = [UserRegistered(**about, plan="free"), *changes]
    for position in order:
        await handle(notifier, events[position])

    assert [row.email for row in await rows(notifier, "SELECT email FROM recipients")] == ["third@example.org"]
