"""Mails about automatic top-ups: where to pay, and when one failed; once each, in both languages."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from common.clock import now
from common.events.accounts import UserRegistered
from common.events.top_ups import TopUpActionRequired, TopUpFailed
from common.ids import new_id

from .test_mail import inbox, send_all

__all__ = ["inbox", "send_all"]

PAY_URL = "https://checkout.example/c/pay/cs_1?a=1&b=2"


@pytest.fixture
async def notifier(build: Callable[..., Any], inbox: Any) -> Any:
    return build(smtp_url=f"smtp://127.0.0.1:{inbox.port}?tls=off", mail_from="Atelier <studio@atelier.test>")


def pack(account_id: Any) -> dict[str, Any]:
    return {
        "account_id": account_id,
        "purchase_id": new_id(),
        "product": "pack-50",
        "credits": 50,
        "amount_minor": 499,
        "currency": "eur",
    }


async def known(notifier: Any, handle: Any, locale: str) -> Any:
    person = {"account_id": new_id(), "user_id": new_id(), "email": "ada@example.org", "locale": locale}
    await handle(notifier, UserRegistered(**person, plan="free"))
    return person["account_id"]


@pytest.mark.parametrize(
    ("locale", "subject"),
    [
        ("en", "Your action is needed: 4.99\u00a0EUR to confirm"),
        ("fr", "Une action de votre part est nécessaire : 4,99\u00a0EUR à confirmer"),
    ],
)
async def test_owner_is_told_once_where_to_pay(notifier, inbox, handle, send_all, locale, subject):
    account_id = await known(notifier, handle, locale)
    event = TopUpActionRequired(**pack(account_id), pay_url=PAY_URL, expires_at=now() + timedelta(days=1))
    await handle(notifier, event)
    await handle(notifier, event)
    await send_all()

    (mail,) = [mail for mail in inbox.mails if mail["Subject"] == subject]
    assert PAY_URL in mail.get_body(("plain",)).get_content()
    assert PAY_URL.replace("&", "&amp;") in mail.get_body(("html",)).get_content()


@pytest.mark.parametrize(("locale", "word"), [("en", "Payment failed"), ("fr", "Paiement refusé")])
async def test_first_and_last_decline_are_told(notifier, inbox, handle, send_all, locale, word):
    account_id = await known(notifier, handle, locale)
    later = now() + timedelta(hours=1)
    for declines, next_try_at in ((1, later), (2, later), (3, later), (4, None)):
        await handle(
            notifier,
            TopUpFailed(**pack(account_id), reason="generic_decline", declines=declines, next_try_at=next_try_at),
        )
    await send_all()

    first, last = [mail for mail in inbox.mails if mail["Subject"].startswith(word)]
    moment = later.strftime("%Y-%m-%d %H:%M UTC")
    assert moment in first.get_body(("plain",)).get_content()
    assert moment not in last.get_body(("plain",)).get_content()
