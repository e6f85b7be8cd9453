"""A mail has one sender, one recipient and links to us only, whatever people call themselves and their work."""

from html.parser import HTMLParser

import pytest
from pydantic import SecretStr

from common.clock import now
from common.ids import new_id
from notifier.mail.rendering import Renderer, UnusableAddressError
from notifier.mail.rules import LOCALES, TEMPLATES
from notifier.mail.storage import Delivery

from .test_mail import CONTEXT

SENDER = "Atelier <studio@atelier.test>"
HOSTILE = '"><a href="https://evil.example">click</a> {{ 7 * 7 }} {% raw %} javascript:alert(1)'
OURS = {"currency", "paid_at", "pay_until", "next_try_at", "grace_until", "pay_url", "pdf_url", "due_on", "expire_on"}
"""No text of anybody's: codes, dates, the addresses of payment pages and of stored files."""


class Targets(HTMLParser):
    """What a mail would load or lead to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.tags: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.found |= {value or "" for name, value in attrs if name in ("href", "src", "action", "background")}
        assert not any(name.startswith("on") for name, _ in attrs), tag


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(SENDER, "https://studio.example", "/jobs/{job}", [SecretStr("a secret of links")])


def delivery(template: str, locale: str = "en", recipient: str = "ada@example.org", **context: object) -> Delivery:
    return Delivery(
        delivery_id=new_id(), account_id=new_id(), job_id=None, template=template, recipient=recipient,
        locale=locale, context=CONTEXT | context, traceparent=None, attempts=1, created_at=now(),
        buyer=template.startswith("order_"),
    )  # fmt: skip


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("template", TEMPLATES)
def test_every_target_is_ours_and_user_text_stays_text(renderer, template, locale):
    texts = {name: HOSTILE for name, value in CONTEXT.items() if isinstance(value, str) and name not in OURS}
    mail = renderer.render(delivery(template, locale, **texts), now())

    mailed = Targets(mail.get_body(("html",)).get_content())
    assert all(
        target.startswith(("https://studio.example", CONTEXT["pay_url"], CONTEXT["pdf_url"])) for target in mailed.found
    )
    assert not mailed.tags & {"script", "img", "iframe", "form", "object", "base"}
    assert "49 " not in mail.get_body(("plain",)).get_content(), "a template inside a text was rendered"
    assert [str(mail[name]) for name in ("From", "To")] == [SENDER, "ada@example.org"]
    assert mail["Reply-To"] is mail["Cc"] is mail["Bcc"] is mail["Sender"] is None


@pytest.mark.parametrize(
    "recipient",
    [
        "a@b.test, c@d.test",
        "a@b.test c@d.test",
        "a@b.test\r\nBcc: c@d.test",
        "a@b.test\nBcc: c@d.test",
        "a@b.test\0",
        "<a@b.test>, <c@d.test>",
        "undisclosed: a@b.test, c@d.test;",
        "a@b@c.test",
        "",
    ],
)
def test_a_recipient_that_is_not_one_address_gets_nothing(renderer, recipient):
    with pytest.raises((UnusableAddressError, ValueError)):
        renderer.render(delivery("work_ready", recipient=recipient), now())


def test_bytes_on_the_wire_hold_one_recipient(renderer):
    raw = bytes(renderer.render(delivery("work_ready", kind="x" * 200), now()))

    head = raw.partition(b"\r\n\r\n")[0].lower()
    assert head.count(b"\r\nto:") == 1
    assert b"bcc" not in head
    assert b"\n" not in head.replace(b"\r\n", b"")
