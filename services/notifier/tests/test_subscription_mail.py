"""The mail about a subscription that could not be paid: once for an invoice, in the account's language."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from common.events.accounts import UserRegistered
from common.events.subscriptions import SubscriptionPaymentFailed
from common.ids import new_id

from .test_mail import inbox, send_all

__all__ = ["inbox", "send_all"]


@pytest.fixture
async def notifier(build: Callable[..., Any], inbox: Any) -> Any:
    return build(smtp_url=f"smtp://127.0.0.1:{inbox.port}?tls=off", mail_from="Atelier <studio@atelier.test>")


def failure(**more: Any) -> SubscriptionPaymentFailed:
    values = {
        "subscription_id": new_id(),
        "invoice": "in_1",
        "plan": "pro",
        "amount_minor": 1900,
        "currency": "eur",
        "grace_until": datetime(2026, 12, 28, 9, tzinfo=UTC),
    }
    return SubscriptionPaymentFailed(**(values | more))


@pytest.mark.parametrize(
    ("locale", "subject", "words"),
    [
        ("en", "Your payment of 19.00\u00a0EUR did not go through", "Until 2026-12-28 your plan stays"),
        ("fr", "Votre paiement de 19,00\u00a0EUR n’a pas abouti", "Jusqu’au 2026-12-28, rien ne change"),
    ],
)
async def test_tells_what_failed_and_how_long_the_plan_stays(notifier, inbox, handle, send_all, locale, subject, words):
    account_id = new_id()
    registered = UserRegistered(
        account_id=account_id, user_id=new_id(), email="ada@example.org", locale=locale, plan="free"
    )
    await handle(notifier, registered)
    await handle(notifier, failure(account_id=account_id))
    await handle(notifier, failure(account_id=account_id))
    await send_all()

    (_, mail) = inbox.mails
    assert (mail["To"], mail["Subject"]) == ("ada@example.org", subject)
    for part in ("plain", "html"):
        content = mail.get_body((part,)).get_content()
        assert words in content
        assert "https://studio.example" in content


async def test_promises_no_grace_where_there_is_none(notifier, inbox, handle, send_all):
    account_id = new_id()
    await handle(
        notifier,
        UserRegistered(account_id=account_id, user_id=new_id(), email="ada@example.org", locale="en", plan="free"),
    )
    await handle(notifier, failure(account_id=account_id, grace_until=None))
    await send_all()

    assert "plan stays" not in inbox.mails[1].as_string()
