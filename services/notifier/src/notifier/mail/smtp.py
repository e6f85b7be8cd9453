"""One connection to a mail server, kept from mail to mail, its answers sorted into three kinds.

MailRefusedError      the server does not want this mail or this recipient (5xx): trying again changes nothing
MailDelayedError      it may work later (4xx, no connection, a misconfiguration of ours)
  └── ServerAwayError   nothing was said about the mail at all; others would fare no better now
"""

import asyncio
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlsplit

import aiosmtplib

Tls = Literal["starttls", "implicit", "off"]

COMMAND_SECONDS_MAX = 10.0
MAIL_SECONDS_MAX = 30.0
IDLE_SECONDS_MAX = 20.0
SURELY_ALIVE_SECONDS = 1.0
NOOP_SECONDS_MAX = 2.0
QUIT_SECONDS_MAX = 1.0
ERROR_LENGTH_MAX = 300
_PORTS: dict[Tls, int] = {"starttls": 587, "implicit": 465, "off": 25}


class MailRefusedError(Exception):
    """The server refused the mail for good."""


class MailDelayedError(Exception):
    """The mail was not taken, and may be taken later."""


class ServerAwayError(MailDelayedError):
    """There is no working mail server at the moment."""


@dataclass(frozen=True, slots=True)
class SmtpAddress:
    """Where and how to hand in mail."""

    host: str
    port: int
    tls: Tls
    username: str | None = None
    password: str | None = None


def parse_smtp_url(url: str) -> SmtpAddress:
    """`smtp://[user:pass@]host[:port][?tls=starttls|implicit|off]`; `smtps://` is TLS from the first byte.

    Without `tls`, STARTTLS is required wherever a password is sent and on port 587; plain on other ports.

    Raises:
        ValueError: another scheme, no host, or an unknown option.
    """
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    tls = options.pop("tls", None)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or options or parts.path not in {"", "/"}:
        raise ValueError("must look like smtp://user:password@host:port?tls=starttls")
    chosen = _tls(tls or ("implicit" if parts.scheme == "smtps" else None), parts.port, bool(parts.username))
    return SmtpAddress(
        host=parts.hostname,
        port=parts.port or _PORTS[chosen],
        tls=chosen,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


def _tls(named: str | None, port: int | None, with_password: bool) -> Tls:
    if named is None:
        if port == _PORTS["implicit"]:
            return "implicit"
        return "starttls" if with_password or port == _PORTS["starttls"] else "off"
    if named in ("starttls", "implicit", "off"):
        return named  # type: ignore[return-value]  # mypy does not narrow a str by membership
    raise ValueError("tls must be starttls, implicit or off")


class SmtpConnection:
    """Hands in one mail after the other. Used by one task at a time.

    Args:
        hello_name: how to introduce ourselves (EHLO); the sender's domain.
    """

    def __init__(self, address: SmtpAddress, hello_name: str) -> None:
        self._address = address
        self._hello_name = hello_name
        self._client: aiosmtplib.SMTP | None = None
        self._used_at = 0.0

    async def send(self, message: EmailMessage) -> None:
        """Hand in a mail.

        Raises:
            MailRefusedError: for good.
            ServerAwayError: no server, or one that does not take us.
            MailDelayedError: for now.
        """
        client = await self._connected()
        try:
            async with asyncio.timeout(MAIL_SECONDS_MAX):
                await client.send_message(message)
        except (aiosmtplib.SMTPException, TimeoutError, OSError) as error:
            await self.close()
            raise _sorted(error) from error
        self._used_at = asyncio.get_running_loop().time()

    async def close(self) -> None:
        """Leave the server; it may be gone already."""
        client, self._client = self._client, None
        if client is None or not client.is_connected:
            return
        try:
            async with asyncio.timeout(QUIT_SECONDS_MAX):
                await client.quit()
        except (aiosmtplib.SMTPException, TimeoutError, OSError):
            client.close()

    async def close_if_idle(self) -> None:
        """Leave the server when no mail went out for a while, before it throws us out."""
        if self._idle_seconds() > IDLE_SECONDS_MAX:
            await self.close()

    def _idle_seconds(self) -> float:
        return 0.0 if self._client is None else asyncio.get_running_loop().time() - self._used_at

    async def _connected(self) -> aiosmtplib.SMTP:
        await self.close_if_idle()
        if self._client is not None and await self._answers(self._client):
            return self._client
        await self.close()
        address = self._address
        client = aiosmtplib.SMTP(
            hostname=address.host,
            port=address.port,
            username=address.username,
            password=address.password,
            local_hostname=self._hello_name,
            use_tls=address.tls == "implicit",
            start_tls=address.tls == "starttls",
            tls_context=None if address.tls == "off" else ssl.create_default_context(),
            timeout=COMMAND_SECONDS_MAX,
        )
        try:
            async with asyncio.timeout(MAIL_SECONDS_MAX):
                await client.connect()
        except (aiosmtplib.SMTPException, TimeoutError, OSError) as error:
            client.close()
            raise ServerAwayError(repr(error)[:ERROR_LENGTH_MAX]) from error
        self._client = client
        self._used_at = asyncio.get_running_loop().time()
        return client

    async def _answers(self, client: aiosmtplib.SMTP) -> bool:
        """Whether a kept connection still works; asked before a mail, so that a dead one costs no try."""
        if self._idle_seconds() < SURELY_ALIVE_SECONDS:
            return client.is_connected
        try:
            await client.noop(timeout=NOOP_SECONDS_MAX)
        except (aiosmtplib.SMTPException, TimeoutError, OSError):
            return False
        return True


def _sorted(error: Exception) -> Exception:
    match error:
        case aiosmtplib.SMTPRecipientsRefused():
            text = "; ".join(f"{refusal.code} {refusal.message}" for refusal in error.recipients)
            permanent = all(refusal.code >= 500 for refusal in error.recipients)
        case aiosmtplib.SMTPDataError() | aiosmtplib.SMTPRecipientRefused():
            text = f"{error.code} {error.message}"
            permanent = error.code >= 500
        case aiosmtplib.SMTPNotSupported():
            text, permanent = error.message, True
        case aiosmtplib.SMTPResponseException():
            text, permanent = f"{error.code} {error.message}", False
        case _:
            return ServerAwayError(repr(error)[:ERROR_LENGTH_MAX])
    return (MailRefusedError if permanent else MailDelayedError)(text[:ERROR_LENGTH_MAX])
