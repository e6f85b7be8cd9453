"""The SMTP side: accepts every mail, or refuses it when a fault says so."""

import asyncio
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from sandbox.faults.kinds import DelayFault, DisconnectFault, SmtpFault
from sandbox.faults.registry import FaultRegistry
from sandbox.inbox.mailbox import Mailbox, read_mail
from sandbox.journal.record import Journal
from sandbox.operations import Operation, Vendor

_ACCEPTED = "250 2.0.0 OK: kept in the sandbox"


class InboxHandler:
    """What aiosmtpd calls for each recipient and each message."""

    def __init__(self, mailbox: Mailbox, faults: FaultRegistry, journal: Journal) -> None:
        self._mailbox = mailbox
        self._faults = faults
        self._journal = journal

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """A recipient is named."""
        refused = await self._struck(server, Operation.MAIL_RCPT)
        if refused is not None:
            return refused
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """A message is complete."""
        record = self._journal.begin(Vendor.SMTP, Operation.MAIL_MESSAGE, "DATA", envelope.mail_from or "")
        record.body = {"to": list(envelope.rcpt_tos)}
        refused = await self._struck(server, Operation.MAIL_MESSAGE)
        if refused is not None:
            record.status = int(refused[:3])
            return refused
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        record.body_bytes = len(raw)
        mail = await asyncio.to_thread(read_mail, raw, list(envelope.rcpt_tos))
        self._mailbox.put(mail)
        record.body |= {"message_id": mail.message_id, "subject": mail.subject}
        record.status = 250
        return _ACCEPTED

    async def _struck(self, server: SMTP, operation: Operation) -> str | None:
        taken = self._faults.take(Vendor.SMTP, operation)
        match taken[1] if taken else None:
            case SmtpFault(smtp_code=code, message=message):
                return f"{code} {code // 100}.3.0 {message}"
            case DelayFault(delay_seconds=seconds):
                await asyncio.sleep(seconds)
            case DisconnectFault():
                if isinstance(server.transport, asyncio.Transport):
                    server.transport.abort()
                return "421 4.3.2 closing"
        return None


def _accept(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=True)


def smtp_protocol(handler: InboxHandler, bytes_max: int) -> SMTP:
    """One connection's protocol, for `loop.create_server`; any user and password are right."""
    return SMTP(
        handler,
        data_size_limit=bytes_max,
        enable_SMTPUTF8=True,
        hostname="sandbox.localhost",
        ident="sandbox",
        timeout=60,
        auth_require_tls=False,
        authenticator=_accept,
        loop=asyncio.get_running_loop(),
    )
