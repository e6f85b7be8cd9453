"""Real SMTP clients against the inbox."""

import asyncio
import smtplib
from email.message import EmailMessage

import aiosmtplib
import pytest

from sandbox.client import SandboxClient
from sandbox.server import SandboxServer


def _mail(subject: str = "Your book is ready", message_id: str = "<1@studio.test>") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = "Studio <studio@studio.test>", "anna@example.com"
    message["Subject"], message["Message-ID"] = subject, message_id
    message.set_content("Voilà: https://studio.test/1")
    message.add_alternative("<p>Voilà</p><script>alert(1)</script>", subtype="html")
    message.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="book.pdf")
    return message


async def _send(server: SandboxServer, message: EmailMessage, **more: str) -> None:
    host, port = server.smtp_address
    await aiosmtplib.send(message, hostname=host, port=port, timeout=5, **more)  # type: ignore[arg-type]


async def test_keeps_what_was_sent(server: SandboxServer, control: SandboxClient) -> None:
    await _send(server, _mail())
    (mail,) = await control.inbox(to="Anna@example.com", subject="BOOK")
    assert mail["message_id"] == "<1@studio.test>"
    assert mail["from"] == "Studio <studio@studio.test>"
    assert mail["to"] == ["anna@example.com"]
    assert mail["text"].startswith("Voilà")
    assert mail["html"].startswith("<p>Voilà</p>")
    assert mail["attachments"] == [{"filename": "book.pdf", "content_type": "application/pdf", "size": 5}]
    assert (await control.http.get(f"/sandbox/inbox/{mail['id']}")).json() == mail
    assert await control.inbox(to="somebody@example.com") == []


async def test_counts_a_mail_that_comes_again(server: SandboxServer, control: SandboxClient) -> None:
    for _ in range(3):
        await _send(server, _mail())
    await _send(server, _mail(message_id="<2@studio.test>"))
    assert sorted(mail["duplicates"] for mail in await control.inbox()) == [0, 2]


async def test_takes_any_login_and_the_standard_library(server: SandboxServer, control: SandboxClient) -> None:
    await _send(server, _mail(), username="anna", password="secret")

    def send() -> None:
        with smtplib.SMTP(*server.smtp_address, timeout=5) as client:
            client.send_message(_mail("second", "<2@studio.test>"))

    await asyncio.to_thread(send)
    assert [mail["subject"] for mail in await control.inbox()] == ["second", "Your book is ready"]


@pytest.mark.parametrize("code", [451, 550])
async def test_refuses_with_the_scripted_code_once(server: SandboxServer, control: SandboxClient, code: int) -> None:
    await control.fault("smtp", "message", {"smtp_code": code})
    with pytest.raises(aiosmtplib.SMTPDataError) as caught:
        await _send(server, _mail())
    assert caught.value.code == code
    assert await control.inbox() == []
    await _send(server, _mail())
    statuses = [record["status"] for record in await control.requests("smtp", "message")]
    assert statuses == [code, 250]


async def test_refuses_a_recipient(server: SandboxServer, control: SandboxClient) -> None:
    await control.fault("smtp", "rcpt", {"smtp_code": 550})
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
        await _send(server, _mail())


async def test_hangs_up_in_the_middle(server: SandboxServer, control: SandboxClient) -> None:
    await control.fault("smtp", "message", {"disconnect": True})
    with pytest.raises((aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPDataError)):
        await _send(server, _mail())
    assert await control.inbox() == []


async def test_refuses_a_mail_over_the_limit(server: SandboxServer) -> None:
    message = _mail()
    message.add_attachment(b"x" * 9_000_000, maintype="image", subtype="png", filename="a.png")
    with pytest.raises(aiosmtplib.SMTPException) as caught:
        await _send(server, message)
    assert "552" in str(caught.value) or "size" in str(caught.value).lower()


async def test_page_shows_mails_and_runs_no_script(server: SandboxServer, control: SandboxClient) -> None:
    await _send(server, _mail("<b>Hello</b>"))
    page = await control.http.get("/sandbox/inbox.html")
    assert "&lt;b&gt;Hello&lt;/b&gt;" in page.text
    assert "<script>" not in page.text
    assert page.headers["content-security-policy"] == "script-src 'none'"
