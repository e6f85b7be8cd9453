"""E-mail: the right mails once, in both languages, safely rendered, retried or given up as told."""

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from email.message import EmailMessage

import pytest
from aiosmtpd.smtp import SMTP
from jinja2 import UndefinedError
from pydantic import SecretStr

from common.clock import now
from common.ids import new_id, to_text
from notifier.mail.rendering import Renderer, UnusableAddressError
from notifier.mail.rules import LOCALES, TEMPLATES, locale_of, money
from notifier.mail.smtp import parse_smtp_url
from notifier.mail.storage import Delivery

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
CONTEXT = {
    "job": "job_1",
    "kind": "Upscale",
    "charged_credits": 3,
    "returned_credits": 2,
    "reason": "The provider was away.",
    "purchase": "pur_1",
    "product": "Pack of 50",
    "credits": 50,
    "available_credits": 60,
    "amount_minor": 999,
    "currency": "EUR",
    "paid_at": "2026-11-21",
    "new_email": "new@example.org",
    "pay_url": "https://checkout.example/pay?a=1&b=2",
    "pay_until": "2026-11-22 09:00 UTC",
    "next_try_at": "2026-11-21 10:00 UTC",
    "no_card": False,
    "plan": "Pro",
    "grace_until": "2026-12-28",
    "expire_on": "2026-12-30",
    "job_count": 12,
    "jobs": [{"id": "job_1", "kind": "Upscale"}],
    "link": {"purpose": "verify", "seed": "s" * 43},
    "number": "INV-2026-0001",
    "title": "A bathroom",
    "client": "Ada",
    "issuer": "Example Ltd",
    "pdf_url": "https://files.example/signed/invoice.pdf",
    "due_on": "2026-12-30",
}


