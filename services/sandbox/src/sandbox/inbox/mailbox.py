"""Received mails, parsed and bounded; a mail that arrives again is counted, not kept twice."""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

_BYTES_KEPT_MAX = 64 * 1024 * 1024


@dataclass(slots=True)
class Mail:
    """One mail as its reader sees it; attachments by name and size only."""

    message_id: str
    sender: str
    recipients: list[str]
    subject: str
    text: str
    html: str
    headers: dict[str, str]
    attachments: list[dict[str, Any]]
    size: int
    id: str = ""
    received_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    duplicates: int = 0

    def as_json(self) -> dict[str, Any]:
        """The mail as the API shows it."""
        return {
            "id": self.id,
            "message_id": self.message_id,
            "from": self.sender,
            "to": self.recipients,
            "subject": self.subject,
            "text": self.text,
            "html": self.html,
            "headers": self.headers,
            "attachments": self.attachments,
            "size": self.size,
            "received_at": self.received_at.isoformat(),
            "duplicates": self.duplicates,
        }


def read_mail(content: bytes, recipients: list[str]) -> Mail:
    """Parses a message; `recipients` are the envelope's."""
    message = message_from_bytes(content, policy=default)
    headers = {name: str(value) for name, value in message.items()}
    attachments = [
        {
            "filename": part.get_filename(),
            "content_type": part.get_content_type(),
            "size": len(part.get_payload(decode=True) or b""),
        }
        for part in message.iter_attachments()
    ]
    return Mail(
        message_id=str(message.get("Message-ID", "")).strip(),
        sender=str(message.get("From", "")),
        recipients=recipients,
        subject=str(message.get("Subject", "")),
        text=_body(message, "plain"),
        html=_body(message, "html"),
        headers=headers,
        attachments=attachments,
        size=len(content),
    )


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part is not None else ""


class Mailbox:
    """The last mails, oldest dropped."""

    def __init__(self, kept_max: int) -> None:
        self._kept_max = kept_max
        self._mails: OrderedDict[str, Mail] = OrderedDict()
        self._count = 0

    def put(self, mail: Mail) -> Mail:
        """Files a mail; the same Message-ID to the same recipients raises the first one's `duplicates`."""
        for known in self._mails.values():
            same = known.message_id and known.message_id == mail.message_id
            if same and known.recipients == mail.recipients:
                known.duplicates += 1
                return known
        self._count += 1
        mail.id = f"mail_{self._count}"
        self._mails[mail.id] = mail
        while len(self._mails) > self._kept_max or self._weight() > _BYTES_KEPT_MAX:
            self._mails.popitem(last=False)
        return mail

    def _weight(self) -> int:
        return sum(len(mail.text) + len(mail.html) for mail in self._mails.values())

    def find(self, to: str | None = None, subject: str | None = None) -> list[Mail]:
        """Mails to an address whose subject contains a text, newest first; case does not matter."""
        found = []
        for mail in reversed(self._mails.values()):
            if to and to.lower() not in (address.lower() for address in mail.recipients):
                continue
            if subject and subject.lower() not in mail.subject.lower():
                continue
            found.append(mail)
        return found

    def get(self, mail_id: str) -> Mail | None:
        """A mail by id."""
        return self._mails.get(mail_id)

    def clear(self) -> None:
        """Forgets all mails."""
        self._mails.clear()
