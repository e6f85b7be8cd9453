"""Mails to people who bought one thing: received at once, ready or failed with a link to the order, and paid back."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from common.clock import now
from common.events.credits import CreditsCaptured, CreditsHeld, CreditsReleased
from common.events.jobs import JobSpec
from common.events.orders import OrderBuyerForgotten, OrderPaid, OrderRefunded
from common.events.runs import RunCompleted, RunFailed
from common.ids import new_id, to_text
from common.order_tokens import is_order_token

from .test_erasure import PERSONAL
from .test_mail import inbox, send_all

__all__ = ["inbox", "send_all"]

SUBJECTS = {
    "en": ("We have received your order: One design", "Text to design: your order is ready",
           "Text to design: we could not finish your order", "Your money is on its way back: 9.99\u00a0EUR"),
    "fr": ("Nous avons reçu votre commande : One design", "Text to design : votre commande est prête",
           "Text to design : votre commande n’a pas abouti", "Votre argent vous est rendu : 9,99\u00a0EUR"),
}  # fmt: skip


@pytest.fixture
async def notifier(build: Callable[..., Any], inbox: Any) -> Any:
    return build(smtp_url=f"smtp://127.0.0.1:{inbox.port}?tls=off", mail_from="Atelier <studio@atelier.test>")


class Sale:
    """An order and what is said of it."""

    def __init__(self, locale: str = "en") -> None:
        self.order_id, self.job_id = new_id(), new_id()
        self.job = JobSpec(
            job_id=self.job_id, kind="text-to-design", job_class="image", price_credits=5, input={},
            deadline_at=now() + timedelta(minutes=5),
        )  # fmt: skip
        self.locale = locale
        self.money = {"product": "One design", "amount_minor": 999, "currency": "eur"}

    def paid(self) -> OrderPaid:
        return OrderPaid(
            account_id=self.order_id, order_id=self.order_id, job=self.job, email="ada@example.org",
            locale=self.locale, paid_at=now(), **self.money,
        )  # fmt: skip

    def refunded(self) -> OrderRefunded:
        return OrderRefunded(account_id=self.order_id, order_id=self.order_id, **self.money)

    def held(self) -> CreditsHeld:
        return CreditsHeld(
            account_id=self.order_id, job=self.job, hold_id=new_id(), amount_credits=5, available_credits=0
        )

    def made(self) -> list[Any]:
        about = {"account_id": self.order_id, "job_id": self.job_id}
        done = RunCompleted(
            **about, kind="text-to-design", charge_credits=5, result={}, started_at=now(), finished_at=now()
        )
        charged = CreditsCaptured(
            **about, hold_id=new_id(), captured_credits=5, released_credits=0, available_credits=0
        )
        return [done, charged]

    def lost(self) -> list[Any]:
        about = {"account_id": self.order_id, "job_id": self.job_id}
        failed = RunFailed(**about, kind="text-to-design", code="refused", detail="No.", finished_at=now())
        back = CreditsReleased(**about, hold_id=new_id(), released_credits=5, reason="failed", available_credits=5)
        return [failed, back]


@pytest.mark.parametrize("locale", ["en", "fr"])
async def test_a_buyer_is_told_at_once_and_when_the_work_is_ready(notifier, inbox, handle, send_all, locale):
    sale = Sale(locale)
    for _ in range(2):
        await handle(notifier, sale.paid(), sale.held())
    await handle(notifier, *sale.made())
    await send_all()

    received, ready, _, _ = SUBJECTS[locale]
    assert [mail["Subject"] for mail in inbox.mails] == [received, ready]
    for mail in inbox.mails:
        text = mail.get_body(("plain",)).get_content()
        (token,) = re.findall(rf"/orders/{to_text('ord', sale.order_id)}#token=(\S+)", text)
        assert is_order_token(notifier.settings.identity_secrets, sale.order_id, token)
        assert "/jobs/" not in text
        assert re.search(r"cr[eé]dit", text, re.IGNORECASE) is None


@pytest.mark.parametrize("locale", ["en", "fr"])
async def test_a_buyer_of_lost_work_is_told_that_the_money_comes_back_and_that_it_did(
    notifier, inbox, handle, send_all, locale
):
    sale = Sale(locale)
    await handle(notifier, sale.paid(), sale.held(), *sale.lost())
    for _ in range(2):
        await handle(notifier, sale.refunded())
    await send_all()

    received, _, failed, refunded = SUBJECTS[locale]
    assert sorted(mail["Subject"] for mail in inbox.mails) == sorted([received, failed, refunded])
    assert {mail["To"] for mail in inbox.mails} == {"ada@example.org"}


async def test_an_outcome_that_arrives_before_the_payment_waits_for_its_buyer(notifier, inbox, handle, send_all):
    sale = Sale()
    await handle(notifier, *sale.made(), sale.held())
    await send_all()
    assert inbox.mails == []
    await handle(notifier, sale.paid())
    await send_all()

    assert sorted(mail["Subject"] for mail in inbox.mails) == sorted(SUBJECTS["en"][:2])


async def test_a_buyer_who_is_forgotten_leaves_nothing_and_gets_nothing(notifier, inbox, handle, send_all, rows):
    sale = Sale()
    await handle(notifier, sale.paid(), sale.held(), *sale.made())
    forget = OrderBuyerForgotten(account_id=sale.order_id, order_id=sale.order_id, job_id=sale.job_id)
    await handle(notifier, forget)
    await handle(notifier, sale.paid(), sale.refunded())
    await send_all()

    assert await rows(notifier, PERSONAL) == []
    assert inbox.mails == []