class Inbox:
    """A real mail server in this process; `answers` says what it replies to the next mails."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answers: list[str] = []
        self.connections = 0
        self.port = 0
        self._changed = asyncio.Condition()
        self.hang_up: Callable[[], None] = lambda: None

    async def arrived(self, count: int) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.mails) >= count)

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802
        self.connections += 1
        self.hang_up = server.transport.close
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address.startswith("nobody@"):
            return "550 No such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer.startswith("250"):
            async with self._changed:
                self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
                self._changed.notify_all()
        return answer


@pytest.fixture
async def inbox() -> AsyncIterator[Inbox]:
    received = Inbox()
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(received, hostname="inbox.test", enable_SMTPUTF8=True), "127.0.0.1", 0
    )
    received.port = server.sockets[0].getsockname()[1]
    yield received
    server.close()


@pytest.fixture
async def notifier(build, inbox):
    return build(smtp_url=f"smtp://127.0.0.1:{inbox.port}?tls=off", mail_from="Atelier <studio@atelier.test>")


@pytest.fixture
async def send_all(notifier):
    """Tries everything that is due, at once."""
    connection = notifier.mailer.connect()

    async def send():
        while await notifier.mailer.send_next(connection):
            pass

    yield send
    await connection.close()


def _text(mail: EmailMessage) -> str:
    return mail.get_body(("plain",)).get_content()


def _html(mail: EmailMessage) -> str:
    return mail.get_body(("html",)).get_content()


@pytest.mark.parametrize("order", [("completed", "captured"), ("captured", "completed")])
async def test_work_ready_is_mailed_once_both_facts_are_known(notifier, inbox, facts, handle, send_all, order):
    job_id = new_id()
    await handle(notifier, facts.registered(), facts.submitted(job_id))
    await handle(notifier, getattr(facts, order[0])(job_id))
    await send_all()
    assert [mail["Subject"] for mail in inbox.mails] == ["Welcome to Atelier"]
    await handle(notifier, getattr(facts, order[1])(job_id))
    await handle(notifier, facts.captured(job_id), facts.completed(job_id))
    await send_all()
    await send_all()
    assert [mail["Subject"] for mail in inbox.mails[1:]] == ["Text to design: your work is ready"]
    link = f"https://studio.example/jobs/{to_text('job', job_id)}"
    assert link in _text(inbox.mails[1])
    assert f'href="{link}"' in _html(inbox.mails[1])
    assert "Charged: 5 credits" in _text(inbox.mails[1])
    assert inbox.connections == 1


async def test_failed_work_says_that_the_credits_are_back(notifier, inbox, facts, handle, send_all):
    job_id = new_id()
    await handle(notifier, facts.registered(locale="fr-CA"), facts.released(job_id), facts.failed(job_id))
    await send_all()
    (mail,) = [mail for mail in inbox.mails if "abouti" in mail["Subject"]]
    assert "Vos 5 crédits sont revenus sur votre compte." in _text(mail)
    assert mail["Content-Language"] == "fr"


async def test_cancelled_and_rejected_work_is_not_mailed(notifier, facts, handle, rows):
    job_id = new_id()
    await handle(notifier, facts.cancelled(job_id), facts.released(job_id), facts.refused(new_id()))
    assert await rows(notifier, "SELECT template FROM deliveries") == []


async def test_a_receipt_is_sent_once_and_its_sending_is_told(notifier, inbox, facts, handle, send_all, rows):
    purchase = facts.purchased()
    await handle(notifier, facts.registered(), purchase, traceparent=TRACE)
    await handle(notifier, purchase)
    await send_all()
    receipts = [mail for mail in inbox.mails if "receipt" in mail["Subject"]]
    assert [mail["Subject"] for mail in receipts] == ["Your receipt: 9.99\u00a0EUR"]
    told = await rows(notifier, "SELECT type, traceparent FROM outbox")
    assert [(row.type, row.traceparent[:35]) for row in told] == [("delivery.sent", TRACE[:35])] * 2
    stored = await rows(notifier, "SELECT status, message_id FROM deliveries")
    assert {row.status for row in stored} == {"sent"}
    assert {row.message_id for row in stored} == {mail["Message-ID"] for mail in inbox.mails}


async def test_one_registration_said_twice_is_welcomed_once(notifier, inbox, facts, handle, send_all):
    await handle(notifier, facts.registered())
    await handle(notifier, facts.registered("other@example.org"), facts.registered())
    await send_all()
    assert [mail["To"] for mail in inbox.mails] == ["ada@example.org"]


async def test_a_mail_waits_for_its_recipient(notifier, inbox, facts, handle, send_all):
    await handle(notifier, facts.purchased())
    await send_all()
    assert inbox.mails == []
    await handle(notifier, facts.registered("grace@example.org"))
    await send_all()
    assert [mail["To"] for mail in inbox.mails] == ["grace@example.org"] * 2


async def test_a_sender_wakes_after_the_commit(notifier, inbox, facts, handle):
    sender = asyncio.create_task(notifier.mailer.run_sender())
    await asyncio.sleep(0.1)
    await handle(notifier, facts.registered())
    async with asyncio.timeout(0.7):
        await inbox.arrived(1)
    await notifier.mailer.drain()
    await asyncio.wait_for(sender, 2)


async def test_two_senders_send_each_mail_once(notifier, build, inbox, facts, handle):
    makers = [type(facts)() for _ in range(15)]
    await handle(notifier, *(maker.registered() for maker in makers))
    senders = [asyncio.create_task(notifier.mailer.run_sender()) for _ in range(3)]
    async with asyncio.timeout(5):
        await inbox.arrived(15)
    await notifier.mailer.drain()
    await asyncio.gather(*senders)
    assert len({mail["Message-ID"] for mail in inbox.mails}) == len(inbox.mails) == 15


async def test_a_passing_refusal_is_tried_again_with_the_same_id(notifier, inbox, facts, handle, send_all, rows):
    inbox.answers = ["451 Try again later"]
    await handle(notifier, facts.registered())
    await send_all()
    (row,) = await rows(
        notifier, "SELECT status, attempts, error, next_try_at - now() AS pause, delivery_id FROM deliveries"
    )
    assert (row.status, row.attempts) == ("pending", 1)
    assert "451" in row.error
    assert timedelta(seconds=3) < row.pause <= timedelta(seconds=5)
    await rows(notifier, "UPDATE deliveries SET next_try_at = now() RETURNING 1")
    await send_all()
    assert [mail["Message-ID"] for mail in inbox.mails] == [f"<{row.delivery_id}@atelier.test>"]


async def test_gives_up_after_a_day(notifier, inbox, facts, handle, send_all, rows):
    inbox.answers = ["451 Try again later"]
    await handle(notifier, facts.registered())
    await rows(notifier, "UPDATE deliveries SET created_at = now() - interval '25 hours' RETURNING 1")
    await send_all()
    (row,) = await rows(notifier, "SELECT status FROM deliveries")
    assert row.status == "failed"


@pytest.mark.parametrize("address", ["nobody@example.org", "not an address", "a@b\nBcc: x@y"])
async def test_a_recipient_that_cannot_be_reached_fails_for_good(
    notifier, inbox, facts, handle, send_all, rows, address
):
    await handle(notifier, facts.registered(address), type(facts)().registered())
    await send_all()
    stored = await rows(notifier, "SELECT status, recipient FROM deliveries ORDER BY status")
    assert [(row.status, row.recipient) for row in stored] == [
        ("failed", address),
        ("sent", "ada@example.org"),
    ]
    assert [mail["To"] for mail in inbox.mails] == ["ada@example.org"]
    assert inbox.mails[0]["Bcc"] is None


async def test_a_refused_content_fails_for_good(notifier, inbox, facts, handle, send_all, rows):
    inbox.answers = ["554 No"]
    await handle(notifier, facts.registered())
    await send_all()
    (row,) = await rows(notifier, "SELECT status, error FROM deliveries")
    assert (row.status, "554" in row.error) == ("failed", True)


async def test_a_missing_server_costs_no_mail(build, facts, handle, rows, unused_tcp_port):
    notifier = build(smtp_url=f"smtp://127.0.0.1:{unused_tcp_port}?tls=off")
    await handle(notifier, facts.registered())
    assert await notifier.mailer.send_next(notifier.mailer.connect()) is False
    (row,) = await rows(notifier, "SELECT status, error FROM deliveries")
    assert row.status == "pending"
    assert "ConnectError" in row.error


async def test_a_dead_senders_mail_is_taken_over_after_its_lease(notifier, inbox, facts, handle, send_all, rows):
    await handle(notifier, facts.registered())
    await rows(
        notifier,
        "UPDATE deliveries SET status = 'sending', attempts = 1, next_try_at = now() + interval '1 minute' RETURNING 1",
    )
    await send_all()
    assert inbox.mails == []
    await rows(notifier, "UPDATE deliveries SET next_try_at = now() RETURNING 1")
    await send_all()
    assert len(inbox.mails) == 1


async def test_a_connection_that_died_is_replaced(notifier, inbox, facts, handle):
    connection = notifier.mailer.connect()
    for _ in range(2):
        await handle(notifier, type(facts)().registered())
        assert await notifier.mailer.send_next(connection)
        inbox.hang_up()
        await asyncio.sleep(0.05)
    await connection.close()
    assert (len(inbox.mails), inbox.connections) == (2, 2)


def _delivery(template: str, locale: str, **context: object) -> Delivery:
    return Delivery(
        delivery_id=new_id(), account_id=new_id(), job_id=None, template=template, recipient="ada@example.org",
        locale=locale, context=CONTEXT | context, traceparent=None, attempts=1, created_at=now(),
        buyer=template.startswith("order_"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    secrets = [SecretStr("a secret of links")]
    return Renderer("Atelier <studio@atelier.test>", "https://studio.example/", "/jobs/{job}", secrets)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("template", TEMPLATES)
def test_every_mail_has_text_and_html_in_its_language(renderer, template, locale):
    rendered = bytes(renderer.render(_delivery(template, locale), now()))
    mail = email.message_from_bytes(rendered, policy=email.policy.default)
    assert mail["Subject"].strip()
    assert f'<html lang="{locale}">' in _html(mail)
    assert "<h1" in _html(mail)
    assert "<img" not in _html(mail)
    assert "{" not in _text(mail)
    assert ("automatiquement" in _text(mail)) == (locale == "fr")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert all(len(line) <= 998 for line in rendered.splitlines())


def test_values_are_escaped_in_html_and_plain_in_text(renderer):
    mail = renderer.render(_delivery("purchase_receipt", "en", product="<script>alert(1)</script> & co"), now())
    assert "<script>" not in _html(mail)
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in _html(mail)
    assert "<script>alert(1)</script> & co" in _text(mail)


def test_a_line_break_never_reaches_a_header(renderer):
    with pytest.raises(ValueError, match=r"linefeed|newline|header"):
        renderer.render(_delivery("work_ready", "en", kind="x\r\nBcc: victim@example.org"), now())


def test_a_missing_value_is_an_error_and_no_gap(renderer):
    delivery = _delivery("work_ready", "en")
    del delivery.context["charged_credits"]
    with pytest.raises(UndefinedError):
        renderer.render(delivery, now())


@pytest.mark.parametrize("text", ["", "nobody", "a@", "@b", "a@b c", "x\n@y", "a@b\r\nBcc: c@d"])
def test_refuses_senders_that_are_no_addresses(text):
    with pytest.raises(UnusableAddressError):
        Renderer(text, "https://studio.example", "/jobs/{job}")


@pytest.mark.parametrize(
    ("amount", "currency", "locale", "shown"),
    [
        (999, "EUR", "en", "9.99\u00a0EUR"),
        (999, "EUR", "fr", "9,99\u00a0EUR"),
        (5, "USD", "en", "0.05\u00a0USD"),
        (500, "JPY", "fr", "500\u00a0JPY"),
        (1500, "KWD", "en", "1.500\u00a0KWD"),
        (-250, "EUR", "en", "-2.50\u00a0EUR"),
    ],
)
def test_money_reads_as_people_write_it(amount, currency, locale, shown):
    assert money(amount, currency, locale) == shown


def test_languages_fall_back_to_english():
    assert [locale_of(tag) for tag in ("fr", "FR_ca", "fr-BE", "en-GB", "de", "", "frr")] == [
        "fr", "fr", "fr", "en", "en", "en", "en",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("url", "port", "tls"),
    [
        ("smtp://mail.test", 25, "off"),
        ("smtp://u:p%40ss@mail.test:2525", 2525, "starttls"),
        ("smtp://mail.test:587", 587, "starttls"),
        ("smtp://mail.test:465", 465, "implicit"),
        ("smtps://mail.test", 465, "implicit"),
        ("smtp://u:p@mail.test:8025?tls=off", 8025, "off"),
        ("smtp://mail.test?tls=starttls", 587, "starttls"),
    ],
)
def test_reads_smtp_addresses(url, port, tls):
    address = parse_smtp_url(url)
    assert (address.host, address.port, address.tls) == ("mail.test", port, tls)
    assert address.password in (None, "p", "p@ss")


@pytest.mark.parametrize(
    "url", ["http://mail.test", "smtp://", "smtp://mail.test?tls=maybe", "smtp://m?x=1", "smtp://m/x"]
)
def test_refuses_other_smtp_addresses(url):
    with pytest.raises(ValueError, match=r"must"):
        parse_smtp_url(url)
