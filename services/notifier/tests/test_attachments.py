"""Files that go along with mails: fetched when the mail is sent, left out where they are too large or away."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from fastapi import FastAPI, Response

from common.http.server import EmbeddedServer

from .test_mail import inbox, send_all
from .test_order_mail import Sale

__all__ = ["inbox", "send_all"]

PDF = b"%PDF-1.4\n" + bytes(range(256)) * 400


@pytest.fixture
async def files() -> AsyncIterator[str]:
    """Where finished files lie."""
    app = FastAPI()

    @app.get("/{status}/{name}")
    async def file(status: int, name: str) -> Response:
        return Response(PDF, status_code=status, media_type="application/pdf")

    server = EmbeddedServer(app, "127.0.0.1", 0)
    await server.start()
    yield f"http://127.0.0.1:{server.port}"
    await server.stop(1)


@pytest.fixture
async def notifier(build: Callable[..., Any], inbox: Any) -> Any:
    return build(
        smtp_url=f"smtp://127.0.0.1:{inbox.port}?tls=off", mail_from="Atelier <studio@atelier.test>",
        file_hosts=("127.0.0.1",), attachment_bytes_max=len(PDF),
    )  # fmt: skip


def made(sale: Sale, **file: Any) -> list[Any]:
    done, charged = sale.made()
    described = {"id": "x/book.pdf", "media_type": "application/pdf", "size_bytes": len(PDF), "mailed": True, **file}
    return [done.model_copy(update={"result": {"title": "A book", "pdf": described}}), charged]


@pytest.mark.parametrize("order", ["outcome first", "charge first"])
async def test_a_small_file_goes_along_with_the_mail_that_links_to_it(notifier, inbox, handle, send_all, files, order):
    sale = Sale()
    await handle(notifier, sale.paid(), sale.held())
    facts = made(sale, url=f"{files}/200/book.pdf")
    for fact in facts if order == "outcome first" else facts[::-1]:
        await handle(notifier, fact)
    await send_all()

    mail = inbox.mails[-1]
    (attached,) = mail.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == ("text-to-design.pdf", "application/pdf")
    assert attached.get_content() == PDF
    assert "attached as well" in mail.get_body(("plain",)).get_content()
    assert "attached as well" in mail.get_body(("html",)).get_content()


@pytest.mark.parametrize(
    ("status", "change"),
    [(200, {"size_bytes": len(PDF) + 1}), (200, {"size_bytes": 10, "media_type": "text/html"}), (404, {}),
     (200, {"mailed": False}), (500, {})],
)  # fmt: skip
async def test_what_is_too_large_or_away_or_nobodys_business_is_only_linked(
    notifier, inbox, handle, send_all, files, status, change
):
    sale = Sale("fr")
    await handle(notifier, sale.paid(), sale.held(), *made(sale, **{"url": f"{files}/{status}/book.pdf", **change}))
    await send_all()

    mail = inbox.mails[-1]
    assert list(mail.iter_attachments()) == []
    assert "pièce jointe" not in mail.get_body(("plain",)).get_content()
    assert "/orders/" in mail.get_body(("plain",)).get_content()


async def test_a_file_longer_than_was_said_is_not_attached(notifier, inbox, handle, send_all, files):
    notifier.mailer._attachments._bytes_max = len(PDF) - 1
    sale = Sale()
    file = {"url": f"{files}/200/book.pdf", "size_bytes": 10}
    await handle(notifier, sale.paid(), sale.held(), *made(sale, **file))
    await send_all()

    assert list(inbox.mails[-1].iter_attachments()) == []
